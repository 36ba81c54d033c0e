import type { Executor, HostTree, UpdateCall } from '@reprise/backend'
import { box, discrete, multiDiscrete, Pcg64, RepriseError } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { redq, sac } from './index.ts'
import { freshMoments, gradientOf, updateCallOf } from './testing/actor-critic-batches.ts'
import {
  critics,
  gsdePolicy,
  meanOf,
  mlp,
  numericalGradient,
  plainPolicy,
  type Row,
  rowsOf,
  type Vector,
} from './testing/actor-critic-reference.ts'
import { bytesOf, learnerFor, optionsFor, spacesFor } from './testing/fixtures.ts'

const ROWS = 6
const HIDDEN = 4
const ACTIONS = 2
const continuous = spacesFor(box({ low: [-1, 0], high: [3, 1], shape: [ACTIONS] }))
const small = (values: Record<string, unknown>) => ({ hidden: [HIDDEN], activation: 'tanh', tau: 0.5, ...values })

/** A learner some updates on, so that target and critic differ, with fresh moments. */
async function moved(algorithm: object, options: object, spaces = continuous, rng = new Pcg64(3)): Promise<Executor> {
  const learner = await learnerFor(algorithm, options, { spaces })
  for (let update = 0; update < 5; update++) {
    await learner.update(updateCallOf(algorithm, options, spaces, rng, { update, learningRate: 0.03 }))
  }
  await learner.load(freshMoments((await learner.save()) as HostTree))
  return learner
}

function expectClose(actual: Vector, expected: Vector, tolerance = 2e-4): void {
  const largest = Math.max(...Array.from(expected, Math.abs))
  expect(largest).toBeGreaterThan(1e-4)
  expect(actual.length).toBe(expected.length)
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i]! - expected[i]!) / largest, `element ${i}`).toBeLessThan(tolerance)
}

