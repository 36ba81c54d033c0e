import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { box, defineEnv, discrete } from '@reprise/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { evaluate, loadAgent } from './load-agent.ts'
import { readEventFile } from './reporting/index.ts'
import { resume } from './resume.ts'
import { listCheckpoints } from './run/checkpoint.ts'
import type { RunConfig } from './run/run-folder.ts'
import { train } from './train.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-train-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Walk right to the end of a corridor: what a policy learns within seconds. */
const corridor = defineEnv({
  id: 'Corridor-v0',
  maxEpisodeSteps: 20,
  observationSpace: box({ low: [0], high: [5] }),
  actionSpace: discrete(2),
  reset: ({ rng }) => ({ position: rng.integers(3) }),
  step: ({ state, action }) => {
    const position = Math.max(0, state.position + (action === 1 ? 1 : -1))
    const terminated = position >= 5
    return { state: { position }, reward: terminated ? 1 : -0.1, terminated, outcome: terminated ? 1 : undefined }
  },
  observe: ({ state }) => [state.position],
})

const small = { evalEvery: 1000, evalEpisodes: 4, finalEpisodes: 10, checkpointEvery: 1000 }
const ppoOptions = {
  ...small,
  numEnvs: 8,
  numSteps: 32,
  batchSize: 64,
  epochs: 6,
  learningRate: 0.01,
  normalizeObservation: true,
}

