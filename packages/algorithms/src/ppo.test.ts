/** PPO against its equations, finite differences and its conventions: long because every option that changes the loss has a case. */
import { explainedVariance, gae } from '@reprise/advantage'
import type { Executor, HostTree } from '@reprise/backend'
import { box, discrete, multiDiscrete, Pcg64 } from '@reprise/core'
import { memory } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import type { Rollout } from './algorithm.ts'
import { ppo } from './index.ts'
import {
  bytesOf,
  expectLossGradient,
  gradientIn,
  learnerFor,
  optionsFor,
  play,
  rolloutOf,
  spacesFor,
  withoutMoments,
} from './testing/fixtures.ts'

const options = (values: Record<string, unknown> = {}) =>
  optionsFor(ppo.options, { numEnvs: 2, numSteps: 8, batchSize: 16, epochs: 1, ...values })
const prepared = (rollout: Rollout, values: ReturnType<typeof options>, seed = 5, progress = 0, spaces = spacesFor()) =>
  ppo.prepare(rollout, { options: values, rng: new Pcg64(seed), progress, spaces })

/** A rollout whose policy is older than the learner's: ratios differ from 1. */
async function stale(values: ReturnType<typeof options>, spaces = spacesFor(), seed = 1) {
  const old = await learnerFor(ppo, values, { spaces, seed: 2 })
  const rollout = await rolloutOf(old, new Pcg64(seed), { spaces })
  old.dispose()
  const learner = await learnerFor(ppo, values, { spaces, seed: 3 })
  // Larger weights: probabilities far enough apart that some rows clip.
  const state = (await learner.save()) as HostTree
  ;(state['params']!.data as Float32Array).forEach((p, i, params) => {
    params[i] = 3 * p + 0.3 * Math.sin(i)
  })
  await learner.load(state)
  return { rollout, learner }
}

describe('the loss', () => {
  it('is what its equations say', async () => {
    const values = options({ entropyCoef: 0.01, valueClipRange: 0.2 })
    const { rollout, learner } = await stale(values)
    const { call } = prepared(rollout, values)
    const now = await probabilities(learner, rollout)
    const { metrics } = await learner.updates(call!)
    const { advantages, returns } = gae({ ...rollout, values: rollout.columns['value']!, gamma: 0.99, lambda: 0.95 })
    const mean = (f: (i: number) => number) => advantages.reduce((sum, _, i) => sum + f(i), 0) / 16
    const centre = mean((i) => advantages[i]!)
    const std = Math.sqrt(advantages.reduce((sum, a) => sum + (a - centre) ** 2, 0) / 15)
    const A = (i: number) => (advantages[i]! - centre) / (std + 1e-8)
    const ratio = (i: number) => Math.exp(now.logProb[i]! - rollout.columns['logProb']![i]!)
    const old = (i: number) => rollout.columns['value']![i]!
    const near = (i: number) => old(i) + Math.min(0.2, Math.max(-0.2, now.value[i]! - old(i)))
    const policyLoss = -mean((i) => Math.min(ratio(i) * A(i), Math.min(Math.max(ratio(i), 0.8), 1.2) * A(i)))
    const valueLoss = mean((i) => (near(i) - returns[i]!) ** 2)
    const entropy = mean((i) => now.entropy[i]!)
    expect(metrics['policyLoss']![0]).toBeCloseTo(policyLoss, 4)
    expect(metrics['valueLoss']![0]).toBeCloseTo(valueLoss, 4)
    expect(metrics['entropyLoss']![0]).toBeCloseTo(-entropy, 4)
    expect(metrics['loss']![0]).toBeCloseTo(policyLoss + 0.5 * valueLoss - 0.01 * entropy, 4)
    expect(metrics['approxKl']![0]).toBeCloseTo(
      mean((i) => ratio(i) - 1 - Math.log(ratio(i))),
      4,
    )
    const clipped = mean((i) => (Math.abs(ratio(i) - 1) > 0.2 ? 1 : 0))
    expect(clipped).toBeGreaterThan(0)
    expect(metrics['clipFraction']![0]).toBeCloseTo(clipped, 5)
    learner.dispose()
  })

  it.each([
    ['discrete', spacesFor(), {}],
    [
      'masked multi-discrete, shared trunk',
      spacesFor(multiDiscrete([2, 3]), 5),
      { critic: 'shared', entropyCoef: 0.1 },
    ],
    [
      'continuous, value clipping',
      spacesFor(box({ low: -1, high: 1, shape: [2] })),
      { valueClipRange: 0.3, entropyCoef: 0.1 },
    ],
  ])('has the gradient of finite differences: %s', async (_, spaces, values) => {
    const chosen = options({ maxGradNorm: null, hidden: [4], learningRate: 1e-9, ...values })
    const { rollout, learner } = await stale(chosen, spaces)
    const { call } = prepared(rollout, chosen, 5, 0, spaces)
    await expectLossGradient(learner, call!)
    learner.dispose()
  })

  it('does not mind padding', async () => {
    // 16 rows in minibatches of 10: the second has 6 rows and 4 of padding.
    const padded = options({ batchSize: 10, maxGradNorm: null })
    const exact = options({ batchSize: 16, maxGradNorm: null, normalizeAdvantage: false })
    const { rollout, learner } = await stale(padded)
    const { call } = prepared(rollout, padded)
    const start = withoutMoments((await learner.save()) as HostTree)
    const { indices, batchSize, schedule, columns } = call!
    expect(Array.from(indices.subarray(16))).toEqual([-1, -1, -1, -1])
    const second = (name: string) => (schedule[name] as Float32Array)[1]!
    await learner.load(start)
    await learner.update({
      batch: rows(columns, indices.subarray(batchSize)),
      noise: {},
      schedule: { ...only(schedule, 1) },
    })
    const withPadding = gradientIn((await learner.save()) as HostTree)
    const plain = await learnerFor(ppo, exact)
    await plain.load(start)
    const { weight: _, ...batch } = rows(columns, indices.subarray(batchSize, batchSize + 6))
    const normalised = batch['advantage']!.map((a) => (a - second('advantageMean')) * second('advantageScale'))
    await plain.update({
      batch: { ...batch, advantage: normalised },
      noise: {},
      schedule: { learningRate: 3e-4, ratioLow: 0.8, ratioHigh: 1.2 },
    })
    const without = gradientIn((await plain.save()) as HostTree)
    const scale = Math.max(...without.map(Math.abs))
    withPadding.forEach((g, i) => {
      expect(Math.abs(g - without[i]!) / scale).toBeLessThan(1e-5)
    })
    learner.dispose()
    plain.dispose()
  })
})