describe('SAC on continuous actions', () => {
  const widths = [3, HIDDEN, 2 * ACTIONS]
  const criticWidths = [3 + ACTIONS, HIDDEN, 1]
  const plain = (actor: Vector, x: Row, noise: Row) => plainPolicy(actor, widths, x, noise)
  const withGsde = (actor: Vector, x: Row, noise: Row) => gsdePolicy(actor, [3, HIDDEN], ACTIONS, x, noise)

  it.each([
    ['as it comes', sac, {}, plain],
    ['with a fixed temperature and weights', sac, { entropyCoef: 0.3, replay: 'prioritized' }, plain],
    ['with gSDE', sac, { gsde: true, logStdInit: -0.5 }, withGsde],
    ['as REDQ, a subset of three critics', redq, { critics: 5, targetCritics: 3 }, plain],
  ])('has the gradients and TD errors of the plain reference, %s', async (_, algorithm, values, policy) => {
    const options = optionsFor(algorithm.options as typeof redq.options, small(values))
    const learner = await moved(algorithm, options)
    const state = (await learner.save()) as HostTree
    const call = updateCallOf(algorithm, options, continuous, new Pcg64(8), { learningRate: 0 })
    const { rows } = await learner.update(call)
    const after = (await learner.save()) as HostTree

    const { batch, noise } = call
    const read = (name: string) => rowsOf(batch, name, ROWS)
    const [x, next, action] = [read('observation'), read('nextObservation'), read('policyAction')]
    const [eps, nextEps] = [rowsOf(noise, 'noise', ROWS), rowsOf(noise, 'nextNoise', ROWS)]
    const count = algorithm === redq ? 5 : 2
    const members = algorithm === redq ? [0, 1, 2].map((i) => call.schedule[`member${i}`]!) : [0, 1]
    const alpha = 'logAlpha' in state ? Math.exp(state['logAlpha']!.data[0]!) : 0.3
    const actor = state['actor']!.data

    const targets = next.map((row, i) => {
      const sample = policy(actor, row, nextEps[i]!)
      const values = critics(state['target']!.data, count, criticWidths, [...row, ...sample.action]).map((v) => v[0]!)
      const smallest = Math.min(...members.map((k) => values[k]!))
      return batch['reward']![i]! + batch['discount']![i]! * (smallest - alpha * sample.logProb)
    })
    const errorsOf = (vector: Vector, i: number) =>
      critics(vector, count, criticWidths, [...x[i]!, ...action[i]!]).map((v) => v[0]! - targets[i]!)
    const weight = (i: number) => batch['weight']?.[i] ?? 1
    const criticLoss = (vector: Vector) =>
      meanOf(x.map((_, i) => weight(i) * errorsOf(vector, i).reduce((sum, e) => sum + e ** 2 / 2, 0)))
    const critic = state['critic']!.data
    expectClose(gradientOf(after, 'critic'), numericalGradient(criticLoss, critic))
    expectClose(
      rows['tdError']!,
      x.map((_, i) => Math.max(...errorsOf(critic, i).map(Math.abs))),
    )

    const actorLoss = (vector: Vector) =>
      meanOf(
        x.map((row, i) => {
          const sample = policy(vector, row, eps[i]!)
          const values = critics(critic, count, criticWidths, [...row, ...sample.action]).map((v) => v[0]!)
          return alpha * sample.logProb - (algorithm === redq ? meanOf(values) : Math.min(...values))
        }),
      )
    expectClose(gradientOf(after, 'actor'), numericalGradient(actorLoss, actor))

    if ('logAlpha' in state) {
      const logProbs = x.map((row, i) => policy(actor, row, eps[i]!).logProb)
      expectClose(gradientOf(after, 'alpha'), [-meanOf(logProbs) + ACTIONS])
    }
    learner.dispose()
  })

  it('moves the slow copies by tau, at every targetUpdateInterval-th update', async () => {
    const options = optionsFor(sac.options, small({ tau: 0.25, targetUpdateInterval: 3 }))
    const learner = await moved(sac, options)
    for (let update = 0; update < 6; update++) {
      const before = (await learner.save()) as HostTree
      await learner.update(updateCallOf(sac, options, continuous, new Pcg64(update), { update }))
      const after = (await learner.save()) as HostTree
      if (update % 3 !== 2) expect(bytesOf(after)['target']).toBe(bytesOf(before)['target'])
      else
        after['target']!.data.forEach((value, i) => {
          const old = before['target']!.data[i]!
          expect(value).toBeCloseTo(old + 0.25 * (after['critic']!.data[i]! - old), 6)
        })
    }
    learner.dispose()
  })

  it('takes temperature and policy steps from the temperature before', async () => {
    const options = optionsFor(sac.options, small({ entropyCoef: 'auto_0.1', targetEntropy: 50 }))
    const learner = await learnerFor(sac, options, { spaces: continuous })
    const call = updateCallOf(sac, options, continuous, new Pcg64(2), { learningRate: 0.1 })
    const { metrics } = await learner.update(call)
    expect(metrics['entropyCoef']).toBeCloseTo(0.1, 6)
    // Too little entropy: the temperature rises, by one whole step of Adam.
    expect(((await learner.save()) as HostTree)['logAlpha']!.data[0]).toBeCloseTo(Math.log(0.1) + 0.1, 4)
    learner.dispose()
  })

  it('acts in the units of the box, uniformly in the warm-up', async () => {
    const options = optionsFor(sac.options, small({}))
    const learner = await learnerFor(sac, options, { spaces: continuous })
    const inputs = {
      observation: Float32Array.of(0.1, 0.2, 0.3, 1, 2, 3),
      noise: Float32Array.of(0.5, -0.5, 1, 2),
      uniform: Float32Array.of(0, 0.25, 0.5, 0.75),
    }
    const drawn = await learner.act({ ...inputs, random: Float32Array.of(1, 1) })
    expect([...drawn['policyAction']!]).toEqual([-1, -0.5, 0, 0.5])
    expect([...drawn['action']!]).toEqual([-1, 0.25, 1, 0.75])
    const acted = await learner.act({ ...inputs, random: Float32Array.of(0, 0) })
    const actor = ((await learner.save()) as HostTree)['actor']!.data
    const expected = plain(actor, [1, 2, 3].map(Math.fround), [1, 2]).action
    expect(acted['policyAction']![2]).toBeCloseTo(expected[0]!, 5)
    expect(acted['action']![2]).toBeCloseTo(1 + 2 * expected[0]!, 5)
    const greedy = await learner.decide({ observation: inputs.observation })
    expect(greedy['action']![3]).toBeCloseTo(0.5 + 0.5 * Math.tanh(mlp(actor, widths, [1, 2, 3])[1]!), 5)
    learner.dispose()
  })

  it('refuses spaces that have no bounds, and options that contradict each other', async () => {
    const options = optionsFor(sac.options)
    const build = (action: Parameters<typeof spacesFor>[0]) => () =>
      sac.build({ spaces: spacesFor(action), options, rng: new Pcg64(1), maxEpisodeSteps: undefined })
    expect(build(box({ low: -Infinity, high: 1, shape: [1] }))).toThrow(/finite bounds|cannot act/)
    expect(build(multiDiscrete([2, 2]))).toThrow(RepriseError)
    expect(() =>
      sac.check!({ spaces: continuous, options: { ...options, gsde: true, hidden: [] }, maxEpisodeSteps: 1 }),
    ).toThrow(/no features/)
    expect(() => optionsFor(sac.options, { logStdInit: -1 }, 'file')).toThrow(/gsde is false/)
    expect(() => optionsFor(sac.options, { entropyCoef: 0.1, targetEntropy: -3 }, 'file')).toThrow(/fixed/)
    for (const bad of ['auto_0', 'auto_x', -1, 'none'])
      expect(() => optionsFor(sac.options, { entropyCoef: bad })).toThrow()
  })
})

