/** What replay changes in the loss of GRPO, against the published vectors and formulas in plain JavaScript. */
import type { Executor, ExecutorName, HostTree, UpdatesCall } from '@reprise/backend'
import { box, Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import type { EpisodeGroups } from './algorithm.ts'
import { arpo, grpo } from './index.ts'
import {
  actInputs,
  bytesOf,
  episodesOf,
  expectLossGradient,
  learnerFor,
  optionsFor,
  spacesFor,
} from './testing/fixtures.ts'
import { tensorFlowExecutors } from './testing/tensorflow-executors.ts'

const options = (values: Record<string, unknown> = {}) =>
  optionsFor(arpo.options, { groups: 2, groupSize: 4, minibatches: 1, epochs: 1, maxGradNorm: null, ...values })
type Options = ReturnType<typeof options>
const spaces = spacesFor()
const prepared = (episodes: EpisodeGroups, values: Options) =>
  arpo.prepare(episodes, { options: values, rng: new Pcg64(5), progress: 0, spaces })

/** Episodes of which 0 and 5 were replayed, played by a policy that is not the learner's. */
async function stale(values: Options) {
  const old = await learnerFor(arpo, values, { seed: 2 })
  const episodes = await episodesOf(old, new Pcg64(1))
  old.dispose()
  const learner = await learnerFor(arpo, values, { seed: 3 })
  const state = (await learner.save()) as HostTree
  ;(state['params']!.data as Float32Array).forEach((p, i, params) => {
    params[i] = 3 * p + 0.3 * Math.sin(i)
  })
  await learner.load(state)
  const replayed = Uint8Array.of(1, 0, 0, 0, 0, 1, 0, 0)
  return { learner, episodes: { ...episodes, replay: { replayed } } satisfies EpisodeGroups }
}

async function scored(learner: Executor, { columns }: EpisodeGroups) {
  const { observation, action } = columns
  const out = await learner.score({ observation: observation!, action: action! })
  return { logProb: Float32Array.from(out['logProb']!), entropy: Float32Array.from(out['entropy']!) }
}

const lossOf = async (learner: Executor, call: UpdatesCall) => (await learner.updates(call)).metrics['policyLoss']![0]!

/** Mean over rows of what each loses. */
const meanOver = (rows: ArrayLike<number>, lose: (row: number) => number) =>
  Array.from(rows, (_, row) => lose(row)).reduce((a, b) => a + b, 0) / rows.length

describe('the defaults of ARPO', () => {
  it.each([
    [1.5, 1, -1.3],
    [1.5, -1, 1.5],
    [4, -1, 3],
    [0.5, -1, 0.8],
    [0.5, 1, -0.5],
  ])('ratio %d and advantage %d lose %d', async (ratio, advantage, loss) => {
    const values = options()
    const learner = await learnerFor(arpo, values)
    const episodes = await episodesOf(learner, new Pcg64(1), { lengths: [1, 1], groupSize: 2, returns: [0, 1] })
    const { call } = prepared(episodes, values)
    const now = await scored(learner, episodes)
    for (let t = 0; t < 2; t++) {
      ;(call!.columns['logProb'] as Float32Array)[t] = now.logProb[t]! - Math.log(ratio)
      ;(call!.columns['advantage'] as Float32Array)[t] = advantage
    }
    expect(await lossOf(learner, call!)).toBeCloseTo(loss, 4)
    learner.dispose()
  })

  it.each([
    [1, 2.4749, -0.3536],
    [2, 1.6202, -0.5401],
    [4, 0.9354, -0.9354],
    [7, 0.3536, -2.4749],
  ])('%d successes of 8: advantages %d and %d, by the sample deviation', async (k, success, failure) => {
    const values = options({ groupSize: 8 })
    const learner = await learnerFor(arpo, values)
    const returns = Array.from({ length: 8 }, (_, i) => (i < k ? 1 : 0))
    const episodes = await episodesOf(learner, new Pcg64(1), { lengths: returns.map(() => 2), groupSize: 8, returns })
    arpo.judge!(episodes, values).advantages.forEach((advantage, e) => {
      expect(advantage).toBeCloseTo(e < k ? success : failure, 4)
    })
    learner.dispose()
  })
})

it.each(['stored', 'recompute'])(
  'enabled false: program, batch and update are those of GRPO, bit for bit: oldLogProb %s',
  async (oldLogProb) => {
    const shared = {
      oldLogProb,
      groups: 2,
      groupSize: 4,
      minibatches: 2,
      klCoef: 0.1,
      ratio: 'sequence',
      dualClip: 3,
      clipHigh: 0.3,
    }
    const values = optionsFor(arpo.options, { ...shared, advantageEpsilon: 1e-6, enabled: false })
    const plain = optionsFor(grpo.options, { ...shared, advantageEpsilon: 1e-6 })
    const [a, b] = [await learnerFor(arpo, values), await learnerFor(grpo, plain)]
    const episodes = await episodesOf(b, new Pcg64(1))
    const context = { progress: 0, spaces }
    const ours = arpo.prepare(episodes, { ...context, options: values, rng: new Pcg64(5) })
    const theirs = grpo.prepare(episodes, { ...context, options: plain, rng: new Pcg64(5) })
    expect(ours).toEqual(theirs)
    expect(await a.updates(ours.call!)).toEqual(await b.updates(theirs.call!))
    expect(bytesOf((await a.save()) as HostTree)).toEqual(bytesOf((await b.save()) as HostTree))
    expect(arpo.episodeReplay!(values)).toBeUndefined()
    a.dispose()
    b.dispose()
  },
)

it('ratios of sequences hold for as many whole groups as a batch can get, however few are played', async () => {
  const shared = { ratio: 'sequence', replayUse: 'wholeGroups', trigger: 'always', replayPlace: 'append', groupSize: 2 }
  const losses = [1, 4].map(async (groups) => {
    const values = options({ ...shared, groups, maxReplayPerGroup: 3, minibatches: 1 })
    const { learner, episodes } = await stale(values)
    const loss = await lossOf(learner, prepared(episodes, values).call!)
    learner.dispose()
    return loss
  })
  expect(await losses[0]).toBe(await losses[1])
})

describe('replayed rows', () => {
  it('decoupled: the ratio to the policy that acted, clipped around the policy of now', async () => {
    const values = options({ clipLow: 0.1, clipHigh: 0.1, dualClip: null })
    const { learner, episodes } = await stale(values)
    const mu = Float32Array.from(episodes.columns['logProb']!)
    // The policy of now, a little before the one that learns.
    const then = await scored(learner, episodes)
    const proximal = then.logProb.map((logProb, t) => logProb + 0.2 * Math.sin(3 * t))
    const isReplayed = (row: number) => episodes.replay.replayed[episodeOf(episodes, row)] === 1
    const logProb = mu.map((_, t) => proximal[t]!)
    const correction = mu.map((m, t) => (isReplayed(t) ? Math.exp(proximal[t]! - m) : 1))
    const advantages = arpo.judge!(episodes, values).advantages
    const batch = { ...episodes, columns: { ...episodes.columns, logProb }, replay: { ...episodes.replay, correction } }
    const loss = await lossOf(learner, prepared(batch, values).call!)
    const expected = meanOver(mu, (t) => {
      const a = advantages[episodeOf(episodes, t)]!
      const behaviour = isReplayed(t) ? mu[t]! : proximal[t]!
      const rho = Math.exp(then.logProb[t]! - behaviour)
      const centre = Math.exp(proximal[t]! - behaviour)
      return Math.max(-a * rho, -a * Math.min(Math.max(rho, 0.9 * centre), 1.1 * centre))
    })
    expect(loss).toBeCloseTo(expected, 4)
    learner.dispose()
  })

  it('shaping: replayed steps lose -A r / (r + c), fresh ones as ever', async () => {
    const values = options({ shaping: 0.1, learningRate: 1e-9, hidden: [4] })
    const { learner, episodes } = await stale(values)
    const mu = Float32Array.from(episodes.columns['logProb']!)
    const { call } = prepared(episodes, values)
    const now = await scored(learner, episodes)
    const advantages = arpo.judge!(episodes, values).advantages
    const expected = meanOver(mu, (t) => {
      const e = episodeOf(episodes, t)
      const a = advantages[e]!
      const r = Math.exp(now.logProb[t]! - mu[t]!)
      if (episodes.replay.replayed[e]) return (-a * r) / (r + 0.1)
      const loss = Math.max(-a * r, -a * Math.min(Math.max(r, 0.8), 1.3))
      return a < 0 ? Math.min(loss, -3 * a) : loss
    })
    expect(await lossOf(learner, call!)).toBeCloseTo(expected, 4)
    await expectLossGradient(learner, call!)
    learner.dispose()
  })

  it('replayLoss imitation: replayed steps lose -log pi, whatever their ratio and advantage, fresh ones as ever', async () => {
    const values = options({ replayLoss: 'imitation', learningRate: 1e-9, hidden: [4] })
    const { learner, episodes } = await stale(values)
    const mu = Float32Array.from(episodes.columns['logProb']!)
    const { call } = prepared(episodes, values)
    const now = await scored(learner, episodes)
    const advantages = arpo.judge!(episodes, values).advantages
    const expected = meanOver(mu, (t) => {
      const e = episodeOf(episodes, t)
      if (episodes.replay.replayed[e]) return -now.logProb[t]!
      const a = advantages[e]!
      const r = Math.exp(now.logProb[t]! - mu[t]!)
      const loss = Math.max(-a * r, -a * Math.min(Math.max(r, 0.8), 1.3))
      return a < 0 ? Math.min(loss, -3 * a) : loss
    })
    expect(await lossOf(learner, call!)).toBeCloseTo(expected, 4)
    await expectLossGradient(learner, call!)
    learner.dispose()
  })

  it('replayWeight: the mean over the fresh plus the weighted mean over the replayed', async () => {
    for (const aggregation of ['step-mean', 'episode-mean-step-mean'] as const) {
      const values = options({ replayWeight: 0.7, aggregation, clipHigh: 50, clipLow: 1, dualClip: null })
      const { learner, episodes } = await stale(values)
      const { call } = prepared(episodes, values)
      const now = await scored(learner, episodes)
      const mu = Float32Array.from(episodes.columns['logProb']!)
      const advantages = arpo.judge!(episodes, values).advantages
      const mean = (kind: number) => {
        let sum = 0
        let weight = 0
        mu.forEach((m, t) => {
          const e = episodeOf(episodes, t)
          if (episodes.replay.replayed[e] !== kind) return
          const w = aggregation === 'step-mean' ? 1 : 1 / (episodes.offsets[e + 1]! - episodes.offsets[e]!)
          sum -= w * advantages[e]! * Math.exp(now.logProb[t]! - m)
          weight += w
        })
        return sum / weight
      }
      expect(await lossOf(learner, call!)).toBeCloseTo(mean(0) + 0.7 * mean(1), 4)
      learner.dispose()
    }
  })

  it('klOnReplayed false: the KL term counts fresh steps alone', async () => {
    const values = options({ klCoef: 0.5, klKind: 'k2', klOnReplayed: false })
    const { learner, episodes } = await stale(values)
    const reference = Float32Array.from(episodes.columns['referenceLogProb']!)
    const now = await scored(learner, episodes)
    const { call } = prepared(episodes, values)
    const { metrics } = await learner.updates(call!)
    const kl = meanOver(reference, (t) =>
      episodes.replay.replayed[episodeOf(episodes, t)] ? 0 : (reference[t]! - now.logProb[t]!) ** 2 / 2,
    )
    expect(metrics['loss']![0]! - metrics['policyLoss']![0]!).toBeCloseTo(0.5 * kl, 4)
    learner.dispose()
  })

  it('frozen advantages hold, and are trained on though their group has no signal', async () => {
    const values = options()
    const learner = await learnerFor(arpo, values)
    const episodes = await episodesOf(learner, new Pcg64(1), { returns: [0, 0, 0, 0, 1, 0, 0, 0] })
    const frozen = Float64Array.of(
      2,
      Number.NaN,
      Number.NaN,
      Number.NaN,
      Number.NaN,
      Number.NaN,
      Number.NaN,
      Number.NaN,
    )
    const replay = { replayed: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), frozen }
    const { call, metrics } = prepared({ ...episodes, replay }, values)
    expect(metrics['episodes/trained']).toBe(5)
    expect([...call!.columns['advantage']!.subarray(0, 3)]).toEqual([2, 2, 2])
    learner.dispose()
  })
})

