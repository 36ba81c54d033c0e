import type { HostTree } from '@reprise/backend'
import { box, discrete, Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { td3 } from './index.ts'
import { freshMoments, gradientOf, updateCallOf } from './testing/actor-critic-batches.ts'
import {
  critics,
  meanOf,
  mlp,
  numericalGradient,
  type Row,
  rowsOf,
  type Vector,
} from './testing/actor-critic-reference.ts'
import { bytesOf, learnerFor, optionsFor, spacesFor } from './testing/fixtures.ts'

const ROWS = 6
const widths = [3, 4, 2]
const criticWidths = [5, 4, 1]
const spaces = spacesFor(box({ low: [-1, 0], high: [3, 1], shape: [2] }))
const small = (values: Record<string, unknown> = {}) =>
  optionsFor(td3.options, { hidden: [4], activation: 'tanh', tau: 0.5, ...values })

function expectClose(actual: Vector, expected: Vector, tolerance = 2e-4): void {
  const largest = Math.max(...Array.from(expected, Math.abs))
  expect(largest).toBeGreaterThan(1e-4)
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i]! - expected[i]!) / largest, `element ${i}`).toBeLessThan(tolerance)
}

const clip = (x: number, bound: number) => Math.max(-bound, Math.min(bound, x))

/** Losses of one error, by `replay`; PAL's without its divisor. */
const LOSS: Record<string, (x: number, floor: number) => number> = {
  uniform: (x) => x ** 2 / 2,
  prioritized: (x) => x ** 2 / 2,
  lap: (x, m) => (Math.abs(x) < m ? x ** 2 / 2 : m * (Math.abs(x) - m / 2)),
  pal: (x, m) => (Math.abs(x) < m ? (m ** 0.4 * x ** 2) / 2 : (m * Math.abs(x) ** 1.4) / 1.4),
}

