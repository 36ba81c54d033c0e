import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { commandOf, jobState, jobsOf, lastWords, setStillbornAside } from './jobs.ts'
import { armOf, experimentOf, writeRun } from './testing/runs.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-jobs-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const arm = armOf('ppo')
const experiment = experimentOf([arm, armOf('other', { seeds: [7] })])

test('absent, begun, finished, and the command that each needs', () => {
  const [first, second, third, , last] = jobsOf(experiment, root)
  writeRun(root, arm, 2)
  writeRun(root, arm, 3, 500)
  expect(jobsOf(experiment, root)).toHaveLength(5)
  expect(last).toMatchObject({ seed: 7, folder: join(root, 'other', 'seed-7') })
  expect(jobState(first!)).toEqual({ kind: 'absent' })
  expect(commandOf(first!, { kind: 'absent' }).join(' ')).toBe(
    `train --algo ppo --env CartPole-v1 --steps 2000 --seed 1 --set evalEvery=1000 --out ${first!.folder} --quiet`,
  )
  expect(jobState(second!)).toEqual({ kind: 'begun' })
  expect(commandOf(second!, { kind: 'begun' })).toEqual(['resume', second!.folder, '--quiet'])
  expect(jobState(third!)).toMatchObject({ kind: 'finished', run: { result: { score: 500 } } })
})

test('presets, lists and options of the environment become flags', () => {
  const train = { algo: 'dqn', env: 'BitFlip-v0', steps: 10, preset: false as const, envOptions: { bits: 5 } }
  const [job] = jobsOf(experimentOf([armOf('a', { train, set: { hidden: [64, 64], double: true, tau: null } })]), root)
  const line = commandOf(job!, { kind: 'absent' }).join(' ')
  expect(line).toContain('--no-preset --set hidden=64,64 --set double=true --set tau=none --env-set bits=5')
})

test.each([
  ['steps = 1000, the experiment now says 2000', { steps: 1000 }],
  ['envOptions.bits = 9, the experiment now says 5', { envOptions: { bits: 9 } }],
])('a run with other settings is not taken for this one: %s', (message, changes) => {
  const own = armOf('ppo', { train: { ...arm.train!, envOptions: { bits: 5 } } })
  writeRun(root, { ...own, train: { ...own.train!, ...changes } }, 1, 500)
  expect(() => jobState(jobsOf(experimentOf([own]), root)[0]!)).toThrow(message)
})

test('a run with an option or a preset that the experiment no longer names is not taken for this one', () => {
  const folder = writeRun(root, armOf('ppo', { set: { evalEvery: 1000, epochs: 3 } }), 1, 500)
  const file = join(folder, 'config.yaml')
  const sources = { steps: 'flag', seed: 'flag', evalEvery: 'flag', epochs: 'flag', gamma: 'preset' }
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), preset: 'CartPole-v1', sources }))
  const state = (changes: Parameters<typeof armOf>[1]) =>
    jobState(jobsOf(experimentOf([armOf('ppo', changes)]), root)[0]!)
  const set = { evalEvery: 1000, epochs: 3 }
  expect(state({ set }).kind).toBe('finished')
  expect(() => state({})).toThrow('was run with epochs = 3, the experiment now says undefined')
  expect(() => state({ set, train: { ...arm.train!, preset: false } })).toThrow(
    'preset = "CartPole-v1", the experiment',
  )
})

test('options of an environment are compared as the text that they were given as', () => {
  const of = (envOptions: Record<string, unknown>) => armOf('ppo', { train: { ...arm.train!, envOptions } })
  writeRun(root, of({ bits: '5', slip: 'false' }), 1, 500)
  expect(jobState(jobsOf(experimentOf([of({ bits: 5, slip: false })]), root)[0]!).kind).toBe('finished')
})

test('a run without a checkpoint is moved aside', () => {
  const job = jobsOf(experiment, root)[1]!
  writeRun(root, arm, 2)
  expect(setStillbornAside(job)).toBeUndefined()
  rmSync(join(job.folder, 'checkpoints', '0'), { recursive: true })
  expect(setStillbornAside(job)).toBe(`${job.folder}.aside-1`)
  expect(existsSync(job.folder)).toBe(false)
  expect(jobState(job)).toEqual({ kind: 'absent' })
})

test('the last error in a log', () => {
  const job = jobsOf(experiment, root)[0]!
  expect(lastWords(job)).toBeUndefined()
  writeRun(root, arm, 1)
  writeFileSync(`${job.folder}.log`, 'error RPR_USAGE: first\nerror RPR_TRAINING_DIVERGED: loss is NaN.\nbye\n')
  expect(lastWords(job)).toBe('error RPR_TRAINING_DIVERGED: loss is NaN.')
})

test("a study's request is written, and another one refuses its folder", () => {
  const of = (set: Record<string, unknown>, quick = false) =>
    jobsOf(experimentOf([armOf('a', { train: null, set })], { study: '/x/run.ts' }), root, quick)[0]!
  const job = of({ n: 4 })
  expect(jobState(job)).toEqual({ kind: 'absent' })
  expect(commandOf(job, { kind: 'absent' })).toEqual(['run-study', job.folder])
  expect(JSON.parse(readFileSync(join(job.folder, 'job.json'), 'utf8'))).toEqual({
    ...{ arm: 'a', seed: 1, set: { n: 4 }, quick: false, run: '/x/run.ts' },
  })
  expect(jobState(job)).toEqual({ kind: 'begun' })
  expect(() => jobState(of({ n: 5 }))).toThrow('was run with set.n = 4, the experiment now says 5.')
  expect(() => jobState(of({}))).toThrow('set.n = 4, the experiment now says undefined')
  expect(() => jobState(of({ n: 4 }, true))).toThrow('quick = false, the experiment now says true')
  writeFileSync(join(job.folder, 'result.json'), '{')
  expect(() => jobState(job)).toThrow(expect.objectContaining({ code: 'RPR_RUN_INVALID' }))
})
