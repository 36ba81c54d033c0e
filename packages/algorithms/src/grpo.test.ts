/** GRPO against its equations, published vectors, finite differences and its conventions: long because every option that changes the loss has a case. */
import type { Executor, HostTree, UpdatesCall } from '@reprise/backend'
import { box, discrete, Pcg64 } from '@reprise/core'
import { memory } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import type { EpisodeGroups } from './algorithm.ts'
import { grpo } from './index.ts'
import {
  actInputs,
  bytesOf,
  episodesOf,
  expectLossGradient,
  gradientIn,
  learnerFor,
  optionsFor,
  play,
  spacesFor,
  withoutMoments,
} from './testing/fixtures.ts'

const options = (values: Record<string, unknown> = {}) =>
  optionsFor(grpo.options, { groups: 2, groupSize: 4, minibatches: 1, epochs: 1, ...values })
type Options = ReturnType<typeof options>
const prepared = (episodes: EpisodeGroups, values: Options, seed = 5, progress = 0) =>
  grpo.prepare(episodes, { options: values, rng: new Pcg64(seed), progress, spaces: spacesFor() })

/** Episodes of an older policy, so that ratios are not 1. */
async function stale(values: Options, more: Parameters<typeof episodesOf>[2] = {}) {
  const spaces = more?.spaces ?? spacesFor()
  const old = await learnerFor(grpo, values, { spaces, seed: 2 })
  const episodes = await episodesOf(old, new Pcg64(1), more)
  old.dispose()
  const learner = await learnerFor(grpo, values, { spaces, seed: 3 })
  const state = (await learner.save()) as HostTree
  ;(state['params']!.data as Float32Array).forEach((p, i, params) => {
    params[i] = 3 * p + 0.3 * Math.sin(i)
  })
  await learner.load(state)
  return { episodes, learner }
}

const gradientOf = async (learner: Executor, start: HostTree, call: UpdatesCall) => {
  await learner.load(start)
  const { metrics } = await learner.updates(call)
  return { gradient: gradientIn((await learner.save()) as HostTree), metrics }
}
const expectClose = (a: Float32Array, b: Float32Array, tolerance = 1e-5) => {
  const scale = Math.max(...b.map(Math.abs))
  expect(scale).toBeGreaterThan(0)
  a.forEach((x, i) => {
    expect(Math.abs(x - b[i]!) / scale, `element ${i}`).toBeLessThan(tolerance)
  })
}

describe('aggregation', () => {
  // Two episodes of 2 and 4 steps that lose 1 and 3 at each; longest possible 8.
  it.each([
    ['step-mean', 14 / 6],
    ['episode-mean-step-mean', 2],
    ['episode-mean-step-sum', 7],
    ['episode-mean-step-sum-norm', 14 / 16],
  ])('%s of the published vector is %d', async (aggregation, loss) => {
    const values = options({ groups: 1, groupSize: 2, aggregation })
    const learner = await learnerFor(grpo, values, { maxEpisodeSteps: 8 })
    const episodes = await episodesOf(learner, new Pcg64(1), { lengths: [2, 4], groupSize: 2 })
    const { call } = prepared(episodes, values)
    // At ratio 1 a step loses minus its advantage.
    ;(call!.columns['advantage'] as Float32Array).set([-1, -1, -3, -3, -3, -3])
    const { metrics } = await learner.updates(call!)
    expect(metrics['policyLoss']![0]).toBeCloseTo(loss, 5)
    learner.dispose()
  })

  it('needs a length to divide by', async () => {
    const build = (values: Options, maxEpisodeSteps?: number) =>
      grpo.build({ spaces: spacesFor(), options: values, rng: new Pcg64(1), maxEpisodeSteps })
    const values = options({ aggregation: 'episode-mean-step-sum-norm' })
    expect(() => build(values)).toThrow(expect.objectContaining({ code: 'RPR_OPTION_CONFLICT' }))
    expect(() => build(options({ aggregation: 'episode-mean-step-sum-norm', normLength: 5 }))).not.toThrow()
  })
})

