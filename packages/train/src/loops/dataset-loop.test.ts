import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HostTree } from '@reprise/backend'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { resume } from '../resume.ts'
import { readCheckpoint } from '../run/checkpoint.ts'
import { HiddenCode } from '../testing/hidden-code.ts'
import { rowsOf } from '../testing/kill.ts'
import { train } from '../train.ts'

let root: string
let episodes: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-bc-'))
  episodes = join(root, 'episodes.yaml')
  const seeds = [20, 24, 29]
  writeFileSync(episodes, seeds.map((seed) => `- {seed: ${seed}, actions: [${HiddenCode.codeOf(seed)}]}\n`).join(''))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const quick = { hidden: [16], evalEvery: 0, finalEpisodes: 1, tensorboard: false, checkpointEvery: 0 }
const run = (name: string, algo: string, set: object, more: object = {}) =>
  train({
    ...{ algo, env: HiddenCode as never, executor: 'eager:cpu', steps: 64, out: join(root, name) },
    ...more,
    set: { ...quick, ...set },
  })
const paramsOf = (folder: string) => {
  const { learner } = readCheckpoint(folder, 'last').state as unknown as { learner: HostTree }
  return learner['params']!.data
}
const last = (folder: string) => rowsOf(folder, 'metrics.jsonl').at(-1) as Record<string, number>

it('imitates scripted episodes, and goes on after an interruption as if there had been none', async () => {
  const set = { episodes, learningRate: 0.02, minibatches: 1 }
  const whole = await run('whole', 'bc', set, { steps: 1200 })
  expect(last(whole.folder)).toMatchObject({ step: 1200, 'episodes/trained': 3, 'episodes/return_mean': 1 })
  expect(last(whole.folder)['train/agreement']).toBeGreaterThan(0.9)
  const half = await run('half', 'bc', set, { steps: 600 })
  const resumed = await resume(half.folder, { steps: 1200, env: HiddenCode as never })
  expect(resumed.result!.parameterHash).toBe(whole.result!.parameterHash)
})

it('a run begins with the parameters of another, and says so', async () => {
  const base = await run('base', 'bc', { episodes, learningRate: 0.02 }, { steps: 300 })
  const initFrom = base.folder
  const more = { initFrom, steps: 8 }
  // A learning rate that moves nothing: what comes out is what went in.
  const set = { groups: 2, groupSize: 2, minibatches: 1, learningRate: 1e-30, klCoef: 0.1, tasks: 5 }
  const arpo = await run('arpo', 'arpo', set, more)
  const other = await run('grpo', 'grpo', { ...set, seed: 9 }, more)
  expect(paramsOf(other.folder)).toEqual(paramsOf(base.folder))
  expect(paramsOf(arpo.folder)).toEqual(paramsOf(base.folder))
  const config = parse(readFileSync(join(arpo.folder, 'config.yaml'), 'utf8'))
  expect(config.initFrom).toMatchObject({
    run: initFrom,
    step: 300,
    parameterHash: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  // Its config starts the same again.
  const again = await train({
    config: join(arpo.folder, 'config.yaml'),
    env: HiddenCode as never,
    out: join(root, 'again'),
  })
  expect(again.result!.parameterHash).toBe(arpo.result!.parameterHash)
  // The reference policy is the one that was loaded, so nothing diverges from it.
  expect(last(arpo.folder)['train/kl'] ?? 0).toBeCloseTo(0, 6)
})

it('refuses parameters that do not fit, by name', async () => {
  const initFrom = (await run('small', 'bc', { episodes })).folder
  const set = { groups: 2, groupSize: 2, minibatches: 1 }
  const refused = (name: string, more: object) => expect(run(name, 'grpo', { ...set, ...more }, { initFrom })).rejects
  await refused('wide', { hidden: [8] }).toMatchObject({
    code: 'RPR_STATE_MISMATCH',
    message: expect.stringContaining("option 'hidden' is [16] there and [8] here"),
  })
  await refused('relu', { activation: 'relu' }).toThrow(/option 'activation'/)
  const env = { env: 'CartPole-v1', initFrom }
  await expect(run('cart', 'grpo', set, env)).rejects.toThrow(/'params' is \[\d+\] there and \[\d+\] here/)
  await expect(run('none', 'grpo', set, { initFrom: join(root, 'nowhere') })).rejects.toMatchObject({
    code: 'RPR_FILE_MISSING',
  })
})