describe('TD3', () => {
  it.each(Object.keys(LOSS))('has the gradients and TD errors of the plain reference, replay %s', async (replay) => {
    const floor = 0.4
    const options = small({ replay, targetNoise: 0.3, targetNoiseClip: 0.2, lapFloor: floor })
    const learner = await learnerFor(td3, options, { spaces })
    const rng = new Pcg64(3)
    for (let update = 0; update < 6; update++)
      await learner.update(updateCallOf(td3, options, spaces, rng, { update, learningRate: 0.03 }))
    await learner.load(freshMoments((await learner.save()) as HostTree))
    const state = (await learner.save()) as HostTree
    const call = updateCallOf(td3, options, spaces, new Pcg64(8), { update: 1, learningRate: 0 })
    const { rows } = await learner.update(call)
    const after = (await learner.save()) as HostTree

    const { batch } = call
    const read = (name: string) => rowsOf(batch, name, ROWS)
    const [x, next, action] = [read('observation'), read('nextObservation'), read('policyAction')]
    const noise = rowsOf(call.noise, 'targetNoise', ROWS)
    const values = (vector: Vector, row: Row, a: Row) =>
      critics(vector, 2, criticWidths, [...row, ...a]).map((value) => value[0]!)
    const targets = next.map((row, i) => {
      const greedy = mlp(state['actorTarget']!.data, widths, row, 'tanh')
      const smoothed = greedy.map((a, k) => clip(a + clip(0.3 * noise[i]![k]!, 0.2), 1))
      const smallest = Math.min(...values(state['criticTarget']!.data, row, smoothed))
      return batch['reward']![i]! + batch['discount']![i]! * smallest
    })
    const errorsOf = (vector: Vector, i: number) => values(vector, x[i]!, action[i]!).map((v) => v - targets[i]!)
    const critic = state['critic']!.data
    const largest = x.map((_, i) => Math.max(...errorsOf(critic, i).map(Math.abs)))
    // The errors lie on both sides of the floor, or the test says little.
    expect(Math.min(...largest)).toBeLessThan(floor)
    expect(Math.max(...largest)).toBeGreaterThan(floor)
    const divisor = replay === 'pal' ? meanOf(largest.map((e) => Math.max(e, floor) ** 0.4)) : 1
    const weight = (i: number) => batch['weight']?.[i] ?? 1
    const criticLoss = (vector: Vector) =>
      meanOf(x.map((_, i) => weight(i) * errorsOf(vector, i).reduce((s, e) => s + LOSS[replay]!(e, floor), 0))) /
      divisor
    expectClose(gradientOf(after, 'critic'), numericalGradient(criticLoss, critic))
    expectClose(rows['tdError']!, largest)

    const actorLoss = (vector: Vector) =>
      -meanOf(x.map((row) => values(critic, row, mlp(vector, widths, row, 'tanh'))[0]!))
    expectClose(gradientOf(after, 'actor'), numericalGradient(actorLoss, state['actor']!.data))
    learner.dispose()
  })

  it('keeps the bits of policy, its moments and all slow copies between its updates', async () => {
    const options = small({ policyDelay: 3 })
    const learner = await learnerFor(td3, options, { spaces })
    const rng = new Pcg64(1)
    for (let update = 0; update < 7; update++) {
      const before = (await learner.save()) as HostTree
      const { metrics } = await learner.update(updateCallOf(td3, options, spaces, rng, { update }))
      const after = (await learner.save()) as HostTree
      const due = update % 3 === 2
      expect(metrics['policyUpdate']).toBe(due ? 1 : 0)
      const [was, is] = [bytesOf(before), bytesOf(after)]
      for (const path of Object.keys(is)) {
        const changes = path.startsWith('critic') && path !== 'criticTarget' ? true : due
        expect(was[path] !== is[path], `${path} at update ${update}`).toBe(changes)
      }
      if (!due) continue
      for (const name of ['actor', 'critic'])
        after[`${name}Target`]!.data.forEach((value, i) => {
          const old = before[`${name}Target`]!.data[i]!
          expect(value).toBeCloseTo(old + 0.5 * (after[name]!.data[i]! - old), 6)
        })
    }
    learner.dispose()
  })

  it('explores with noise of the given scale, clipped to the box, and uniformly in the warm-up', async () => {
    const options = small({ explorationNoise: 'linear(0.4, 0.2)' })
    expect(td3.exploration({ options, progress: 0.5, warmup: false })).toEqual({
      random: 0,
      std: expect.closeTo(0.3),
    })
    const learner = await learnerFor(td3, options, { spaces })
    const observation = Float32Array.of(1, 2, 3)
    const inputs = { observation, noise: Float32Array.of(0.5, 99), uniform: Float32Array.of(0, 0.75) }
    const scale = (random: number) => ({ random: Float32Array.of(random), std: Float32Array.of(0.3) })
    const greedy = mlp(((await learner.save()) as HostTree)['actor']!.data, widths, [1, 2, 3], 'tanh')
    const acted = await learner.act({ ...inputs, ...scale(0) })
    expect(acted['policyAction']![0]).toBeCloseTo(greedy[0]! + 0.15, 5)
    expect(acted['action']![0]).toBeCloseTo(1 + 2 * (greedy[0]! + 0.15), 5)
    expect(acted['action']![1]).toBe(1)
    const drawn = await learner.act({ ...inputs, ...scale(1) })
    expect([...drawn['action']!]).toEqual([-1, 0.75])
    const decided = await learner.decide({ observation })
    expect(decided['action']![0]).toBeCloseTo(1 + 2 * greedy[0]!, 5)
    learner.dispose()
  })

  it('refuses discrete actions', () => {
    const build = () =>
      td3.build({ spaces: spacesFor(discrete(3)), options: small(), rng: new Pcg64(1), maxEpisodeSteps: undefined })
    expect(build).toThrow(expect.objectContaining({ code: 'RPR_ALGO_UNSUPPORTED' }))
  })
})