describe('prepare', () => {
  it('sees every row once per epoch and normalises each minibatch', async () => {
    const values = options({ batchSize: 4, epochs: 3, learningRate: 'lin_0.01', clipRange: 'linear(0.3, 0.1)' })
    const learner = await learnerFor(ppo, values)
    const rollout = await rolloutOf(learner, new Pcg64(1))
    const { call, metrics } = prepared(rollout, values, 5, 0.25)
    for (let epoch = 0; epoch < 3; epoch++) {
      expect(Array.from(call!.indices.subarray(16 * epoch, 16 * epoch + 16)).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 16 }, (_, i) => i),
      )
    }
    expect(call!.schedule['learningRate']).toBeCloseTo(0.0075)
    expect(call!.schedule['ratioHigh']).toBeCloseTo(1.25)
    const advantage = call!.columns['advantage']!
    const first = Array.from(call!.indices.subarray(0, 4), (row) => advantage[row]!)
    const { advantageMean, advantageScale } = call!.schedule as Record<string, Float32Array>
    const normalised = first.map((a) => (a - advantageMean![0]!) * advantageScale![0]!)
    expect(normalised.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 4)
    expect(normalised.reduce((a, b) => a + b * b, 0) / 3).toBeCloseTo(1, 4)
    expect(metrics['train/explained_variance']).toBeCloseTo(
      explainedVariance(rollout.columns['value']!, call!.columns['return']!),
    )
    learner.dispose()
  })

  it('uses all rows where the minibatch would be larger, and says so', async () => {
    const values = options({ batchSize: 64 })
    const learner = await learnerFor(ppo, values)
    const { call } = prepared(await rolloutOf(learner, new Pcg64(1)), values)
    expect(call!.batchSize).toBe(16)
    expect(ppo.check!({ spaces: spacesFor(), options: values, maxEpisodeSteps: 9 })[0]).toMatch(
      /64 exceeds the 16 rows/,
    )
    expect(ppo.check!({ spaces: spacesFor(), options: options({ batchSize: 10 }), maxEpisodeSteps: 9 })[0]).toMatch(
      /last minibatch.*6/,
    )
    expect(ppo.check!({ spaces: spacesFor(), options: options(), maxEpisodeSteps: 9 })).toEqual([])
    learner.dispose()
  })
})