describe('the loss', () => {
  it('at the first update is minus the mean advantage of the steps: 0 for episodes of equal length', async () => {
    const values = options()
    const learner = await learnerFor(grpo, values)
    const episodes = await episodesOf(learner, new Pcg64(1), { lengths: [3, 3, 3, 3], groupSize: 4 })
    const { metrics } = await learner.updates(prepared(episodes, values).call!)
    expect(metrics['policyLoss']![0]).toBeCloseTo(0, 5)
    expect(metrics['gradNorm']![0]).toBeGreaterThan(0.01)
    expect(metrics['approxKl']![0]).toBeCloseTo(0, 5)
    learner.dispose()
  })

  it.each([
    ['as it is by default', {}],
    ['with clipping on both sides, dual clip', { clipLow: 0.1, clipHigh: 0.15, dualClip: 1.3 }],
    ['of sequences', { ratio: 'sequence', aggregation: 'episode-mean-step-mean' }],
    ['with k2 and entropy', { klCoef: 0.3, klKind: 'k2', entropyCoef: 0.2 }],
    ['with k3', { klCoef: 0.3, aggregation: 'episode-mean-step-sum' }],
    ['with k1', { klCoef: 0.3, klKind: 'k1' }],
    ['of continuous actions', { klCoef: 0.1, entropyCoef: 0.1 }, spacesFor(box({ low: -1, high: 1, shape: [2] }))],
  ])('has the gradient of finite differences: %s', async (_, more, spaces = spacesFor()) => {
    const values = options({ maxGradNorm: null, hidden: [4], learningRate: 1e-9, ...more })
    const { episodes, learner } = await stale(values, { spaces })
    const { call } = prepared(episodes, values)
    await expectLossGradient(learner, call!)
    learner.dispose()
  })

  it('weighs whole sequences by the exponent of their mean log-ratio', async () => {
    const values = options({ ratio: 'sequence', aggregation: 'episode-mean-step-mean', clipLow: 0.5, clipHigh: 9 })
    const { episodes, learner } = await stale(values)
    const { call } = prepared(episodes, values)
    const now = await logProbs(learner, episodes)
    const { metrics } = await learner.updates(call!)
    const advantage = call!.columns['advantage']!
    let loss = 0
    for (let e = 0; e < 8; e++) {
      const [from, to] = [episodes.offsets[e]!, episodes.offsets[e + 1]!]
      let mean = 0
      for (let t = from; t < to; t++) mean += (now[t]! - episodes.columns['logProb']![t]!) / (to - from)
      const a = advantage[from]!
      const ratio = Math.exp(mean)
      loss -= Math.min(ratio * a, Math.min(Math.max(ratio, 0.5), 10) * a) / 8
    }
    expect(metrics['policyLoss']![0]).toBeCloseTo(loss, 4)
    learner.dispose()
  })

  it.each(['k1', 'k2', 'k3'] as const)(
    'measures %s from the reference, which is the initial policy',
    async (klKind) => {
      const values = options({ klCoef: 0.5, klKind })
      const { episodes, learner } = await stale(values)
      const now = await logProbs(learner, episodes)
      const { metrics } = await learner.updates(prepared(episodes, values).call!)
      const kl = now.map((logProb, t) => {
        const d = episodes.columns['referenceLogProb']![t]! - logProb
        return klKind === 'k1' ? -d : klKind === 'k2' ? d ** 2 / 2 : Math.exp(d) - d - 1
      })
      const mean = kl.reduce((a, b) => a + b, 0) / kl.length
      expect(metrics['kl']![0]).toBeCloseTo(mean, 4)
      expect(metrics['loss']![0]).toBeCloseTo(metrics['policyLoss']![0]! + 0.5 * mean, 4)
      learner.dispose()
    },
  )

  it('counts clipped steps by side', async () => {
    const values = options({ clipLow: 0.1, clipHigh: 0.1 })
    const { episodes, learner } = await stale(values)
    const { call } = prepared(episodes, values)
    const now = await logProbs(learner, episodes)
    const { metrics } = await learner.updates(call!)
    const share = (test: (ratio: number, advantage: number) => boolean) =>
      now.filter((l, t) => test(Math.exp(l - episodes.columns['logProb']![t]!), call!.columns['advantage']![t]!))
        .length / now.length
    const low = share((r, a) => r < 0.9 && a < 0)
    const high = share((r, a) => r > 1.1 && a > 0)
    expect(low + high).toBeGreaterThan(0)
    expect(metrics['clipLow']![0]).toBeCloseTo(low, 5)
    expect(metrics['clipHigh']![0]).toBeCloseTo(high, 5)
    expect(grpo.report(metrics)['train/clip_ratio_region']).toBeCloseTo(low + high, 5)
    learner.dispose()
  })
})

