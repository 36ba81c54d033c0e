/** Scripted experts as episodes to imitate and as demonstrations, through whole runs. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agentic } from '@reprise/agentic'
import { box, discrete } from '@reprise/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listPresets } from '../config/presets.ts'
import { resolveRun } from '../config/resolve.ts'
import { resume } from '../resume.ts'
import { HiddenCode } from '../testing/hidden-code.ts'
import { rowsOf } from '../testing/kill.ts'
import { train } from '../train.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-experts-'))
  // Guesses 0 and then what it saw first: knows seed % 10 and the step, no more.
  writeFileSync(
    join(root, 'script.mjs'),
    `export default (observation, { step, task }) => (step + task.seed) % 3
     export async function second(observation) { return observation[0] === 0 ? 1 : 2 }`,
  )
  writeFileSync(join(root, 'bad.mjs'), 'export default () => { throw new TypeError("no plan") }')
  writeFileSync(join(root, 'idle.mjs'), 'export default () => 0')
  writeFileSync(join(root, 'empty.mjs'), 'export const nothing = 1')
  writeFileSync(join(root, 'two.mjs'), 'export const a = () => 0\nexport const b = () => 0')
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Never ends by itself. */
const endless = (maxEpisodeSteps?: number) =>
  class Endless {
    readonly observationSpace = box({ low: 0, high: 1, shape: [1] })
    readonly actionSpace = discrete(2)
    readonly spec = { id: 'Endless-v0', ...(maxEpisodeSteps === undefined ? {} : { maxEpisodeSteps }) }
    reset() {
      return { observation: [1] }
    }
    step() {
      return { observation: [1], reward: 0, terminated: false, truncated: false }
    }
  }

const quick = { hidden: [8], evalEvery: 0, finalEpisodes: 1, tensorboard: false, checkpointEvery: 0 }
const run = (name: string, algo: string, set: object, more: object = {}) =>
  train({
    ...{
      algo,
      env: HiddenCode as never,
      executor: 'eager:cpu',
      steps: 64,
      out: join(root, name),
      preset: false as const,
    },
    ...more,
    set: { ...quick, ...set },
  })
type Row = Record<string, number>
const rows = (folder: string) => rowsOf(folder, 'metrics.jsonl') as Row[]

describe('an expert to imitate', () => {
  it("expert: the environment's own, on fixed tasks each once or as often as is said, and resumed alike", async () => {
    const more = { env: 'HiddenSequence-v0' }
    const { folder } = await run('own', 'bc', { episodes: 'expert', tasks: 7 }, more)
    expect(rows(folder)[0]).toMatchObject({ 'episodes/trained': 7, 'episodes/return_mean': 1 })
    const set = { episodes: 'expert', expertEpisodes: 9, tasks: 4 }
    const whole = await run('nine', 'bc', set, { ...more, steps: 216 })
    expect(rows(whole.folder)[0]!['episodes/trained']).toBe(9)
    const half = await run('half', 'bc', set, { ...more, steps: 108 })
    const resumed = await resume(half.folder, { steps: 216 })
    expect(resumed.result!.parameterHash).toBe(whole.result!.parameterHash)
    const fresh = await run('fresh', 'bc', { episodes: 'expert' }, more)
    expect(rows(fresh.folder)[0]!['episodes/trained']).toBe(64)
  })

  it('plays the tasks that a run of grpo with the same seed has', async () => {
    const more = { env: 'HiddenSequence-v0', steps: 200 }
    const pool = await run('pool', 'arpo', { demonstrations: 'expert', tasks: 3, insertFresh: false, groups: 3 }, more)
    // Each task of the run has one demonstration, so every group that fails is rescued.
    const { 'replay/groups_all_fail': failed, 'replay/groups_rescued': rescued } = rows(pool.folder)[0]!
    expect(rows(pool.folder)[0]!['replay/buffer_items']).toBe(3)
    expect(failed).toBeGreaterThan(0)
    expect(rescued).toBe(failed)
  })

  it('a module of the user, by its default export or a name', async () => {
    const first = await run('module', 'bc', { episodes: join(root, 'script.mjs'), tasks: 12 })
    const named = await run('named', 'bc', { episodes: `${join(root, 'script.mjs')}#second`, tasks: 12 })
    expect(rows(first.folder)[0]!['episodes/trained']).toBe(12)
    expect(named.result!.parameterHash).not.toBe(first.result!.parameterHash)
  })

  it.each([
    ['missing.mjs', 'RPR_FILE_MISSING', /no such file/],
    ['empty.mjs', 'RPR_ENV_LOAD', /exports no function/],
    ['two.mjs', 'RPR_ENV_LOAD', /several functions: a, b/],
    ['two.mjs#c', 'RPR_ENV_LOAD', /no function 'c'/],
    ['bad.mjs', 'RPR_ENV_FAILED', /step 0 of the task \{"seed":\d+\}: .*no plan/],
  ])('%s is refused before there is a run folder', async (file, code, message) => {
    const episodes = join(root, file)
    const name = `refused-${file.replace(/\W/g, '-')}`
    await expect(run(name, 'bc', { episodes })).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    await expect(run(name, 'arpo', { demonstrations: episodes, tasks: 3 })).rejects.toMatchObject({ code })
    expect(existsSync(join(root, name))).toBe(false)
  })

  it('plays no longer than the run lets an episode be', async () => {
    const set = { episodes: join(root, 'idle.mjs'), tasks: 1 }
    for (const [env, more, length] of [
      [endless(), {}, 10_000],
      [endless(20), { maxEpisodeSteps: 5 }, 5],
    ] as const) {
      const { folder } = await run(`endless-${length}`, 'bc', { ...set, ...more, finalEpisodes: 1 }, { env, steps: 1 })
      expect(rows(folder)[0]!['step']).toBe(length)
    }
  })

  it('an environment without one is refused, and so are options that no expert reads', async () => {
    await expect(run('no-expert', 'bc', { episodes: 'expert' })).rejects.toMatchObject({ code: 'RPR_ENV_UNSUPPORTED' })
    expect(existsSync(join(root, 'no-expert'))).toBe(false)
    for (const set of [{ tasks: 5 }, { expertEpisodes: 5 }])
      await expect(run('idle', 'bc', { episodes: 'x.yaml', ...set })).rejects.toMatchObject({
        code: 'RPR_OPTION_INERT',
      })
  })
})

