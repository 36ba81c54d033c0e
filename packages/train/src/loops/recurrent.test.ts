/** Policies with memory through the whole of training: collection, replay, imitation, evaluation, use, resume. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cueRecall } from '@reprise/diagnostic'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TrainOptions } from '../config/resolve.ts'
import { evaluate, loadAgent } from '../load-agent.ts'
import { resume } from '../resume.ts'
import { rowsOf } from '../testing/kill.ts'
import { train } from '../train.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-recurrent-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const quick = { hidden: [16], evalEvery: 0, finalEpisodes: 40, tensorboard: false, checkpointEvery: 0 }
const gru = { policy: 'gru', memorySize: 16 }
const run = (name: string, options: Partial<TrainOptions>, set: object) =>
  train({ algo: 'grpo', env: 'CueRecall-v0', seed: 1, out: join(root, name), ...options, set: { ...quick, ...set } })
const last = (folder: string) => rowsOf(folder, 'metrics.jsonl').at(-1) as Record<string, number>

/** What the environment shows of a seed: the cue, numbered from 1. */
function cueOf(seed: number): number {
  return (cueRecall.make().reset({ seed }) as { observation: number }).observation
}

describe('GRPO on a task of memory', () => {
  const set = { groups: 8, groupSize: 8, learningRate: 5e-3 }

  it('is learned with a GRU and not without, and the loaded agent remembers too', async () => {
    const { result, folder } = await run('gru', { steps: 16_000 }, { ...set, ...gru })
    expect(result!.score).toBe(1)
    const plain = await run('mlp', { steps: 16_000 }, set)
    // One of four, give or take: 40 episodes.
    expect(plain.result!.score).toBeLessThan(0.5)

    expect(await evaluate(folder)).toMatchObject({ meanReward: 1, returns: result!.returns })
    const agent = await loadAgent<number, number>(folder)
    const play = async (seed: number) => {
      const cue = cueOf(seed)
      let action = -1
      for (const seen of [cue, 0, 0, 0, 0, 5]) action = await agent.decide(seen)
      return action === cue - 1
    }
    for (let seed = 0; seed < 8; seed++) {
      agent.reset()
      expect(await play(seed)).toBe(true)
    }
    agent.dispose()
  })

  it('resumes as if it had not been stopped', async () => {
    const whole = await run('whole', { steps: 3000 }, { ...set, ...gru, klCoef: 0.01 })
    const half = await run('half', { steps: 1500 }, { ...set, ...gru, klCoef: 0.01 })
    const resumed = await resume(half.folder, { steps: 3000 })
    expect(resumed.result!.parameterHash).toBe(whole.result!.parameterHash)
  })

  it('refuses episodes that are too long, and memory that nothing reads', async () => {
    await expect(run('long', { steps: 100, env: 'CartPole-v1' }, gru)).rejects.toMatchObject({
      code: 'RPR_OPTION_CONFLICT',
      hint: expect.stringContaining('maxEpisodeSteps'),
    })
    await expect(run('inert', { steps: 100 }, { memorySize: 8 })).rejects.toMatchObject({ code: 'RPR_OPTION_INERT' })
  })
})

describe('ARPO with a GRU', () => {
  it('puts stored successes into groups, scored as the policy of now would have played them', async () => {
    const set = { ...gru, groups: 4, groupSize: 4, tasks: '6', learningRate: 5e-3, epochs: 1, minibatches: 1 }
    const { folder, result } = await run(
      'arpo',
      { algo: 'arpo', env: 'HiddenSequence-v0', envOptions: { length: 2, moves: 3, tasks: 6 }, steps: 6000 },
      set,
    )
    const rows = rowsOf(folder, 'metrics.jsonl') as Record<string, number>[]
    expect(rows.reduce((sum, row) => sum + row['replay/groups_rescued']!, 0)).toBeGreaterThan(5)
    // One update per batch: every ratio is 1, replayed steps included.
    for (const row of rows) expect(Math.abs(row['train/approx_kl'] ?? 0)).toBeLessThan(1e-6)
    expect(result!.score).toBeGreaterThan(0.6)
    const half = await run(
      'arpo-half',
      { algo: 'arpo', env: 'HiddenSequence-v0', envOptions: { length: 2, moves: 3, tasks: 6 }, steps: 1000 },
      set,
    )
    const resumed = await resume(half.folder, { steps: 6000 })
    expect(resumed.result!.parameterHash).toBe(result!.parameterHash)
  })
})

describe('BC with a GRU', () => {
  it('imitates what only memory explains, and its policy is a base for ARPO', async () => {
    const episodes = join(root, 'episodes.yaml')
    const lines = Array.from({ length: 24 }, (_, seed) => {
      const cue = cueOf(seed) - 1
      return `- {seed: ${seed}, actions: [${Array.from({ length: 6 }, () => cue)}]}\n`
    })
    writeFileSync(episodes, lines.join(''))
    const set = { episodes, learningRate: 0.01 }
    const base = await run('bc', { algo: 'bc', steps: 12_000 }, { ...set, ...gru })
    expect(last(base.folder)['train/agreement']).toBeGreaterThan(0.99)
    expect(base.result!.score).toBe(1)
    const more = { algo: 'arpo', initFrom: base.folder, steps: 24 }
    const still = { ...gru, groups: 2, groupSize: 2, minibatches: 1, learningRate: 1e-30 }
    expect((await run('from', more, still)).result!.score).toBe(1)
    await expect(run('other', more, { ...still, policy: 'mlp', memorySize: 64 })).rejects.toMatchObject({
      code: 'RPR_STATE_MISMATCH',
      message: expect.stringContaining("option 'policy'"),
    })
  })
})

describe('PPO with a GRU', () => {
  const sizes = { numEnvs: 16, numSteps: 16, batchSize: 64, epochs: 4 }
  const set = { ...gru, ...sizes, learningRate: 5e-3, gamma: 0.9, entropyCoef: 0.01 }

  it('learns the task of memory, and resumes in the middle of what it remembers', async () => {
    const whole = await run('ppo', { algo: 'ppo', steps: 16_384 }, set)
    expect(whole.result!.score).toBeGreaterThan(0.9)
    const more = await run('ppo-more', { algo: 'ppo', steps: 3072 }, set)
    const half = await run('ppo-half', { algo: 'ppo', steps: 2048 }, set)
    const resumed = await resume(half.folder, { steps: 3072 })
    expect(resumed.result!.parameterHash).toBe(more.result!.parameterHash)
  })
})