describe('rows', () => {
  it.each(['step', 'sequence'] as const)(
    'padding and cutting into calls change no gradient (ratio of each %s)',
    async (ratio) => {
      const values = options({ ratio, maxGradNorm: null, klCoef: 0.1, entropyCoef: 0.1 })
      const { episodes, learner } = await stale(values)
      const call = prepared(episodes, values).call!
      const start = withoutMoments((await learner.save()) as HostTree)
      const rows = episodes.offsets[8]!
      expect(call.batchSize).toBe(256)
      const padded = await gradientOf(learner, start, call)
      const exact = await gradientOf(learner, start, {
        ...call,
        batchSize: rows,
        indices: Int32Array.from({ length: rows }, (_, i) => i),
      })
      expectClose(padded.gradient, exact.gradient)
      expect(padded.metrics['loss']![0]).toBeCloseTo(exact.metrics['loss']![0]!, 5)

      // Three calls of whole episodes: 3 + 1 + 4, 2 + 5, 2 + 3 + 1 rows.
      const { lossScale, inverseRows } = call.schedule as Record<string, Float32Array>
      const three = (x: Float32Array) => new Float32Array(3).fill(x[0]!)
      const indices = new Int32Array(24).fill(-1)
      for (const [i, e] of [0, 3, 5].entries()) {
        const [from, to] = [episodes.offsets[e]!, episodes.offsets[[3, 5, 8][i]!]!]
        for (let row = from; row < to; row++) indices[8 * i + row - from] = row
      }
      const cut = await gradientOf(learner, start, {
        ...call,
        batchSize: 8,
        indices,
        schedule: {
          ...call.schedule,
          lossScale: three(lossScale!),
          inverseRows: three(inverseRows!),
          apply: Float32Array.of(0, 0, 1),
        },
      })
      expectClose(cut.gradient, exact.gradient)
      expect(grpo.report(cut.metrics)['train/loss']).toBeCloseTo(exact.metrics['loss']![0]!, 5)
      expect(grpo.report(cut.metrics)['train/entropy']).toBeCloseTo(exact.metrics['entropy']![0]!, 5)
      learner.dispose()
    },
  )

  it('without a step keep every bit but the gradient that adds up', async () => {
    const values = options()
    const { episodes, learner } = await stale(values)
    const { call } = prepared(episodes, values)
    const before = bytesOf((await learner.save()) as HostTree)
    await learner.updates({ ...call!, schedule: { ...call!.schedule, apply: 0 } })
    const { accumulated: now, ...kept } = bytesOf((await learner.save()) as HostTree)
    const { accumulated: then, ...rest } = before
    expect(kept).toEqual(rest)
    expect(now).not.toEqual(then)
    await learner.updates(call!)
    expect(bytesOf((await learner.save()) as HostTree)['accumulated']).toEqual(then)
    learner.dispose()
  })
})

