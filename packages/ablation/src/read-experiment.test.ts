import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { quickened } from './experiment.ts'
import { readExperiment } from './read-experiment.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-experiment-'))
  writeFileSync(join(root, 'run.ts'), '')
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function read(text: string) {
  const path = join(root, 'experiment.yaml')
  writeFileSync(path, text)
  return readExperiment(path)
}

const head = 'name: a, claim: b, seeds: [1, 2, 3]'
const arm = '{ algo: ppo, env: CartPole-v1, steps: 100 }'

describe('readExperiment', () => {
  test('the baselines', () => {
    const path = fileURLToPath(new URL('../../../experiments/baselines/experiment.yaml', import.meta.url))
    const experiment = readExperiment(path)
    expect(experiment.seeds).toEqual([1, 2, 3, 4, 5])
    expect(experiment.arms.map(({ train, bar }) => [train!.algo, train!.env, train!.steps, bar])).toEqual([
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
    const { arms, seeds, reading, study, quick } = read(`{name: a, claim: b, seeds: [3], arms: {x: ${arm}}}`)
    expect({ seeds, study }).toEqual({ seeds: [3], study: null })
    expect(arms).toEqual([
      {
        ...{ name: 'x', label: 'x', set: {}, seeds: null, isNull: false, bar: null, references: [] },
        ...{ task: 'CartPole-v1', method: 'x', x: null, line: 'x', panel: 'CartPole-v1' },
        train: { algo: 'ppo', env: 'CartPole-v1', steps: 100, preset: null, envOptions: {} },
      },
    ])
    expect(reading).toMatchObject({ better: 'higher', control: null, metric: null, xName: null })
    expect(quick).toEqual({ steps: null, seeds: [3], only: [], set: {}, arms: {} })
  })

  test('defaults are shared, and options are merged one by one', () => {
    const { arms } = read(
      `{${head}, defaults: {algo: dqn, env: E, steps: 9, preset: false, envOptions: {bits: 5}, set: {a: 1, b: 2}},
        arms: {x: {set: {b: 3}, null: true, seeds: 1..10}, y: {env: F, preset: fast}}}`,
    )
    expect(arms[0]).toMatchObject({ train: { algo: 'dqn', preset: false, envOptions: { bits: 5 } }, isNull: true })
    expect(arms[0]!.set).toEqual({ a: 1, b: 3 })
    expect(arms[0]!.seeds).toHaveLength(10)
    expect(arms[1]).toMatchObject({ train: { env: 'F', preset: 'fast' }, set: { a: 1, b: 2 }, task: 'F' })
  })

  test('a grid of option values', () => {
    const { arms } = read(
      `{${head}, defaults: ${arm}, x: replayRatio, control: replayRatio-1_no-adaptive,
        factors: {replayRatio: [1, 4, 16], adaptive: [false, true]}}`,
    )
    expect(arms.map(({ name }) => name)).toEqual([
      'replayRatio-1_no-adaptive',
      'replayRatio-1_adaptive',
      'replayRatio-4_no-adaptive',
      'replayRatio-4_adaptive',
      'replayRatio-16_no-adaptive',
      'replayRatio-16_adaptive',
    ])
    expect(arms[3]).toMatchObject({
      ...{
        set: { replayRatio: 4, adaptive: true },
        label: 'replayRatio 4, adaptive',
        x: 4,
        line: 'adaptive',
        task: '',
      },
    })
  })

  test('a grid of environments and named levels, beside arms that are written out', () => {
    const { arms } = read(
      `{${head}, defaults: {algo: dqn, steps: 10}, control: uniform,
        factors: {
          env: {CartPole-v1: {steps: 20}, Acrobot-v1: {}},
          replay: {uniform: {}, per: {label: prioritised, set: {replay: prioritized}}, shuffled: {null: true}}},
        arms: {own: {env: Acrobot-v1, method: own}}}`,
    )
    expect(arms.map(({ name, task, method, label }) => [name, task, method, label])).toEqual([
      ['CartPole-v1_uniform', 'CartPole-v1', 'uniform', 'uniform'],
      ['CartPole-v1_per', 'CartPole-v1', 'per', 'prioritised'],
      ['CartPole-v1_shuffled', 'CartPole-v1', 'shuffled', 'shuffled'],
      ['Acrobot-v1_uniform', 'Acrobot-v1', 'uniform', 'uniform'],
      ['Acrobot-v1_per', 'Acrobot-v1', 'per', 'prioritised'],
      ['Acrobot-v1_shuffled', 'Acrobot-v1', 'shuffled', 'shuffled'],
      ['own', 'Acrobot-v1', 'own', 'own'],
    ])
    expect(arms[1]).toMatchObject({ train: { steps: 20, env: 'CartPole-v1' }, set: { replay: 'prioritized' } })
    expect(arms[2]!.isNull).toBe(true)
  })

  test('a factor of the environment that is the task and the axis', () => {
    const { arms } = read(
      `{${head}, defaults: ${arm}, tasks: bits, x: bits, control: none, metric: successRate, normalise: [0, 1],
        factors: {envOptions.bits: [5, 10], hindsight: [none, future]}}`,
    )
    expect(arms[3]).toMatchObject({
      ...{
        name: 'bits-10_future',
        label: 'future',
        task: 'bits 10',
        method: 'future',
        x: 10,
        line: 'future',
        panel: '',
      },
      train: { envOptions: { bits: 10 } },
      set: { hindsight: 'future' },
    })
  })

  test('a study', () => {
    const { study, arms, reading } = read(
      `{${head}, run: ./run.ts, metric: updates, better: lower, logY: true, arms: {x: {set: {draw: {kind: rank}}}, y: {}}}`,
    )
    expect(study).toBe(join(root, 'run.ts'))
    expect(arms[0]).toMatchObject({ train: null, set: { draw: { kind: 'rank' } }, task: '' })
    expect(reading).toMatchObject({ metric: 'updates', better: 'lower', logY: true })
  })

  test.each([
    ['[1]', 'the file is [1], no mapping. It takes the keys name, claim'],
    ['a: [', 'The file must be YAML.'],
    [`{${head}, arm: {}}`, "unknown key 'arm'. Did you mean 'arms'?"],
    [`{${head}, arms: {}}`, "'arms' of the file is {}. It names none"],
    [`{claim: b, seeds: [1], arms: {x: ${arm}}}`, "the file has no 'name'. It takes a text."],
    [
      `{name: a, claim: b, seeds: [1, 1], arms: {x: ${arm}}}`,
      "'seeds' of the file is [1,1]. It takes a list of different",
    ],
    [`{name: a, claim: b, seeds: 5..1, arms: {x: ${arm}}}`, `'seeds' of the file is "5..1"`],
    [`{name: a, claim: b, seeds: [-1], arms: {x: ${arm}}}`, "'seeds' of the file is [-1]"],
    [`{${head}, arms: {x: {algo: ppo, env: E, steps: 1.5}}}`, "'steps' of arm 'x' is 1.5. It takes an integer >= 1."],
    [`{${head}, arms: {x: {algo: ppo, steps: 1}}}`, "arm 'x' has no 'env'. It takes a text."],
    [`{${head}, arms: {x: {algo: ppo, env: E, steps: 1, set: 3}}}`, "'set' of arm 'x' is 3. It takes a mapping."],
    [
      `{${head}, arms: {x: {algo: p, env: E, steps: 1, bar: high}}}`,
      `'bar' of arm 'x' is "high". It takes a finite number.`,
    ],
    [`{${head}, arms: {x: {algo: p, env: E, steps: 1, null: 3}}}`, "'null' of arm 'x' is 3. It takes true or false."],
    [`{${head}, arms: {x: {algo: p, env: E, steps: 1, references: {}}}}`, 'It takes a list.'],
    [
      `{${head}, arms: {x: {algo: p, env: E, steps: 1, references: [{name: z, kind: guess, score: 1, steps: 1, source: s}]}}}`,
      `'kind' of a reference of arm 'x' is "guess". It takes one of evaluation, training return.`,
    ],
    [`{${head}, arms: {x y: ${arm}}}`, "arm 'x y' cannot be a folder."],
    [
      `{${head}, defaults: {sett: {}}, arms: {x: ${arm}}}`,
      "'defaults' has the unknown key 'sett'. Did you mean 'set'?",
    ],
    [
      `{${head}, defaults: ${arm}, factors: {a: 3}}`,
      "factor 'a' is 3. It takes a list of different values, or a mapping",
    ],
    [`{${head}, defaults: ${arm}, factors: {a: []}}`, "factor 'a' has no levels"],
    [`{${head}, defaults: ${arm}, factors: {a: [1, 1]}}`, 'or the same one twice'],
    [
      `{${head}, defaults: ${arm}, factors: {a: {x: {algoo: y}}}}`,
      "level 'x' of factor 'a' has the unknown key 'algoo'",
    ],
    [`{${head}, defaults: ${arm}, factors: {a: [1]}, arms: {a-1: {}}}`, "there are two arms 'a-1'"],
    [`{${head}, defaults: ${arm}, factors: {a: [1]}, tasks: b}`, `'tasks' of the file is "b". It names factors: a.`],
    [
      `{${head}, arms: {x: ${arm}}, control: y}`,
      `'control' of the file is "y". It takes the name of an arm. Did you mean 'x'?`,
    ],
    [`{${head}, arms: {x: ${arm}}, x: bits}`, `'x' of the file is "bits". It takes a factor whose values are numbers.`],
    [`{${head}, arms: {x: ${arm}}, metric: lenght}`, 'It takes one of score, successRate.'],
    [`{${head}, arms: {x: ${arm}}, better: more}`, `'better' of the file is "more". It takes one of higher, lower.`],
    [`{${head}, arms: {x: ${arm}}, normalise: {E: [0, 1]}}`, "has no task 'E' to normalise"],
    [`{${head}, arms: {x: ${arm}}, normalise: [1, 1]}`, "'normalise' is [1,1]. It takes [score at 0, score at 1]."],
    [`{${head}, arms: {x: ${arm}}, quick: {only: z}}`, `'only' of 'quick' is "z". It names arms.`],
    [`{${head}, arms: {x: ${arm}}, quick: {steps: 0}}`, "'steps' of 'quick' is 0. It takes an integer >= 1."],
    [`{${head}, run: ./gone.ts, arms: {x: {}}}`, 'There is no file'],
    [`{${head}, run: ./run.ts, arms: {x: {algo: ppo}}}`, "arm 'x' has the unknown key 'algo'"],
  ])('%s is refused', (text, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'RPR_EXPERIMENT_INVALID', message: expect.stringContaining(message) }),
    )
  })

  test('a file that does not exist', () => {
    expect(() => readExperiment(join(root, 'none.yaml'))).toThrow(expect.objectContaining({ code: 'RPR_FILE_MISSING' }))
  })
})

describe('quickened', () => {
  test('few steps, two seeds, no bars', () => {
    const quick = quickened(read(`{${head}, arms: {x: {algo: ppo, env: E, steps: 100000, bar: 1, seeds: 1..9}}}`))
    expect(quick.seeds).toEqual([1, 2])
    expect(quick.arms[0]).toMatchObject({ train: { steps: 5000 }, bar: null, seeds: null })
    expect(quick.arms[0]!.set).toEqual({ evalEvery: 1250, finalEpisodes: 10 })
  })

  test('what the file says', () => {
    const quick = quickened(
      read(
        `{${head}, defaults: ${arm}, arms: {x: {}, y: {}, z: {}},
          quick: {steps: 40, seeds: [7], only: [x, y], set: {a: 1, evalEvery: 20}, arms: {y: {steps: 50, set: {a: 2}}}}}`,
      ),
    )
    expect(quick.seeds).toEqual([7])
    expect(quick.arms.map(({ name, train, set }) => [name, train!.steps, set])).toEqual([
      ['x', 40, { a: 1, evalEvery: 20, finalEpisodes: 10 }],
      ['y', 50, { a: 2, evalEvery: 20, finalEpisodes: 10 }],
    ])
  })
})
