import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { quickened, readExperiment } from './experiment.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-experiment-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function read(text: string) {
  const path = join(root, 'experiment.yaml')
  writeFileSync(path, text)
  return readExperiment(path)
}

const arm = '{ algo: ppo, env: CartPole-v1, steps: 100 }'

describe('readExperiment', () => {
  test('the baselines', () => {
    const experiment = readExperiment(fileURLToPath(new URL('../baselines/experiment.yaml', import.meta.url)))
    expect(experiment.seeds).toEqual([1, 2, 3, 4, 5])
    expect(experiment.arms.map(({ algo, env, steps, bar }) => [algo, env, steps, bar])).toEqual([
      ['ppo', 'CartPole-v1', 100_000, 475],
      ['ppo', 'Acrobot-v1', 500_000, -90],
      ['ppo', 'MountainCarContinuous-v0', 100_000, 90],
      ['ppo', 'Pendulum-v1', 100_000, -250],
      ['grpo', 'CartPole-v1', 268_000, 475],
    ])
    for (const { references } of experiment.arms) {
      for (const reference of references) expect(reference.source).toMatch(/^https:/)
    }
  })

  test('what may be left out', () => {
    expect(read(`{name: a, claim: b, seeds: [3], arms: {x: ${arm}}}`)).toEqual({
      name: 'a',
      claim: 'b',
      seeds: [3],
      arms: [
        { name: 'x', algo: 'ppo', env: 'CartPole-v1', steps: 100, preset: null, set: {}, bar: null, references: [] },
      ],
    })
  })

  test.each([
    ['[1]', 'the file is no mapping'],
    ['a: [', ''],
    [`{name: a, claim: b, seeds: [1], arm: {}}`, "unknown key 'arm'. Did you mean 'arms'?"],
    [`{name: a, claim: b, seeds: [1], arms: {}}`, "'arms' names none"],
    [`{claim: b, seeds: [1], arms: {x: ${arm}}}`, "'name' of the file is no text"],
    [`{name: a, claim: b, seeds: [1, 1], arms: {x: ${arm}}}`, "'seeds' = [1,1]"],
    [`{name: a, claim: b, seeds: 5..1, arms: {x: ${arm}}}`, `'seeds' = "5..1"`],
    [`{name: a, claim: b, seeds: [-1], arms: {x: ${arm}}}`, "'seeds' = [-1]"],
    ['{name: a, claim: b, seeds: [1], arms: {x: {algo: ppo, env: E, steps: 1.5}}}', 'steps 1.5'],
    ['{name: a, claim: b, seeds: [1], arms: {x: {algo: ppo, steps: 1}}}', "'env' of arm 'x' is no text"],
    ['{name: a, claim: b, seeds: [1], arms: {x: {algo: ppo, env: E, steps: 1, set: 3}}}', "'set' of arm 'x'"],
    [
      '{name: a, claim: b, seeds: [1], arms: {x: {algo: ppo, env: E, steps: 1, bar: high}}}',
      "'bar' of arm 'x' is no number",
    ],
    ['{name: a, claim: b, seeds: [1], arms: {x: {algo: ppo, env: E, steps: 1, references: {}}}}', 'is no list'],
    [
      '{name: a, claim: b, seeds: [1], arms: {x: {algo: p, env: E, steps: 1, references: [{name: z, kind: guess, score: 1, steps: 1, source: s}]}}}',
      "kind 'guess'",
    ],
  ])('%s is refused', (text, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'RPR_EXPERIMENT_INVALID', message: expect.stringContaining(message) }),
    )
  })

  test('a file that does not exist', () => {
    expect(() => readExperiment(join(root, 'none.yaml'))).toThrow(expect.objectContaining({ code: 'RPR_FILE_MISSING' }))
  })
})

test('quickened: few steps, two seeds, no bars', () => {
  const quick = quickened(
    read(`{name: a, claim: b, seeds: 1..5, arms: {x: {algo: ppo, env: E, steps: 100000, bar: 1}}}`),
  )
  expect(quick.seeds).toEqual([1, 2])
  expect(quick.arms[0]).toMatchObject({ steps: 5000, bar: null, set: { evalEvery: 1250, finalEpisodes: 10 } })
})
