import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { type ResolvedRun, resolveRun, type TrainOptions } from './resolve.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-resolve-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a run writes of its options, as a file that can be given again. */
function record(name: string, { algorithm, definition, run, algorithmOptions, sources, preset }: ResolvedRun): string {
  const path = join(folder, name)
  writeFileSync(
    path,
    stringify({
      reprise: '0.0.0',
      algo: algorithm.name,
      env: { id: definition.spec.id, file: null, options: {} },
      executor: { name: 'eager:cpu', reason: '' },
      preset: preset?.name ?? null,
      options: { ...run, ...algorithmOptions },
      sources: Object.fromEntries(Object.entries(sources).filter(([, source]) => source !== 'default')),
    }),
  )
  return path
}

const base: TrainOptions = { algo: 'ppo', env: 'CartPole-v1' }
// All that the preset says of clipping is idle under these.
const single = { numEnvs: 1, numSteps: 64, batchSize: 64, epochs: 1 }

describe("a run's own config.yaml", () => {
  it('gives the run again, also where its preset says what has no effect there', async () => {
    const first = await resolveRun({ ...base, set: single }, 'flag')
    const again = await resolveRun({ config: record('preset.yaml', first) }, 'flag')
    expect(again.algorithmOptions).toEqual(first.algorithmOptions)
    expect(again.run).toEqual(first.run)
    expect(again.preset?.name).toBe('CartPole-v1')
    expect(again.sources).toMatchObject({ clipRange: 'preset', epochs: 'file', hidden: 'default' })
  })

  it('keeps a run without preset without', async () => {
    const first = await resolveRun({ ...base, preset: false }, 'flag')
    const config = record('plain.yaml', first)
    const again = await resolveRun({ config }, 'flag')
    expect(again.algorithmOptions).toEqual(first.algorithmOptions)
    expect(again.preset).toBeUndefined()
    await expect(resolveRun({ config, preset: 'CartPole-v1' }, 'flag')).rejects.toMatchObject({
      code: 'RPR_OPTION_INERT',
    })
  })

  it('still refuses what a user makes idle now', async () => {
    const config = record('idle.yaml', await resolveRun({ ...base, set: { evalEpisodes: 20 } }, 'flag'))
    await expect(resolveRun({ config, set: { evalEvery: 0 } }, 'flag')).rejects.toMatchObject({
      code: 'RPR_OPTION_INERT',
    })
  })
})

describe('options', () => {
  it('normalizeReward is refused where returns are compared raw', async () => {
    const set = { normalizeReward: true }
    expect((await resolveRun({ ...base, set }, 'flag')).run.normalizeReward).toBe(true)
    await expect(resolveRun({ ...base, algo: 'grpo', set }, 'flag')).rejects.toMatchObject({ code: 'RPR_OPTION_INERT' })
  })

  it('tasks may be a number, and a file of them is found from every folder', async () => {
    const path = join(folder, 'tasks.yaml')
    writeFileSync(path, '- seed: 1\n')
    const config = join(folder, 'grpo.yaml')
    writeFileSync(config, 'algo: grpo\nenv: CartPole-v1\ntasks: 5\n')
    expect((await resolveRun({ config }, 'flag')).run.tasks).toBe('5')
    const here = process.cwd()
    process.chdir(folder)
    try {
      const { run } = await resolveRun({ ...base, algo: 'grpo', set: { tasks: 'tasks.yaml' } }, 'flag')
      expect(run.tasks).toBe(join(process.cwd(), 'tasks.yaml'))
    } finally {
      process.chdir(here)
    }
  })

  it('paths in a config file start from its folder, those of flags from the current one', async () => {
    const home = join(folder, 'home')
    mkdirSync(home)
    writeFileSync(join(home, 'tasks.yaml'), '- seed: 1\n')
    writeFileSync(
      join(home, 'line.js'),
      `import { box, defineEnv, discrete } from '@reprise/core'
export default defineEnv({
  id: 'Line-v0', maxEpisodeSteps: 5, observationSpace: box({ low: 0, high: 1, shape: [1] }), actionSpace: discrete(2),
  reset: () => ({}), step: ({ state }) => ({ state, reward: 0, terminated: false }), observe: () => [0],
})
`,
    )
    const config = join(home, 'run.yaml')
    writeFileSync(config, 'algo: grpo\nenv: ./line.js\nout: runs/a\ntasks: tasks.yaml\n')
    const run = await resolveRun({ config }, 'flag')
    expect([run.envFile, run.out, run.run.tasks]).toEqual(
      ['line.js', 'runs/a', 'tasks.yaml'].map((path) => join(home, path)),
    )
    const here = process.cwd()
    process.chdir(folder)
    try {
      const flags = { config: 'home/run.yaml', env: './home/line.js', out: 'b', set: { tasks: 'home/tasks.yaml' } }
      const own = await resolveRun(flags, 'flag')
      const cwd = process.cwd()
      expect([own.envFile, own.out, own.run.tasks]).toEqual(
        ['home/line.js', 'b', 'home/tasks.yaml'].map((path) => join(cwd, path)),
      )
      await expect(resolveRun({ ...flags, env: './line.js' }, 'flag')).rejects.toMatchObject({
        code: 'RPR_FILE_MISSING',
      })
    } finally {
      process.chdir(here)
    }
  })
})
