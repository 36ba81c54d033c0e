/** Policies over lists of elements: the same on every executor, and refused where there are no lists. */
import { createExecutor, type ExecutorName, type HostArray, type HostTree } from '@reprise/backend'
import { box, discrete, Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { arpo, bc, type EpisodeGroups, grpo, type PolicySpaces } from './index.ts'
import {
  bytesOf,
  episodesOf,
  gradientIn,
  OBSERVATION_SIZE,
  optionsFor,
  spacesFor,
  withoutMoments,
} from './testing/fixtures.ts'
import { tensorFlowExecutors } from './testing/tensorflow-executors.ts'

/** Three elements of one feature, and four choices, three of which point at them. */
const spaces: PolicySpaces = {
  ...spacesFor(discrete(4), 4),
  observation: box({ low: -9, high: 9, shape: [OBSERVATION_SIZE, 1] }),
}
const network = { policy: 'attention', attentionWidth: 4, attentionHeads: 2, minibatches: 1, epochs: 1 }
const EXECUTORS: readonly ExecutorName[] = ['eager:cpu', 'eager:wasm', 'wasm', 'onnx', ...(await tensorFlowExecutors())]
/** TensorFlow takes its time to compile. */
const COMPARED = { timeout: 300_000, tags: 'own-executor' }

it.each([
  ['GRPO', grpo, { klCoef: 0.1, entropyCoef: 0.01 }],
  ['ARPO', arpo, {}],
  ['BC', bc, { episodes: 'x.yaml' }],
] as const)(
  'attention acts, scores and learns the same on every executor: %s',
  COMPARED,
  async (_, algorithm, values) => {
    const { epochs: _epochs, ...own } = network
    const options = optionsFor(algorithm.options, { ...(algorithm === bc ? own : network), ...values })
    const build = { spaces, options: options as never, maxEpisodeSteps: 20 }
    const all: { name: string; gradient: Float32Array; action: HostArray; logProb: HostArray; score: HostArray }[] = []
    let episodes: EpisodeGroups | undefined
    for (const name of EXECUTORS) {
      const program = algorithm.build({ ...build, rng: new Pcg64(1) })
      const executor = await createExecutor({ executor: name, program })
      const start = withoutMoments((await executor.save()) as HostTree)
      const own = await episodesOf(executor, new Pcg64(2), { spaces })
      episodes ??= own
      const { observation, mask, action, logProb } = own.columns as Record<string, HostArray>
      const score = program.score
        ? (await executor.score({ observation: observation!, mask: mask!, action: action! }))['logProb']!.slice()
        : logProb!
      const context = { options, rng: new Pcg64(3), progress: 0, spaces }
      await executor.updates(algorithm.prepare(episodes, context as never).call!)
      const gradient = gradientIn((await executor.save()) as HostTree)
      await executor.load(start)
      all.push({ name, gradient, action: action!, logProb: logProb!, score })
      executor.dispose()
    }
    const [cpu, ...others] = all
    const largest = Math.max(...cpu!.gradient.map(Math.abs))
    expect(largest).toBeGreaterThan(0)
    for (const { name, gradient, action, logProb, score } of others) {
      expect(Array.from(action), name).toEqual(Array.from(cpu!.action))
      logProb.forEach((value, row) => {
        expect(value, name).toBeCloseTo(cpu!.logProb[row]!, 5)
        expect(score[row], name).toBeCloseTo(value, 5)
      })
      gradient.forEach((g, i) => {
        expect(Math.abs(g - cpu!.gradient[i]!) / largest, name).toBeLessThan(1e-5)
      })
    }
  },
)

describe('attention is refused', () => {
  const check = (values: object, own: PolicySpaces = spaces) => {
    const options = optionsFor(grpo.options, { ...network, ...values })
    return () => grpo.check!({ options, spaces: own, maxEpisodeSteps: 20 })
  }
  const conflict = (message: RegExp) =>
    expect.objectContaining({ code: 'RPR_OPTION_CONFLICT', message: expect.stringMatching(message) })

  it('where there are no lists', () => {
    expect(check({})).not.toThrow()
    expect(check({}, spacesFor())).toThrow(conflict(/no two-dimensional part/))
  })

  it('with a width that its heads do not divide', () => {
    expect(check({ attentionHeads: 3 })).toThrow(conflict(/attentionHeads/))
  })

  it('with choices that point at no list, or at a longer one', () => {
    expect(check({ pointAt: 'none' })).not.toThrow()
    expect(check({ pointAt: 'windows' })).toThrow(conflict(/pointAt/))
    expect(check({ pointAt: '' }, { ...spaces, action: discrete(2) })).toThrow(conflict(/pointAt/))
    // By itself nothing points where there are too few choices.
    expect(check({}, { ...spaces, action: discrete(2), maskSize: 2 })).not.toThrow()
  })
})

it('begins with the same parameters for the same seed', () => {
  const options = optionsFor(grpo.options, network)
  const built = (seed: number) =>
    bytesOf(grpo.build({ spaces, options, rng: new Pcg64(seed), maxEpisodeSteps: 20 }).state)['params']
  expect(built(1)).toBe(built(1))
  expect(built(1)).not.toBe(built(2))
})