it('EFRame leaves out what has little advantage, more of it in the second round, and successes that were cut off', async () => {
  const values = options({
    groups: 1,
    groupSize: 8,
    advantage: 'mean',
    minAdvantage: 0.05,
    extraEpisodes: 4,
    minAdvantageExtra: 1,
    dropTruncatedPositive: true,
  })
  const learner = await learnerFor(arpo, values)
  // Mean 1: advantages 0.04, 0.5, -0.6, 0.5, 0.5, 2, -2.94, 0.
  const returns = [1.04, 1.5, 0.4, 1.5, 1.5, 3, -1.94, 1]
  const truncated = [0, 0, 1, 1, 0, 0, 0, 0]
  const episodes = await episodesOf(learner, new Pcg64(1), { groupSize: 8, returns, truncated })
  const { call } = prepared({ ...episodes, extra: Uint8Array.of(0, 0, 0, 0, 1, 1, 1, 1) }, values)
  const trained = new Set([...call!.indices].filter((row) => row >= 0).map((row) => episodeOf(episodes, row)))
  expect([...trained].sort()).toEqual([1, 2, 5, 6])
  learner.dispose()
})

it('plays a second round where nothing was learned and nothing succeeded', async () => {
  const values = options({ extraEpisodes: 3, extraTemperature: 1.2 })
  const learner = await learnerFor(arpo, values)
  const episodes = await episodesOf(learner, new Pcg64(1), { returns: [0, 0, 0, 0, 1, 1, 1, 1] })
  expect(arpo.secondRound!(episodes, values)).toEqual({ groups: [0], episodes: 3, temperature: 1.2 })
  expect(arpo.secondRound!(episodes, options())).toBeUndefined()
  learner.dispose()
})