describe('prepare', () => {
  const lengths = [2, 2, 2, 2, 3, 3, 3, 3]
  const withReturns = async (values: Options, more: Parameters<typeof episodesOf>[2] = {}) => {
    const learner = await learnerFor(grpo, values)
    const episodes = await episodesOf(learner, new Pcg64(1), { lengths, ...more })
    learner.dispose()
    return episodes
  }
  const trainedRows = (call: UpdatesCall | undefined) =>
    [...new Set(call?.indices ?? [])].filter((row) => row >= 0).sort((a, b) => a - b)

  it('leaves groups of equal rewards out, and counts them', async () => {
    const returns = [1, 1, 1, 1, 0, 1, 0, 0]
    const values = options()
    const { call, metrics } = prepared(await withReturns(values, { returns }), values)
    expect(trainedRows(call)).toEqual(Array.from({ length: 12 }, (_, i) => 8 + i))
    expect(metrics).toMatchObject({
      'group/frac_zero_std': 0.5,
      'group/zero_variance_groups': 1,
      'episodes/trained': 4,
    })
    expect((call!.schedule['lossScale'] as Float32Array)[0]).toBeCloseTo(1 / 12)
    const keep = options({ skipZeroVariance: false })
    expect(trainedRows(prepared(await withReturns(keep, { returns }), keep).call).length).toBe(20)
  })

  it('has nothing to update where no group carries a signal', async () => {
    const values = options()
    const { call, metrics } = prepared(await withReturns(values, { returns: [1, 1, 1, 1, 2, 2, 2, 2] }), values)
    expect(call).toBeUndefined()
    expect(metrics['group/frac_zero_std']).toBe(1)
  })

  it('leaves truncated episodes out of training, not out of their group', async () => {
    const values = options({ maskTruncated: true, advantage: 'mean' })
    const returns = [4, 0, 0, 0, 1, 2, 3, 4]
    const { call, metrics } = prepared(
      await withReturns(values, { returns, truncated: [1, 0, 0, 0, 0, 0, 0, 0] }),
      values,
    )
    expect(trainedRows(call)[0]).toBe(2)
    expect(call!.columns['advantage']![2]).toBe(-1)
    expect(metrics['episodes/truncated_share']).toBe(1 / 8)
  })

  it.each([
    [{ advantage: 'mean' }, [0.75, -0.25]],
    [{ advantage: 'leave-one-out' }, [1, -1 / 3]],
    [{ advantage: 'group-std', stdKind: 'population', advantageEpsilon: 0 }, [1.7321, -0.5774]],
    [{ advantage: 'group-std', stdKind: 'sample', advantageEpsilon: 0 }, [1.5, -0.5]],
    [{ advantage: 'batch-std', stdKind: 'population', advantageEpsilon: 0 }, [0.75 / 0.4330127, -0.25 / 0.4330127]],
  ])('gives every step its episode the advantage of %j', async (more, [win, lose]) => {
    const values = options(more)
    const { call } = prepared(await withReturns(values, { returns: [1, 0, 0, 0, 0, 0, 0, 1] }), values)
    const advantage = call!.columns['advantage']!
    expect(advantage[0]).toBeCloseTo(win!, 3)
    expect(advantage[1]).toBeCloseTo(win!, 3)
    expect(advantage[2]).toBeCloseTo(lose!, 3)
    expect(advantage[19]).toBeCloseTo(win!, 3)
  })

  it('adds reward functions by weight, and reports each', async () => {
    const values = options({ rewardWeights: { return: 1, length: -0.5, outcome: 2 }, advantage: 'mean' })
    const episodes = await withReturns(values, { returns: [1, 0, 0, 0, 0, 0, 0, 0] })
    episodes.outcomes.set([0, 1, 0, 0, 0, 0, 0, 0])
    const { metrics } = prepared(episodes, values)
    expect(metrics['reward/outcome/mean']).toBe(1 / 8)
    expect(metrics['reward/length/mean']).toBe(2.5)
    expect(metrics['reward/length/std']).toBe(0.5)
    expect(metrics['reward/mean']).toBeCloseTo(1 / 8 - 1.25 + 2 / 8)
  })

  it('refuses outcomes that the environment does not report, and unknown rewards', async () => {
    const values = options({ rewardWeights: { outcome: 1 } })
    const episodes = await withReturns(values)
    expect(() => prepared(episodes, values)).toThrow(expect.objectContaining({ code: 'RPR_ENV_UNSUPPORTED' }))
    expect(() => grpo.informative(episodes, values)).toThrow(/outcome/)
    const check = (weights: object) =>
      grpo.check!({ spaces: spacesFor(), options: options({ rewardWeights: weights }), maxEpisodeSteps: 9 })
    expect(() => check({ outcom: 1 })).toThrow(/Did you mean 'outcome'/)
    expect(() => check({ return: 0 })).toThrow(expect.objectContaining({ code: 'RPR_OPTION_CONFLICT' }))
  })

  it('takes the KL from the reward where asked to', async () => {
    const values = options({ klCoef: 0.5, klPlace: 'reward', klKind: 'k2', advantage: 'mean' })
    const { episodes, learner } = await stale(values, { lengths, returns: [1, 0, 0, 0, 0, 0, 0, 1] })
    const { logProb, referenceLogProb } = episodes.columns
    // The old policy is its own reference: make the two differ.
    ;(referenceLogProb as Float32Array).forEach((l, t, all) => {
      all[t] = l - 0.1 * (t % 5)
    })
    const rewards = Array.from(episodes.returns, (r, e) => {
      let kl = 0
      for (let t = episodes.offsets[e]!; t < episodes.offsets[e + 1]!; t++)
        kl += (referenceLogProb![t]! - logProb![t]!) ** 2 / 2
      return r - 0.5 * kl
    })
    const { call, metrics } = prepared(episodes, values)
    const taken = Array.from(episodes.returns, (r, e) => (r - rewards[e]!) / 0.5).reduce((a, b) => a + b)
    expect(metrics['train/kl']).toBeCloseTo(taken / episodes.offsets[episodes.numEpisodes]!, 10)
    const mean = (rewards[0]! + rewards[1]! + rewards[2]! + rewards[3]!) / 4
    expect(call!.columns['advantage']![0]).toBeCloseTo(rewards[0]! - mean, 5)
    expect(call!.columns['referenceLogProb']).toBeUndefined()
    expect((await learner.updates(call!)).metrics['kl']).toBeUndefined()
    learner.dispose()
  })

  it('says which groups carry a signal', async () => {
    const values = options()
    const episodes = await withReturns(values, { returns: [1, 1, 1, 1, 0, 1, 0, 0] })
    expect(Array.from(grpo.informative(episodes, values))).toEqual([0, 0, 0, 0, 1, 1, 1, 1])
  })

  it('describes episodes without their rows: rewards, groups, lengths', async () => {
    const values = options()
    const episodes = await withReturns(values, { returns: [1, 1, 1, 1, 0, 1, 0, 0] })
    const described = grpo.describe({ ...episodes, columns: {} }, values)
    expect(described).toMatchObject({ 'reward/mean': 5 / 8, 'group/frac_zero_std': 0.5, 'episodes/failed': 0 })
    expect(prepared(episodes, values).metrics).toMatchObject(described)
  })

  it('says which groups fail or succeed whole, where outcomes are known', async () => {
    const values = options()
    const episodes = await withReturns(values, { returns: [1, 1, 1, 1, 0, 0, 0, 0] })
    const known = { ...episodes, outcomes: Float64Array.from(episodes.returns) }
    expect(grpo.describe(known, values)).toMatchObject({ 'group/frac_all_fail': 0.5, 'group/frac_all_success': 0.5 })
    known.outcomes[7] = 1
    expect(grpo.describe(known, values)).toMatchObject({ 'group/frac_all_fail': 0, 'group/frac_all_success': 0.5 })
    known.outcomes.fill(Number.NaN)
    expect(grpo.describe(known, values)).not.toHaveProperty('group/frac_all_fail')
  })

  it('calls logStdInit inert where actions have no deviation', () => {
    expect(Object.keys(grpo.inert!(spacesFor(discrete(3))))).toEqual(['logStdInit'])
    expect(grpo.inert!(spacesFor(box({ low: -1, high: 1, shape: [2] })))).toEqual({})
  })

  it('counts lengths and failures', async () => {
    const values = options()
    const { metrics } = prepared({ ...(await withReturns(values)), failedEpisodes: 3 }, values)
    expect(metrics).toMatchObject({
      'episodes/length_mean': 2.5,
      'episodes/length_min': 2,
      'episodes/length_max': 3,
      'episodes/failed': 3,
    })
  })
})

