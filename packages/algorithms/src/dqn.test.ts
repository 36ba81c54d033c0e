import type { Executor, HostRecord, HostTree, UpdateCall } from '@reprise/backend'
import { box, discrete, multiDiscrete, Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { type DqnOptions, dqn } from './dqn.ts'
import { dqnUpdateCall } from './testing/dqn-batches.ts'
import { referenceUpdate } from './testing/dqn-reference.ts'
import {
  bytesOf,
  gradientIn,
  learnerFor,
  OBSERVATION_SIZE,
  optionsFor,
  spacesFor,
  withoutMoments,
} from './testing/fixtures.ts'

const ROWS = 7
const ACTIONS = 3

function options(values: Record<string, unknown> = {}): DqnOptions {
  return optionsFor(dqn.options, { batchSize: ROWS, hidden: [6, 5], maxGradNorm: null, ...values })
}

/** A learner whose target network is not its network: three updates on, and copied after the first. */
async function learnerWithTarget(chosen: DqnOptions, maskSize = 0): Promise<Executor> {
  const learner = await learnerFor(dqn, chosen, { spaces: spacesFor(discrete(ACTIONS), maskSize) })
  const rng = new Pcg64(11)
  for (const copyTarget of [1, 0, 0]) {
    await learner.update(
      dqnUpdateCall(chosen, rng, { rows: ROWS, actions: ACTIONS, maskSize, learningRate: 0.05, copyTarget }),
    )
  }
  return learner
}

/** Within 1e-5 of the largest. */
function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>): void {
  const largest = Math.max(...Array.from(wanted, Math.abs))
  const worst = Math.max(...Array.from(wanted, (value, i) => Math.abs(got[i]! - value)))
  expect(got.length).toBe(wanted.length)
  expect(worst).toBeLessThan(1e-5 * largest)
}

const state = async (learner: Executor) => (await learner.save()) as HostTree
const dataOf = (tree: HostTree, path: string) => tree[path]!.data as Float32Array

describe('an update of DQN equals plain loops', () => {
  it.each<[string, Record<string, unknown>, number]>([
    ['plain', {}, 0],
    ['with square loss', { loss: 'mse' }, 0],
    ['masked', {}, ACTIONS],
    ['double', { double: true }, 0],
    ['double, masked', { double: true }, ACTIONS],
    ['dueling', { dueling: true }, 0],
    ['with importance weights', { replay: 'prioritized' }, 0],
    ['LAP', { replay: 'lap', lapFloor: 0.5 }, 0],
    ['PAL', { replay: 'pal', lapFloor: 0.5 }, 0],
    ['C51', { c51: true, atoms: 7, vMin: -2, vMax: 3 }, 0],
    ['C51, double, dueling, masked', { c51: true, atoms: 7, vMin: -2, vMax: 3, double: true, dueling: true }, ACTIONS],
    ['noisy', { noisy: true }, 0],
    ['noisy and linear', { noisy: true, hidden: [] }, 0],
    [
      'Rainbow',
      {
        noisy: true,
        c51: true,
        atoms: 5,
        vMin: -2,
        vMax: 2,
        double: true,
        dueling: true,
        replay: 'prioritized',
        nSteps: 3,
      },
      0,
    ],
  ])('%s', async (_, values, maskSize) => {
    const chosen = options(values)
    const learner = await learnerWithTarget(chosen, maskSize)
    const start = withoutMoments(await state(learner))
    await learner.load(start)
    const call = dqnUpdateCall(chosen, new Pcg64(5), { rows: ROWS, actions: ACTIONS, maskSize })
    const { metrics, rows } = await learner.update(call)
    const wanted = referenceUpdate({
      options: chosen,
      observationSize: OBSERVATION_SIZE,
      actions: ACTIONS,
      params: dataOf(start, 'params'),
      target: dataOf(start, 'target'),
      batch: call.batch,
      ...(call.noise['weightNoise'] ? { noise: call.noise['weightNoise'] as Float32Array } : {}),
    })
    expect(dataOf(start, 'params')).not.toEqual(dataOf(start, 'target'))
    expect(Math.max(...wanted.gradient.map(Math.abs))).toBeGreaterThan(0.01)
    const gradient = gradientIn(await state(learner))
    expect(gradient.length).toBe(wanted.gradient.length)
    expectClose(gradient, wanted.gradient)
    expectClose(rows['tdError']!, wanted.tdError)
    expect(metrics['loss']).toBeCloseTo(wanted.loss, 5)
    expect(metrics['gradNorm']).toBeCloseTo(Math.hypot(...wanted.gradient), 4)
    expect(metrics['tdErrorMean']).toBeCloseTo(wanted.tdError.reduce((a, b) => a + b, 0) / ROWS, 4)
    learner.dispose()
  })

  it('with the discount of each row: gamma^m, and 0 where the task ended', async () => {
    const chosen = options()
    const learner = await learnerWithTarget(chosen)
    const call = dqnUpdateCall(chosen, new Pcg64(5), { rows: ROWS, actions: ACTIONS })
    const start = await state(learner)
    const errors = async (discount: number[]) => {
      await learner.load(start)
      const { rows } = await learner.update({
        ...call,
        batch: { ...call.batch, discount: Float32Array.from(discount) },
      })
      return [...(rows['tdError'] as Float32Array)]
    }
    const ended = await errors(new Array(ROWS).fill(0))
    const mixed = await errors([0.99, 0, 0.97, 0, 0.99, 0, 0.9])
    expect(mixed.map((error, i) => error === ended[i])).toEqual([false, true, false, true, false, true, false])
    learner.dispose()
  })

  it('and clips the gradient to maxGradNorm', async () => {
    const chosen = options({ maxGradNorm: 0.01 })
    const learner = await learnerWithTarget(chosen)
    await learner.load(withoutMoments(await state(learner)))
    await learner.update(dqnUpdateCall(chosen, new Pcg64(5), { rows: ROWS, actions: ACTIONS }))
    expect(Math.hypot(...gradientIn(await state(learner)))).toBeCloseTo(0.01, 4)
    learner.dispose()
  })
})