it('tempered: logits are divided by the temperature, deviations of continuous actions multiplied', async () => {
  const rng = new Pcg64(4)
  for (const action of [spacesFor().action, box({ low: -9, high: 9, shape: [2] })]) {
    const own = spacesFor(action)
    const values = options({ hidden: [8], enabled: true })
    const learner = await learnerFor(arpo, values, { spaces: own })
    const state = (await learner.save()) as HostTree
    ;(state['params']!.data as Float32Array).forEach((_, i, params) => {
      params[i] = Math.sin(7 * i)
    })
    await learner.load(state)
    const { observation } = actInputs(rng, 1, own)
    const entropyAt = async (temperature: number) => {
      await learner.load(arpo.tempered!(state, temperature, { options: values, spaces: own, maxEpisodeSteps: 9 }))
      const choices = action.kind === 'Box' ? [Float32Array.of(0.3, -0.2)] : [0, 1, 2].map((a) => Int32Array.of(a))
      const logProbs: number[] = []
      let entropy = 0
      for (const choice of choices) {
        const out = await learner.score({ observation: observation as Float32Array, action: choice })
        logProbs.push(out['logProb']![0]!)
        entropy = out['entropy']![0]!
      }
      return { logProbs, entropy }
    }
    const [cold, hot] = [await entropyAt(1), await entropyAt(2)]
    if (action.kind === 'Box') expect(hot.entropy - cold.entropy).toBeCloseTo(2 * Math.log(2), 4)
    else {
      const weights = cold.logProbs.map((x) => Math.exp(x / 2))
      const total = weights.reduce((a, b) => a + b, 0)
      hot.logProbs.forEach((x, i) => {
        expect(Math.exp(x)).toBeCloseTo(weights[i]! / total, 4)
      })
    }
    learner.dispose()
  }
})