describe('the reference', () => {
  it('stays the initial policy, or moves by its share after each batch', async () => {
    for (const referenceMixing of [0, 0.25]) {
      const values = options({ klCoef: 0.1, referenceMixing, epochs: 2 })
      const learner = await learnerFor(grpo, values)
      const initial = (await learner.save()) as HostTree
      expect(initial['reference']!.data).toEqual(initial['params']!.data)
      await learner.updates(prepared(await episodesOf(learner, new Pcg64(1)), values).call!)
      const { params, reference } = (await learner.save()) as HostTree
      reference!.data.forEach((r, i) => {
        const from = initial['params']!.data[i]!
        expect(r).toBeCloseTo(from + referenceMixing * (params!.data[i]! - from), 6)
      })
      learner.dispose()
    }
  })
})

describe('the program', () => {
  it('holds as many tensors after 1000 updates as before', async () => {
    const values = options({
      hidden: [4],
      klCoef: 0.1,
      referenceMixing: 0.1,
      entropyCoef: 0.01,
      ratio: 'sequence',
      dualClip: 3,
    })
    const learner = await learnerFor(grpo, values, { executor: 'eager:wasm' })
    const { call } = prepared(await episodesOf(learner, new Pcg64(1)), values)
    const small = { ...call!, batchSize: 24, indices: call!.indices.subarray(0, 24) }
    await learner.updates(small)
    const before = memory().numTensors
    for (let i = 0; i < 1000; i++) await learner.updates(small)
    expect(memory().numTensors).toBe(before)
    learner.dispose()
  })

  it.each([
    ['steps', { ratio: 'step' }],
    ['sequences', { ratio: 'sequence', aggregation: 'episode-mean-step-mean', advantage: 'leave-one-out' }],
  ])('learns which of three actions fits the observation, by ratios of %s', async (_, more) => {
    const values = options({
      groups: 16,
      groupSize: 8,
      epochs: 2,
      minibatches: 4,
      learningRate: 0.01,
      hidden: [16],
      ...more,
    })
    const spaces = spacesFor(discrete(3))
    const learner = await learnerFor(grpo, values, { spaces, executor: 'eager:wasm' })
    const rng = new Pcg64(7)
    const best = (o: Float32Array) => o.indexOf(Math.max(...o))
    for (let iteration = 0; iteration < 40; iteration++) {
      // A group: eight episodes of one step from the same observation.
      const inputs = actInputs(rng, 128, spaces)
      const observation = inputs['observation'] as Float32Array
      for (let row = 0; row < 128; row++)
        observation.copyWithin(3 * row, 24 * Math.floor(row / 8), 24 * Math.floor(row / 8) + 3)
      const out = await learner.act(inputs)
      const episodes: EpisodeGroups = {
        numEpisodes: 128,
        columns: { observation, ...out },
        offsets: Int32Array.from({ length: 129 }, (_, i) => i),
        group: Int32Array.from({ length: 128 }, (_, i) => Math.floor(i / 8)),
        returns: Float64Array.from({ length: 128 }, (_, row) =>
          out['action']![row] === best(observation.subarray(3 * row, 3 * row + 3)) ? 1 : 0,
        ),
        outcomes: new Float64Array(128),
        truncated: new Uint8Array(128),
        taskIds: new Float64Array(128),
        failedEpisodes: 0,
      }
      const { call } = grpo.prepare(episodes, { options: values, rng, progress: 0, spaces })
      if (call) await learner.updates(call)
    }
    const { columns } = await play(learner, new Pcg64(99), 256, spaces)
    const { action } = await learner.decide({ observation: columns['observation']! })
    const right = action!.filter(
      (a, row) => a === best((columns['observation'] as Float32Array).subarray(3 * row, 3 * row + 3)),
    ).length
    expect(right / 256).toBeGreaterThan(0.9)
    learner.dispose()
  })
})