describe('SAC on discrete actions', () => {
  const N = 3
  const widths = [3, HIDDEN, N]

  it.each([
    ['all legal', 0],
    ['masked', N],
  ])('has the gradients of the plain reference, %s', async (_, maskSize) => {
    const options = optionsFor(sac.options, small({ targetEntropyRatio: 0.5 }))
    const spaces = spacesFor(discrete(N), maskSize)
    const learner = await moved(sac, options, spaces)
    const state = (await learner.save()) as HostTree
    const call: UpdateCall = updateCallOf(sac, options, spaces, new Pcg64(8), { learningRate: 0 })
    await learner.update(call)
    const after = (await learner.save()) as HostTree

    const { batch } = call
    const [x, next] = [rowsOf(batch, 'observation', ROWS), rowsOf(batch, 'nextObservation', ROWS)]
    const legal = (name: string, i: number) => (maskSize > 0 ? rowsOf(batch, name, ROWS)[i]! : [1, 1, 1])
    const alpha = Math.exp(state['logAlpha']!.data[0]!)
    const probsOf = (vector: Vector, row: Row, mask: Row) => {
      const e = mlp(vector, widths, row).map((logit, a) => (mask[a] === 1 ? Math.exp(logit) : 0))
      const total = e.reduce((a, b) => a + b, 0)
      return e.map((value) => value / total)
    }
    /** Sum over legal actions of p (value - alpha log p). */
    const soft = (probs: Row, values: Row, temperature: number) =>
      probs.reduce((sum, p, a) => sum + (p > 0 ? p * (values[a]! - temperature * Math.log(p)) : 0), 0)
    const smallest = (vector: Vector, row: Row) => {
      const [one, two] = critics(vector, 2, widths, row)
      return one!.map((value, a) => Math.min(value, two![a]!))
    }

    const actor = state['actor']!.data
    const targets = next.map((row, i) => {
      const probs = probsOf(actor, row, legal('nextMask', i))
      return batch['reward']![i]! + batch['discount']![i]! * soft(probs, smallest(state['target']!.data, row), alpha)
    })
    const criticLoss = (vector: Vector) =>
      meanOf(
        x.map((row, i) =>
          critics(vector, 2, widths, row).reduce(
            (sum, values) => sum + (values[batch['policyAction']![i]!]! - targets[i]!) ** 2 / 2,
            0,
          ),
        ),
      )
    const critic = state['critic']!.data
    expectClose(gradientOf(after, 'critic'), numericalGradient(criticLoss, critic))
    const actorLoss = (vector: Vector) =>
      -meanOf(x.map((row, i) => soft(probsOf(vector, row, legal('mask', i)), smallest(critic, row), alpha)))
    expectClose(gradientOf(after, 'actor'), numericalGradient(actorLoss, actor))
    const excess = x.map((row, i) => {
      const mask = legal('mask', i)
      const count = mask.reduce((a, b) => a + b, 0)
      return soft(probsOf(actor, row, mask), [0, 0, 0], 1) - 0.5 * Math.log(count)
    })
    expectClose(gradientOf(after, 'alpha'), [meanOf(excess)])
    learner.dispose()
  })

  it('never picks an illegal action, and in the warm-up every legal one as often', async () => {
    const spaces = spacesFor(discrete(N), N)
    const learner = await learnerFor(sac, optionsFor(sac.options, small({})), { spaces })
    const rows = 3000
    const rng = new Pcg64(5)
    const noise = new Float32Array(rows)
    rng.fillUniform(noise)
    const observation = new Float32Array(rows * 3).fill(4)
    const mask = Uint8Array.from({ length: rows * N }, (_, i) => (i % N === 1 ? 0 : 1))
    for (const random of [0, 1]) {
      const { action } = await learner.act({ observation, mask, noise, random: new Float32Array(rows).fill(random) })
      const counts = [0, 0, 0]
      for (const a of action!) counts[a]!++
      expect(counts[1]).toBe(0)
      if (random === 1) expect(Math.abs(counts[0]! / rows - 0.5)).toBeLessThan(0.03)
    }
    learner.dispose()
  })
})
