import type { HostTree } from '@reprise/backend'
import { box, Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { bc } from './index.ts'
import { bytesOf, episodesOf, expectLossGradient, learnerFor, optionsFor, spacesFor } from './testing/fixtures.ts'

const options = (values: Record<string, unknown> = {}) =>
  optionsFor(bc.options, { episodes: 'x.yaml', minibatches: 1, maxGradNorm: null, ...values })
type Options = ReturnType<typeof options>

async function made(values: Options, spaces = spacesFor()) {
  const learner = await learnerFor(bc, values, { spaces })
  const episodes = await episodesOf(learner, new Pcg64(1), { spaces })
  const prepared = bc.prepare(episodes, { options: values, rng: new Pcg64(5), progress: 0, spaces })
  return { learner, episodes, prepared }
}

describe('behaviour cloning', () => {
  it.each([
    ['discrete', spacesFor()],
    ['masked', spacesFor(undefined, 3)],
    ['continuous', spacesFor(box({ low: -1, high: 1, shape: [2] }))],
  ])('loses the mean of -log pi, with the gradient of finite differences: %s', async (_, spaces) => {
    const { learner, episodes, prepared } = await made(
      options({ learningRate: 1e-9, hidden: [4], entropyCoef: 0.1 }),
      spaces,
    )
    const { metrics } = await learner.updates(prepared.call!)
    const logProb = episodes.columns['logProb'] as Float32Array
    expect(metrics['negative']![0]).toBeCloseTo(-logProb.reduce((a, b) => a + b, 0) / logProb.length, 4)
    await expectLossGradient(learner, prepared.call!)
    learner.dispose()
  })

  it('comes to choose what the episodes chose', async () => {
    const values = options({ learningRate: 0.02, hidden: [32] })
    const { learner, episodes } = await made(values)
    const rng = new Pcg64(2)
    let agreement = 0
    for (let i = 0; i < 150; i++) {
      const { call } = bc.prepare(episodes, { options: values, rng, progress: 0, spaces: spacesFor() })
      agreement = bc.report((await learner.updates(call!)).metrics)['train/agreement']!
    }
    expect(agreement).toBe(1)
    learner.dispose()
  })

  it('neither padding nor cutting into calls changes the step', async () => {
    const { learner, prepared } = await made(options())
    const start = (await learner.save()) as HostTree
    const call = prepared.call!
    const rows = [...call.indices].filter((row) => row >= 0)
    await learner.updates(call)
    const whole = (await learner.save()) as HostTree
    await learner.load(start)
    const half = Math.ceil(rows.length / 2)
    const indices = new Int32Array(2 * half).fill(-1)
    indices.set(rows)
    const schedule = { ...call.schedule, inverseRows: 1 / rows.length, apply: Float32Array.of(0, 1) }
    await learner.updates({ ...call, indices, batchSize: half, schedule })
    const cut = (await learner.save()) as HostTree
    whole['params']!.data.forEach((value, i) => {
      expect(cut['params']!.data[i]).toBeCloseTo(value, 5)
    })
    expect(bytesOf(cut)['params']).not.toBe(bytesOf(start)['params'])
    learner.dispose()
  })

  it('minOutcome leaves failures out, and refuses to train on nothing', async () => {
    const values = options({ minOutcome: 1 })
    const { learner, episodes } = await made(options())
    const context = { options: values, rng: new Pcg64(5), progress: 0, spaces: spacesFor() }
    const outcomes = Float64Array.of(1, 0, 1, 0, 0, 0, 0, 0)
    const { metrics, call } = bc.prepare({ ...episodes, outcomes }, context)
    expect(metrics['episodes/trained']).toBe(2)
    expect([...call!.indices].filter((row) => row >= 0).sort((a, b) => a - b)).toEqual([0, 1, 2, 4, 5, 6, 7])
    expect(() => bc.prepare({ ...episodes, outcomes: new Float64Array(8) }, context)).toThrow(/minOutcome/)
    learner.dispose()
  })

  it('refuses to begin without episodes', () => {
    expect(() =>
      bc.check!({ options: options({ episodes: 'none' }), spaces: spacesFor(), maxEpisodeSteps: 9 }),
    ).toThrow(expect.objectContaining({ code: 'RPR_OPTION_CONFLICT' }))
  })
})