it('LAP in expectation over its draws has the gradient of PAL on uniform ones (all transitions, no randomness)', async () => {
  const floor = 0.3
  const alpha = 0.4
  const common = { lapFloor: floor, priorityAlpha: alpha }
  const lap = options({ replay: 'lap', ...common, batchSize: 1 })
  const pal = options({ replay: 'pal', ...common })
  const [one, all] = [await learnerWithTarget(pal), await learnerFor(dqn, lap)]
  const start = withoutMoments(await state(one))
  const call = dqnUpdateCall(pal, new Pcg64(8), { rows: ROWS, actions: ACTIONS })
  await one.load(start)
  const { rows } = await one.update(call)
  const wanted = gradientIn(await state(one))
  const priorities = Array.from(rows['tdError'] as Float32Array, (x) => Math.max(Math.abs(x), floor) ** alpha)
  const total = priorities.reduce((a, b) => a + b, 0)
  expect(new Set(priorities).size).toBeGreaterThan(2)
  const expected = new Float64Array(wanted.length)
  for (let i = 0; i < ROWS; i++) {
    await all.load(start)
    await all.update({ ...call, batch: rowOf(call.batch, i) })
    gradientIn(await state(all)).forEach((g, k) => {
      expected[k]! += (priorities[i]! / total) * g
    })
  }
  expectClose(wanted, expected)
  one.dispose()
  all.dispose()
})

function rowOf(batch: HostRecord, i: number): HostRecord {
  return Object.fromEntries(
    Object.entries(batch).map(([name, array]) => {
      const size = array.length / ROWS
      return [name, array.slice(i * size, (i + 1) * size)]
    }),
  )
}

describe('the target network', () => {
  const one = (call: UpdateCall, copyTarget: number) => ({ ...call, schedule: { ...call.schedule, copyTarget } })

  it.each([1, 0.25])('keeps its bits while no move is due, and moves by tau %d', async (tau) => {
    const chosen = options({ tau })
    const learner = await learnerWithTarget(chosen)
    const call = dqnUpdateCall(chosen, new Pcg64(5), { rows: ROWS, actions: ACTIONS })
    const before = await state(learner)
    await learner.update(one(call, 0))
    const still = await state(learner)
    expect(bytesOf(still)['target']).toBe(bytesOf(before)['target'])
    expect(bytesOf(still)['params']).not.toBe(bytesOf(before)['params'])
    await learner.update(one(call, tau))
    // From the network before this update's own step.
    const moved = dataOf(await state(learner), 'target')
    dataOf(still, 'params').forEach((value, i) => {
      const old = dataOf(still, 'target')[i]!
      if (tau === 1) expect(moved[i]).toBe(value)
      else expect(moved[i]).toBeCloseTo(old + tau * (value - old), 6)
    })
    learner.dispose()
  })

  it('is what an update with a move due already learns from', async () => {
    const chosen = options()
    const learner = await learnerWithTarget(chosen)
    const start = await state(learner)
    const call = dqnUpdateCall(chosen, new Pcg64(5), { rows: ROWS, actions: ACTIONS })
    const moved = await learner.update(one(call, 1))
    await learner.load({ ...start, target: start['params']! })
    const copied = await learner.update(one(call, 0))
    expect(moved.rows['tdError']).toEqual(copied.rows['tdError'])
    learner.dispose()
  })

  it('moves in the first update of the burst after each multiple of its interval', () => {
    const due = (values: Record<string, unknown>, step: number, previousStep: number, index = 0) =>
      dqn.schedule({
        options: options({ targetUpdateInterval: 10, ...values }),
        progress: 0,
        step,
        previousStep,
        index,
        update: 0,
        count: 4,
        rng: new Pcg64(1),
      })['copyTarget']
    expect(due({}, 10, 6)).toBe(1)
    expect(due({}, 10, 6, 1)).toBe(0)
    expect(due({}, 9, 6)).toBe(0)
    expect(due({}, 14, 10)).toBe(0)
    expect(due({}, 256, 0)).toBe(1)
    // As many moves as were due, each by tau: the network did not change between them.
    expect(due({ tau: 0.5 }, 30, 0)).toBeCloseTo(1 - 0.5 ** 3, 12)
  })
})

