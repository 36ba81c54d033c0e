/** The convention that fails silently: what is bootstrapped at an episode's end, in each way of starting anew. */
import { type AutoresetMode, box, discrete, type Env, SyncVectorEnv } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { gae } from './index.ts'

/** Episode e ends after LENGTHS[e] steps as ENDS[e] says; observations and rewards are all different. */
const LENGTHS = [2, 3, 2, 4]
const ENDS = [
  { terminated: true, truncated: false },
  { terminated: false, truncated: true },
  { terminated: true, truncated: true },
  { terminated: false, truncated: false },
]

class Scripted implements Env<ArrayLike<number>, number> {
  readonly spec = { id: 'Scripted-v0' }
  readonly observationSpace = box({ low: -1000, high: 1000, shape: [1] })
  readonly actionSpace = discrete(1)
  #episode = -1
  #step = 0

  reset() {
    this.#episode++
    this.#step = 0
    return { observation: this.#observe() }
  }

  step() {
    this.#step++
    const over = this.#step === LENGTHS[this.#episode]
    return {
      observation: this.#observe(),
      reward: this.#episode + this.#step / 10,
      terminated: over && ENDS[this.#episode]!.terminated,
      truncated: over && ENDS[this.#episode]!.truncated,
    }
  }

  #observe() {
    return [10 * this.#episode + this.#step]
  }
}

/** A value function that tells every observation apart. */
const valueAt = (observation: number) => Math.sin(observation) + 2
const gamma = 0.9
const lambda = 0.8
const TRANSITIONS = 10

/** What each episode's rows must get, from the script alone. */
function expected(): number[] {
  return LENGTHS.flatMap((length, e) => {
    // The last episode is still open when the rollout ends.
    const steps = e === 3 ? TRANSITIONS - 7 : length
    const { terminated } = ENDS[e]!
    const deltas = Array.from({ length: steps }, (_, t) => {
      const beyond = t === steps - 1 && terminated ? 0 : valueAt(10 * e + t + 1)
      return e + (t + 1) / 10 + gamma * beyond - valueAt(10 * e + t)
    })
    return deltas.map((_, t) => deltas.slice(t).reduce((sum, delta, k) => sum + (gamma * lambda) ** k * delta, 0))
  })
}

/** Collects TRANSITIONS real transitions of one environment, in any mode, as the loop does. */
async function collect(autoresetMode: AutoresetMode) {
  const env = new SyncVectorEnv([new Scripted()], { autoresetMode })
  const { columns } = env
  await env.reset({ seeds: 1 })
  const rewards: number[] = []
  const values: number[] = []
  const terminated: number[] = []
  const truncated: number[] = []
  const finalValues: number[] = []
  const observed = () => columns.observations[0]!.data[0]!
  while (rewards.length < TRANSITIONS) {
    const value = valueAt(observed())
    await env.step()
    // NextStep's reset rows are neither trained on nor counted.
    if (columns.skipped[0]) continue
    const ended = columns.terminated[0] || columns.truncated[0]
    const final = autoresetMode === 'SameStep' ? columns.finalObservations[0]!.data[0]! : observed()
    values.push(value)
    rewards.push(columns.rewards[0]!)
    terminated.push(columns.terminated[0]!)
    truncated.push(columns.truncated[0]!)
    finalValues.push(ended ? valueAt(final) : 0)
    if (ended && autoresetMode === 'Disabled') await env.reset({ mask: [1] })
  }
  return gae({
    steps: TRANSITIONS,
    numEnvs: 1,
    rewards,
    values,
    terminated,
    truncated,
    finalValues,
    lastValues: [valueAt(observed())],
    gamma,
    lambda,
  }).advantages
}

describe('bootstrapping at termination, truncation and both at once', () => {
  for (const mode of ['SameStep', 'NextStep', 'Disabled'] as const) {
    it(`is right under ${mode}`, async () => {
      const advantages = await collect(mode)
      expected().forEach((value, i) => {
        expect(advantages[i], `row ${i}`).toBeCloseTo(value, 5)
      })
      expect(advantages.length).toBe(TRANSITIONS)
    })
  }
})