it('every suite of envs/agentic has a preset of bc with its expert', async () => {
  const presets = listPresets().filter(({ algo }) => algo === 'bc')
  expect(presets.map(({ name }) => name).sort()).toEqual(agentic.map(({ spec }) => spec.id).sort())
  for (const { name } of presets) {
    const { preset, algorithmOptions } = await resolveRun({ algo: 'bc', env: name }, 'flag')
    expect([preset!.name, algorithmOptions['episodes']]).toEqual([name, 'expert'])
  }
})

it('bad files of episodes leave no run folder behind', async () => {
  const short = join(root, 'short.yaml')
  writeFileSync(short, '- {seed: 3, actions: [0]}\n')
  await expect(run('short', 'bc', { episodes: short })).rejects.toMatchObject({ code: 'RPR_CONFIG_INVALID' })
  await expect(run('short', 'arpo', { demonstrations: short, tasks: 3 })).rejects.toMatchObject({
    code: 'RPR_CONFIG_INVALID',
  })
  expect(existsSync(join(root, 'short'))).toBe(false)
})

it('paths in a config file start from its folder, others from the current one', async () => {
  const config = join(root, 'run.yaml')
  const of = async (text: string) => {
    writeFileSync(config, `env: HiddenSequence-v0\n${text}`)
    return (await resolveRun({ config }, 'flag')).algorithmOptions
  }
  expect((await of('algo: bc\nepisodes: demos/a.yaml\n'))['episodes']).toBe(join(root, 'demos/a.yaml'))
  expect((await of('algo: bc\nepisodes: script.mjs#second\n'))['episodes']).toBe(join(root, 'script.mjs#second'))
  expect((await of('algo: bc\nepisodes: expert\n'))['episodes']).toBe('expert')
  expect((await of('algo: arpo\ndemonstrations: runs/a\n'))['demonstrations']).toBe(join(root, 'runs/a'))
  expect((await of('algo: arpo\ndemonstrations: none\n'))['demonstrations']).toBe('none')
})

it('replay in groups warns where no task comes twice', async () => {
  const text = (folder: string) => readFileSync(join(folder, 'config.yaml'), 'utf8').replace(/\s+/g, ' ')
  const set = { groups: 2, groupSize: 2, minibatches: 1 }
  const warned = await run('warned', 'arpo', set)
  expect(text(warned.folder)).toContain('nothing that is stored is ever replayed')
  for (const [name, more] of [
    ['fixed', { tasks: 3 }],
    ['off', { enabled: false }],
    ['never', { trigger: 'never' }],
  ] as const) {
    const { folder } = await run(name, 'arpo', { ...set, ...more })
    expect(text(folder)).not.toContain('ever replayed')
  }
})