describe('acting', () => {
  const rows = 400
  function inputs(chosen: DqnOptions, epsilon: number, maskSize = 0): HostRecord {
    const rng = new Pcg64(3)
    const normals = (size: number) => {
      const out = new Float32Array(rows * size)
      rng.fillNormal(out)
      return out
    }
    const noise = new Float32Array(rows * 2)
    rng.fillUniform(noise)
    const observation = normals(OBSERVATION_SIZE)
    return {
      observation,
      epsilon: new Float32Array(rows).fill(epsilon),
      noise,
      ...(maskSize > 0
        ? { mask: Uint8Array.from({ length: rows * maskSize }, (_, i) => Number(i % maskSize !== 1)) }
        : {}),
      ...(chosen.noisy ? { weightNoise: normals(noiseSizeOf(chosen)) } : {}),
    }
  }
  function noiseSizeOf(chosen: DqnOptions): number {
    const { inputs } = dqn.build({ spaces: spacesFor(), options: chosen, rng: new Pcg64(1), maxEpisodeSteps: 1 })
    return inputs.act['weightNoise']!.shape[0]!
  }
  const counts = (actions: ArrayLike<number>) =>
    [0, 1, 2].map((a) => Array.from(actions).filter((action) => action === a).length / rows)

  it.each([0, ACTIONS])('is greedy at epsilon 0, over legal actions (mask of %d)', async (maskSize) => {
    const chosen = options({ hidden: [32] })
    const learner = await learnerFor(dqn, chosen, { seed: 6, spaces: spacesFor(discrete(ACTIONS), maskSize) })
    const given = inputs(chosen, 0, maskSize)
    const { action } = await learner.act(given)
    const acted = Int32Array.from(action as Int32Array)
    const { observation, mask } = given
    const { action: decided } = await learner.decide(
      mask ? { observation: observation!, mask } : { observation: observation! },
    )
    expect(acted).toEqual(Int32Array.from(decided as Int32Array))
    if (maskSize > 0) expect(counts(acted)[1]).toBe(0)
    expect(counts(acted).filter((share) => share > 0).length).toBeGreaterThan(1)
    learner.dispose()
  })

  it('is uniform at epsilon 1, over legal actions', async () => {
    const chosen = options()
    const free = await learnerWithTarget(chosen)
    for (const share of counts((await free.act(inputs(chosen, 1)))['action']!)) expect(share).toBeCloseTo(1 / 3, 1)
    free.dispose()
    const masked = await learnerWithTarget(chosen, ACTIONS)
    const shares = counts((await masked.act(inputs(chosen, 1, ACTIONS)))['action']!)
    expect(shares[1]).toBe(0)
    expect(shares[0]).toBeCloseTo(0.5, 1)
    masked.dispose()
  })

  it('with noisy weights changes with their noise, and deciding has none', async () => {
    const chosen = options({ noisy: true, noisySigma: 2 })
    const learner = await learnerWithTarget(chosen)
    const given = inputs(chosen, 0)
    const first = Int32Array.from((await learner.act(given))['action'] as Int32Array)
    const other = Float32Array.from(given['weightNoise'] as Float32Array).reverse()
    const second = Int32Array.from((await learner.act({ ...given, weightNoise: other }))['action'] as Int32Array)
    const still = new Float32Array(other.length)
    const without = Int32Array.from((await learner.act({ ...given, weightNoise: still }))['action'] as Int32Array)
    const decided = Int32Array.from(
      (await learner.decide({ observation: given['observation']! }))['action'] as Int32Array,
    )
    expect(first).not.toEqual(second)
    expect(decided).toEqual(without)
    learner.dispose()
  })

  it('follows epsilon: random in the warm-up, then linear, then constant', () => {
    const epsilon = (values: Record<string, unknown>, progress: number, warmup = false) =>
      dqn.exploration({ options: options(values), progress, warmup })['epsilon']
    const set = { explorationFraction: 0.2, explorationInitialEps: 0.9, explorationFinalEps: 0.1 }
    expect(epsilon(set, 0.05, true)).toBe(1)
    expect(epsilon(set, 0)).toBe(0.9)
    expect(epsilon(set, 0.1)).toBeCloseTo(0.5, 12)
    expect(epsilon(set, 0.6)).toBeCloseTo(0.1, 12)
    expect(epsilon({ explorationFraction: 0 }, 0)).toBe(0.05)
    expect(epsilon({ noisy: true }, 0)).toBe(0)
    expect(epsilon({ noisy: true, explorationInitialEps: 0.5 }, 0)).toBe(0.5)
  })
})