describe('train', () => {
  it('PPO learns a corridor; the run folder records everything', async () => {
    const out = join(root, 'ppo')
    const { result, folder, step } = await train({
      algo: 'ppo',
      env: corridor,
      steps: 4000,
      seed: 3,
      out,
      set: ppoOptions,
    })
    expect(folder).toBe(out)
    expect(step).toBe(4096)
    // Shortest paths cost 0.2 to 0.4 before the reward of 1.
    expect(result!.score).toBeGreaterThan(0.55)
    expect(result!.successRate).toBe(1)

    const config = parse(readFileSync(join(out, 'config.yaml'), 'utf8')) as RunConfig
    expect(config).toMatchObject({
      algo: 'ppo',
      env: { id: 'Corridor-v0', loadable: false },
      resume: 'exact',
      options: { seed: 3, steps: 4000, learningRate: 0.01 },
    })
    expect(config.executor.reason).not.toBe('')
    expect(Object.keys(config.versions)).toEqual(['reprise', 'node', 'tfjs'])

    const rows = readFileSync(join(out, 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rows).toHaveLength(16)
    expect(rows[0].step).toBe(256)
    for (const key of ['rollout/ep_rew_mean', 'train/approx_kl', 'train/value_loss', 'time/sps', 'time/env_share'])
      expect(rows.at(-1)).toHaveProperty([key])
    const evaluations = readFileSync(join(out, 'eval.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(evaluations.map((row) => row.step)).toEqual([1024, 2048, 3072, 4096])
    expect(evaluations[0].returns).toHaveLength(4)
    expect(listCheckpoints(join(out, 'checkpoints')).at(-1)).toBe(4096)
    expect(readFileSync(join(out, 'README.md'), 'utf8')).toContain('PPO on Corridor-v0')
    const events = readdirEvents(out)
    expect(events.length).toBeGreaterThan(16)
  })

  it('GRPO learns it from groups alone', async () => {
    const { result } = await train({
      algo: 'grpo',
      env: corridor,
      steps: 6000,
      out: join(root, 'grpo'),
      set: { ...small, groups: 4, groupSize: 8, learningRate: 0.02, normalizeObservation: true },
    })
    expect(result!.score).toBeGreaterThan(0.55)
  })

  it('gives the same parameters for the same seed, and others for another', async () => {
    const run = async (name: string, seed: number) =>
      (
        await train({
          algo: 'ppo',
          env: 'CartPole-v1',
          steps: 512,
          seed,
          preset: false,
          out: join(root, name),
          set: { ...small, numEnvs: 4, numSteps: 32, batchSize: 64 },
        })
      ).result!
    const [a, b, c] = [await run('same-a', 1), await run('same-b', 1), await run('other', 2)]
    expect(a.parameterHash).toBe(b.parameterHash)
    expect(a.returns).toEqual(b.returns)
    expect(c.parameterHash).not.toBe(a.parameterHash)
  })

  it('evaluate with the defaults gives the score of the run again; loadAgent decides alike', async () => {
    const out = join(root, 'ppo')
    const again = await evaluate(out, { episodes: 10, env: corridor })
    expect(again.returns).toEqual(JSON.parse(readFileSync(join(out, 'result.json'), 'utf8')).returns)
    const agent = await loadAgent<ArrayLike<number>, number>(out, { env: corridor })
    const env = corridor.make()
    let { observation } = await env.reset({ seed: 1 })
    for (let t = 0; ; t++) {
      const step = await env.step(await agent.decide(observation))
      observation = step.observation
      expect(t).toBeLessThan(5)
      if (step.terminated) break
    }
    agent.dispose()
  })

  it('an environment without snapshot resumes with new episodes, and says so', async () => {
    const { snapshot: _, restore: __, ...rest } = { snapshot: 0, restore: 0, ...corridor }
    const plain = {
      ...rest,
      make: (...args: Parameters<typeof corridor.make>) => {
        const env = corridor.make(...args)
        return {
          observationSpace: env.observationSpace,
          actionSpace: env.actionSpace,
          spec: env.spec,
          reset: env.reset.bind(env),
          step: env.step.bind(env),
        }
      },
    }
    const out = join(root, 'plain')
    const messages: string[] = []
    const controller = new AbortController()
    const reporter = {
      start() {},
      log: () => controller.abort(),
      evaluation() {},
      message: (text: string) => messages.push(text),
      checkpoint() {},
      done() {},
    }
    await train({ algo: 'ppo', env: plain, steps: 1000, out, set: ppoOptions, ui: reporter, signal: controller.signal })
    const { result } = await resume(out, { env: plain, ui: reporter })
    expect(result!.steps).toBe(1024)
    expect(messages.filter((text) => text.includes('new episodes'))).toHaveLength(2)
  })

  it('refuses wrong options before it writes anything', async () => {
    const out = join(root, 'never')
    const attempts = [
      train({ algo: 'ppo', env: 'CartPole-v2', out }),
      train({ algo: 'pppo', env: 'CartPole-v1', out }),
      train({ algo: 'ppo', env: 'CartPole-v1', out, set: { learningrate: 1 } }),
      train({ algo: 'ppo', env: 'CartPole-v1', out, set: { learningRate: -1 } }),
      train({ algo: 'ppo', env: 'CartPole-v1', out, set: { evalEvery: 0, evalEpisodes: 20 } }),
      train({ algo: 'ppo', env: 'CartPole-v1', out, envOptions: { gravity: 1 } }),
      train({ algo: 'grpo', env: 'CliffWalking-v1', out }),
    ]
    const codes = (await Promise.allSettled(attempts)).map((r) => (r.status === 'rejected' ? r.reason.code : 'none'))
    expect(codes).toEqual([
      'RPR_ENV_UNKNOWN',
      'RPR_ALGO_UNKNOWN',
      'RPR_OPTION_UNKNOWN',
      'RPR_OPTION_RANGE',
      'RPR_OPTION_INERT',
      'RPR_OPTION_UNKNOWN',
      'RPR_ENV_UNSUPPORTED',
    ])
    expect(existsSync(out)).toBe(false)
  })
})

function readdirEvents(folder: string) {
  const name = JSON.parse(readFileSync(join(folder, 'checkpoints', '4096', 'checkpoint.json'), 'utf8')).lengths
  const events = Object.keys(name).find((file) => file.startsWith('events.'))!
  return readEventFile(join(folder, events)).events
}
