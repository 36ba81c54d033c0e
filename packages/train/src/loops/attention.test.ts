/** Policies over lists of elements through the whole of training. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formDesk } from '@reprise/agentic'
import type { ResetResult } from '@reprise/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TrainOptions } from '../config/resolve.ts'
import { evaluate, loadAgent } from '../load-agent.ts'
import { resume } from '../resume.ts'
import { writeFormDeskEpisodes } from '../testing/form-desk-episodes.ts'
import { rowsOf } from '../testing/kill.ts'
import { train } from '../train.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-attention-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const envOptions = { windows: 1, goals: 1, checks: 1 }
const network = { policy: 'attention', attentionWidth: 8, attentionHeads: 1, hidden: [16] }
const quick = { ...network, evalEvery: 0, finalEpisodes: 4, tensorboard: false, checkpointEvery: 0 }
const run = (name: string, options: Partial<TrainOptions>, set: object) =>
  train({
    algo: 'bc',
    env: 'FormDesk-v0',
    envOptions,
    seed: 1,
    out: join(root, name),
    ...options,
    set: { ...quick, ...set },
  })
const last = (folder: string) => rowsOf(folder, 'metrics.jsonl').at(-1) as Record<string, number>

it('imitates, resumes, is loaded, and is a base for ARPO and PPO with the same network', async () => {
  const episodes = writeFormDeskEpisodes(join(root, 'episodes.yaml'), 12, envOptions)
  const set = { episodes, learningRate: 0.01, minibatches: 1 }
  const whole = await run('whole', { steps: 3000 }, set)
  expect(last(whole.folder)['train/agreement']).toBeGreaterThan(0.6)
  const half = await run('half', { steps: 1500 }, set)
  const resumed = await resume(half.folder, { steps: 3000 })
  expect(resumed.result!.parameterHash).toBe(whole.result!.parameterHash)
  expect((await evaluate(whole.folder)).returns).toEqual(whole.result!.returns)

  const agent = await loadAgent<unknown, number>(whole.folder)
  const { observation, actionMask } = formDesk.make(envOptions).reset({ seed: 3 }) as ResetResult<unknown>
  const action = await agent.decide(observation, actionMask)
  expect(actionMask![action]).toBe(1)
  agent.dispose()

  const arpo = await run(
    'arpo',
    { algo: 'arpo', steps: 60, initFrom: whole.folder },
    { groups: 2, groupSize: 2, minibatches: 1, tasks: '3', learningRate: 1e-30 },
  )
  expect(arpo.result!.score).toBe((await evaluate(whole.folder, { episodes: 4 })).meanReward)
  const other = run('wider', { algo: 'arpo', steps: 60, initFrom: whole.folder }, { attentionWidth: 16 })
  await expect(other).rejects.toMatchObject({ message: expect.stringContaining("option 'attentionWidth'") })
})

it('runs in PPO with either critic', async () => {
  for (const critic of ['separate', 'shared']) {
    const sizes = { numEnvs: 2, numSteps: 16, batchSize: 16, epochs: 1 }
    const { folder } = await run(`ppo-${critic}`, { algo: 'ppo', steps: 64 }, { ...sizes, critic })
    expect(Number.isFinite(last(folder)['train/loss'])).toBe(true)
  }
})