describe('what DQN refuses', () => {
  const build = (action: Parameters<typeof spacesFor>[0]) =>
    dqn.build({ spaces: spacesFor(action), options: options(), rng: new Pcg64(1), maxEpisodeSteps: 1 })
  const check = (values: Record<string, unknown>) =>
    dqn.check!({ spaces: spacesFor(), options: options(values), maxEpisodeSteps: 1 })

  it('actions that are not Discrete', () => {
    const error = expect.objectContaining({ code: 'RPR_ALGO_UNSUPPORTED' })
    expect(() => build(box({ low: -1, high: 1 }))).toThrow(error)
    expect(() => build(multiDiscrete([2, 2]))).toThrow(error)
  })
  it('options that contradict each other', () => {
    const error = expect.objectContaining({ code: 'RPR_OPTION_CONFLICT' })
    expect(() => check({ c51: true, vMin: 1, vMax: 1 })).toThrow(error)
    expect(() => check({ c51: true, replay: 'pal' })).toThrow(error)
    for (const values of [
      { gradientStepsLater: 2, activation: 'tanh' },
      { gradientStepsLater: 0.5 },
      { gradientSteps: -1, trainEvery: 8, gradientStepsLater: 4 },
      { replay: 'reverse', withLatest: true },
      { withReplacement: false, withLatest: true },
      { withReplacement: false, batchSize: 101 },
      { nSteps: 5, capacity: 12, numEnvs: 4 },
    ])
      expect(() => check(values), JSON.stringify(values)).toThrow(error)
    expect(check({ withReplacement: false, batchSize: 100, gradientStepsLater: 1 })).toEqual([])
    expect(check({ noisy: true, explorationFinalEps: 0.1 })).toEqual([
      'noisy weights and epsilon (from 0 to 0.1) both explore.',
    ])
    expect(check({})).toEqual([])
  })
  it('options without effect', () => {
    const resolve = (values: Record<string, unknown>) => () => optionsFor(dqn.options, values, 'file')
    const error = expect.objectContaining({ code: 'RPR_OPTION_INERT' })
    for (const values of [
      { atoms: 11 },
      { noisySigma: 0.1 },
      { priorityAlpha: 0.5 },
      { hindsightPerReal: 2 },
      { recencyLeast: 10 },
      { c51: true, loss: 'mse' },
      { noisy: true, explorationFraction: 0.3 },
      { explorationInitialEps: 0.05, explorationFraction: 0.3 },
      { replay: 'lap', priorityBeta: 1 },
    ])
      expect(resolve(values), JSON.stringify(values)).toThrow(error)
    expect(resolve({ replay: 'rank', priorityBeta: 1, c51: true, atoms: 11 })).not.toThrow()
  })
})

it('reports the fraction of active units where the replay ratio adapts', async () => {
  const chosen = options({ gradientStepsLater: 4 })
  const learner = await learnerWithTarget(chosen)
  const { metrics } = await learner.update(dqnUpdateCall(chosen, new Pcg64(5), { rows: ROWS, actions: ACTIONS }))
  expect(metrics['fau']).toBeGreaterThan(0)
  expect(metrics['fau']).toBeLessThan(1)
  const reported = dqn.report(Object.fromEntries(Object.entries(metrics).map(([k, v]) => [k, Float32Array.of(v)])))
  expect(Object.keys(reported)).toEqual([
    'train/loss',
    'train/q_mean',
    'train/td_error',
    'train/grad_norm',
    'train/fau',
  ])
  learner.dispose()
})

it('keeps no tensors', { tags: 'own-executor' }, async () => {
  const chosen = options({ noisy: true, c51: true, double: true, dueling: true, replay: 'prioritized' })
  const learner = await learnerFor(dqn, chosen, { spaces: spacesFor(discrete(ACTIONS)) })
  const rng = new Pcg64(2)
  await learner.update(dqnUpdateCall(chosen, rng, { rows: ROWS, actions: ACTIONS }))
  const before = learner.tensors!()
  for (let i = 0; i < 5; i++)
    await learner.update(dqnUpdateCall(chosen, rng, { rows: ROWS, actions: ACTIONS, copyTarget: i % 2 }))
  expect(learner.tensors!()).toBe(before)
  learner.dispose()
})