describe('the KL early stop', () => {
  it('keeps every bit of parameters, moments and step count, and ends with the iteration', async () => {
    const values = options({ batchSize: 4, epochs: 6, targetKl: 1e-4, learningRate: 0.05, normalizeAdvantage: false })
    const learner = await learnerFor(ppo, values)
    const rollout = await rolloutOf(learner, new Pcg64(1))
    const { call } = prepared(rollout, values)
    const { metrics } = await learner.updates(call!)
    const stopped = Array.from(metrics['stopped']!)
    const first = stopped.indexOf(1)
    expect(first).toBeGreaterThan(0)
    expect(stopped.slice(first)).toEqual(stopped.slice(first).map(() => 1))
    // As many updates as came before the stop were made, and no more.
    expect(metrics['updates']![23]).toBe(first)
    expect(ppo.report(metrics)).toMatchObject({ 'train/n_updates': first, 'train/updates_stopped': 24 - first })

    const after = bytesOf((await learner.save()) as HostTree)
    const again = await learner.updates({ ...call!, schedule: { ...call!.schedule, firstUpdate: 0 } })
    expect(Array.from(again.metrics['stopped']!)).toEqual(stopped.map(() => 1))
    expect(bytesOf((await learner.save()) as HostTree)).toEqual(after)

    // A new iteration on fresh data begins without the stop: its first update has KL 0.
    const next = await learner.updates(prepared(await rolloutOf(learner, new Pcg64(2)), values).call!)
    expect(next.metrics['stopped']![0]).toBe(0)
    learner.dispose()
  })

  it('averages what it reports over the minibatches that were looked at', () => {
    const metrics = Object.fromEntries(
      ['loss', 'policyLoss', 'valueLoss', 'entropyLoss', 'approxKl', 'clipFraction', 'gradNorm'].map((name) => [
        name,
        Float32Array.of(1, 3, 100, 100),
      ]),
    )
    const report = ppo.report({
      ...metrics,
      stopped: Float32Array.of(0, 1, 1, 1),
      updates: Float32Array.of(6, 6, 6, 6),
    })
    expect(report['train/value_loss']).toBe(2)
    expect(report['train/n_updates']).toBe(6)
  })
})

describe('the program', () => {
  it('never takes a masked action, and decides for the most likely legal one', async () => {
    const spaces = spacesFor(discrete(5), 5)
    const learner = await learnerFor(ppo, options(), { spaces })
    const { columns } = await play(learner, new Pcg64(1), 200, spaces)
    const decided = await learner.decide({ observation: columns['observation']!, mask: columns['mask']! })
    for (const actions of [columns['action']!, decided['action']!]) {
      actions.forEach((action, row) => {
        expect(columns['mask']![row * 5 + action]).toBe(1)
      })
    }
    learner.dispose()
  })

  it('holds as many tensors after 1000 updates as before', async () => {
    const values = options({ batchSize: 4, hidden: [4], targetKl: 0.5, entropyCoef: 0.01 })
    const learner = await learnerFor(ppo, values, { executor: 'eager:wasm' })
    const { call } = prepared(await rolloutOf(learner, new Pcg64(1)), values)
    await learner.updates(call!)
    const before = memory().numTensors
    for (let i = 0; i < 250; i++) await learner.updates(call!)
    expect(memory().numTensors).toBe(before)
    learner.dispose()
  })

  it.each([
    [
      'which of three actions fits the observation',
      spacesFor(discrete(3)),
      (o: Float32Array, a: ArrayLike<number>) => (o[a[0]!]! === Math.max(...o) ? 1 : 0),
      0.9,
    ],
    [
      'a continuous action near the first feature',
      spacesFor(box({ low: -3, high: 3 })),
      (o: Float32Array, a: ArrayLike<number>) => -((a[0]! - o[0]!) ** 2),
      -0.1,
    ],
  ])('learns %s', async (_, spaces, rewardOf, bar) => {
    const values = options({
      numEnvs: 64,
      numSteps: 4,
      batchSize: 64,
      epochs: 4,
      learningRate: 0.01,
      hidden: [16],
      gamma: 0,
      gaeLambda: 0.95,
    })
    const learner = await learnerFor(ppo, values, { spaces, executor: 'eager:wasm' })
    const rng = new Pcg64(7)
    const width = spaces.action.leaves[0]!.size
    const rewards = (columns: Record<string, ArrayLike<number>>) =>
      Float32Array.from({ length: columns['observation']!.length / 3 }, (_, row) =>
        rewardOf(
          (columns['observation'] as Float32Array).subarray(3 * row, 3 * row + 3),
          Array.from({ length: width }, (_, k) => columns['action']![row * width + k]!),
        ),
      )
    for (let iteration = 0; iteration < 40; iteration++) {
      const { columns } = await play(learner, rng, 256, spaces)
      const rollout: Rollout = {
        steps: 4,
        numEnvs: 64,
        columns,
        rewards: rewards(columns),
        terminated: new Uint8Array(256).fill(1),
        truncated: new Uint8Array(256),
        episodeStart: new Uint8Array(256).fill(1),
        finalValues: new Float32Array(256),
        lastValues: new Float32Array(64),
      }
      await learner.updates(ppo.prepare(rollout, { options: values, rng, progress: 0, spaces }).call!)
    }
    const { columns } = await play(learner, new Pcg64(99), 256, spaces)
    const decided = await learner.decide({ observation: columns['observation']! })
    const scores = rewards({ observation: columns['observation']!, action: decided['action']! })
    expect(scores.reduce((a, b) => a + b, 0) / 256).toBeGreaterThan(bar)
    learner.dispose()
  })
})