const EXECUTORS: readonly ExecutorName[] = ['eager:cpu', 'wasm', 'onnx', ...(await tensorFlowExecutors())]

it('scores stored decisions the same on every executor', { timeout: 300_000, tags: 'own-executor' }, async () => {
  const values = options({ klCoef: 0.1 })
  const masked = spacesFor(undefined, 3)
  const reference = await learnerFor(arpo, values, { spaces: masked })
  const episodes = await episodesOf(reference, new Pcg64(1), { spaces: masked })
  const { observation, mask, action, logProb } = episodes.columns
  const inputs = { observation: observation!, mask: mask!, action: action! }
  for (const executor of EXECUTORS) {
    const learner = await learnerFor(arpo, values, { spaces: masked, executor })
    const out = await learner.score(inputs)
    logProb!.forEach((value, t) => {
      expect(out['logProb']![t]).toBeCloseTo(value, 5)
      expect(out['referenceLogProb']![t]).toBeCloseTo(value, 5)
    })
    learner.dispose()
  }
  const plain = await learnerFor(grpo, optionsFor(grpo.options))
  expect(() => plain.score(inputs)).toThrow(expect.objectContaining({ code: 'RPR_EXECUTOR_INPUT' }))
  reference.dispose()
  plain.dispose()
})

describe('options', () => {
  const check = (values: Record<string, unknown>) =>
    arpo.check!({ options: options(values), spaces, maxEpisodeSteps: 20 })

  it.each([
    [{ oldLogProb: 'one' }, /shaping/],
    [{ shaping: 0.1, ratio: 'sequence' }, /ratio/],
    [{ replayUse: 'extraUpdate' }, /replayCapacity/],
    [{ insertFresh: false }, /demonstrations/],
    [{ minStored: 9 }, /capacityPerTask/],
    [{ maxReplayPerGroup: 4 }, /nothing fresh/],
    [{ replayLoss: 'imitation', replayUse: 'wholeGroups' }, /replayUse/],
    [{ replayLoss: 'imitation', maxBatches: 3 }, /maxBatches/],
  ])('%j contradicts', (values, message) => {
    expect(() => check(values)).toThrow(
      expect.objectContaining({ code: 'RPR_OPTION_CONFLICT', message: expect.stringMatching(message) }),
    )
    expect(() => check({ ...values, enabled: false })).not.toThrow()
  })

  it.each([
    { enabled: false, oldLogProb: 'decoupled' },
    { trigger: 'always', triggerMean: 0.5 },
    { trigger: 'never', sampling: 'recent' },
    { replayPlace: 'append', replaceIndex: 'last' },
    { eviction: 'lowestScore' },
    { replayUse: 'wholeGroups', retireSolved: true },
    { extraTemperature: 2 },
    { klOnReplayed: false },
    { replayLoss: 'imitation', shaping: 0.1 },
    { replayLoss: 'imitation', replaceIndex: 'last' },
    { replayLoss: 'imitation', oldLogProb: 'decoupled' },
    { enabled: false, replayLoss: 'imitation' },
  ])('%j has an option without effect', (values) => {
    expect(() => optionsFor(arpo.options, values, 'file')).toThrow(
      expect.objectContaining({ code: 'RPR_OPTION_INERT' }),
    )
  })

  it('has the defaults of the released code', () => {
    expect(options()).toMatchObject({
      ...{ capacityPerTask: 8, insertThreshold: 0.1, triggerStd: 0.05, triggerMean: 0.2, maxReplayPerGroup: 1 },
      ...{
        replaceIndex: 'first',
        sampling: 'uniform',
        oldLogProb: 'recompute',
        stdKind: 'sample',
        advantageEpsilon: 1e-6,
      },
      ...{ clipLow: 0.2, clipHigh: 0.3, dualClip: 3, klCoef: 0, entropyCoef: 0, enabled: true, trigger: 'allFail' },
    })
    expect(arpo.options.groupSize.default).toBe(8)
  })
})

function episodeOf({ offsets, numEpisodes }: EpisodeGroups, row: number): number {
  for (let e = 0; e < numEpisodes; e++) if (row < offsets[e + 1]!) return e
  throw new Error(`no row ${row}`)
}