describe('options', () => {
  it.each([
    [{ advantage: 'mean', stdKind: 'population' }, 'stdKind'],
    [{ advantage: 'leave-one-out', advantageEpsilon: 1 }, 'advantageEpsilon'],
    [{ klKind: 'k1' }, 'klKind'],
    [{ klPlace: 'reward' }, 'klPlace'],
    [{ referenceMixing: 0.5 }, 'referenceMixing'],
    [{ normLength: 5 }, 'normLength'],
    [{ epochs: 1, minibatches: 1, clipLow: 0.1 }, 'clipLow'],
    [{ epochs: 1, minibatches: 1, clipHigh: 0.1 }, 'clipHigh'],
    [{ epochs: 1, minibatches: 1, dualClip: 3 }, 'dualClip'],
    [{ maxBatches: 2, skipZeroVariance: false }, 'skipZeroVariance'],
  ])('refuse what would have no effect: %j', (values, name) => {
    expect(() => optionsFor(grpo.options, values, 'file')).toThrow(
      expect.objectContaining({ code: 'RPR_OPTION_INERT', message: expect.stringContaining(`'${name}'`) }),
    )
  })

  it.each([
    [{ minibatches: 9 }, /'minibatches' = 9 exceeds the 8 episodes/],
    [{ dualClip: 1.1 }, /'dualClip' = 1.1 lies inside/],
  ])('refuse contradictions: %j', (values, message) => {
    const check = () => grpo.check!({ spaces: spacesFor(), options: options(values), maxEpisodeSteps: 9 })
    expect(check).toThrow(message)
    expect(check).toThrow(expect.objectContaining({ code: 'RPR_OPTION_CONFLICT' }))
  })

  it('warn of odd choices', () => {
    const check = (values: object) =>
      grpo.check!({ spaces: spacesFor(), options: options({ ...values }), maxEpisodeSteps: 9 })
    expect(check({ klCoef: 1, klKind: 'k1' })[0]).toMatch(/gradient of mean 0/)
    expect(check({ ratio: 'sequence' })[0]).toMatch(/long episodes/)
    expect(check({})).toEqual([])
  })

  it('give how much to collect', () => {
    expect(grpo.collection(options({ maxBatches: 3 }))).toEqual({ groups: 2, groupSize: 4, maxBatches: 3 })
  })
})

/** The learner's log-probabilities of the stored discrete actions. */
async function logProbs(learner: Executor, { columns }: EpisodeGroups): Promise<number[]> {
  const action = columns['action']!
  const found = new Array<number>(action.length)
  for (let k = 0; k <= 200; k++) {
    const out = await learner.act({
      observation: columns['observation']!,
      noise: new Float32Array(action.length).fill(Math.min(k / 200, 0.9999)),
    })
    out['action']!.forEach((a, row) => {
      if (a === action[row]) found[row] = out['logProb']![row]!
    })
  }
  return found
}