describe('options', () => {
  it('take the names of Stable-Baselines3, the Zoo and CleanRL', () => {
    const values = optionsFor(ppo.options, {
      n_envs: 4,
      n_steps: 32,
      batch_size: 64,
      n_epochs: 2,
      gae_lambda: 0.8,
      ent_coef: 0.01,
      vf_coef: 0.6,
      max_grad_norm: 0.7,
      clip_range: 'lin_0.2',
      learning_rate: 'lin_0.001',
      target_kl: 0.02,
      clip_range_vf: 0.1,
    })
    expect(values).toMatchObject({
      numEnvs: 4,
      numSteps: 32,
      batchSize: 64,
      epochs: 2,
      gaeLambda: 0.8,
      entropyCoef: 0.01,
      valueCoef: 0.6,
      maxGradNorm: 0.7,
      clipRange: 'lin_0.2',
      targetKl: 0.02,
      valueClipRange: 0.1,
    })
  })

  it.each([
    [{ epochs: 1, batchSize: 16, clipRange: 0.1 }, 'clipRange'],
    [{ epochs: 1, batchSize: 32, targetKl: 0.1 }, 'targetKl'],
    [{ epochs: 1, batchSize: 16, valueClipRange: 0.1 }, 'valueClipRange'],
    [{ gamma: 0, gaeLambda: 0.5 }, 'gaeLambda'],
    [{ valueCoef: 0, critic: 'separate', valueClipRange: 0.2 }, 'valueClipRange'],
  ])('refuses what would have no effect: %j', (values, name) => {
    expect(() => optionsFor(ppo.options, { numEnvs: 2, numSteps: 8, batchSize: 8, ...values }, 'file')).toThrow(
      expect.objectContaining({ code: 'RPR_OPTION_INERT', message: expect.stringContaining(`'${name}'`) }),
    )
  })
})

async function probabilities(learner: Executor, rollout: Rollout) {
  // The log-probabilities of the stored actions, from the probabilities of all: noise just inside each action's share.
  const observation = rollout.columns['observation'] as Float32Array
  const rows = rollout.steps * rollout.numEnvs
  const all: Record<number, number>[] = Array.from({ length: rows }, () => ({}))
  let value: ArrayLike<number> = []
  for (let k = 0; k <= 100; k++) {
    const out = await learner.act({ observation, noise: new Float32Array(rows).fill(Math.min(k / 100, 0.9999)) })
    out['action']!.forEach((action, row) => {
      all[row]![action] = out['logProb']![row]!
    })
    value = out['value']!
  }
  const logProb = Array.from(rollout.columns['action']!, (action, row) => all[row]![action]!)
  const entropy = all.map((byAction) => -Object.values(byAction).reduce((sum, l) => sum + l * Math.exp(l), 0))
  return { logProb, value, entropy }
}

function rows(columns: Record<string, ArrayLike<number>>, indices: Int32Array) {
  const total = columns['logProb']!.length
  return Object.fromEntries(
    Object.entries(columns).map(([name, column]) => {
      const size = column.length / total
      const Type = column.constructor as new (length: number) => Float32Array
      const out = new Type(indices.length * size)
      indices.forEach((row, i) => {
        if (row >= 0) for (let k = 0; k < size; k++) out[i * size + k] = column[row * size + k]!
      })
      return [name, out]
    }),
  )
}

function only(schedule: Readonly<Record<string, number | Float32Array>>, k: number) {
  return Object.fromEntries(
    Object.entries(schedule).map(([name, value]) => [name, typeof value === 'number' ? value : value[k]!]),
  )
}
