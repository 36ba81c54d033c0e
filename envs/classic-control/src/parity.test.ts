import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import {
  type AnyEnv,
  type EnvOptions,
  type PcgState,
  type Serializable,
  spaceFromJson,
  spacesEqual,
} from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { classicControl } from './index.ts'

/** Made by scripts/rivals/record_gymnasium.py. */
interface Recording {
  maxEpisodeSteps: number | null
  rewardThreshold: number | null
  cases: {
    name: string
    options: EnvOptions
    resetOptions: EnvOptions
    observationSpace: never
    actionSpace: never
    resets: {
      seed: number
      state: number[]
      observation: number[]
      again: { state: number[]; observation: number[] }
    }[]
    transitions: Record<'state' | 'next' | 'observation', number[][]> &
      Record<'action' | 'reward' | 'terminated', number[]>
  }[]
}
type Saved = { state: Float64Array; random: PcgState[] } & Record<string, Serializable>

const read = (id: string): Recording =>
  JSON.parse(gunzipSync(readFileSync(new URL(`../recorded/${id}.json.gz`, import.meta.url))).toString())
const stateOf = (env: AnyEnv) => [...(env.snapshot!() as unknown as Saved).state]

/** Largest differences that the shared conventions allow; flags and other rewards are exact. */
const REWARD_TOLERANCE: Record<string, number> = { 'Pendulum-v1': 1e-8 }
const MOUNTAIN_CAR = 'MountainCarContinuous-v0'

/** How near a state is to where the episode ends or not, in units of the state. */
const toThreshold: Record<string, (state: number[]) => number> = {
  'CartPole-v1': ([x, , theta]) => Math.min(Math.abs(Math.abs(x!) - 2.4), Math.abs(Math.abs(theta!) - Math.PI / 15)),
  'MountainCar-v0': ([x]) => Math.abs(x! - 0.5),
  'MountainCarContinuous-v0': ([x]) => Math.abs(x! - 0.45),
  'Acrobot-v1': ([a, b]) => Math.abs(-Math.cos(a!) - Math.cos(a! + b!) - 1),
}

describe.each(classicControl.map((definition) => definition.spec.id))('%s against Gymnasium', (id) => {
  const definition = classicControl.find(({ spec }) => spec.id === id)!
  const recording = read(id)

  it('has its limit, threshold and spaces', () => {
    expect(definition.spec.maxEpisodeSteps ?? null).toBe(recording.maxEpisodeSteps)
    expect(definition.spec.rewardThreshold ?? null).toBe(recording.rewardThreshold)
    const env = definition.make()
    expect(spacesEqual(env.observationSpace, spaceFromJson(recording.cases[0]!.observationSpace))).toBe(true)
    expect(spacesEqual(env.actionSpace, spaceFromJson(recording.cases[0]!.actionSpace))).toBe(true)
  })

  it.each(recording.cases.map(({ name }, i) => [name, i] as const))('resets by seed: %s', (_, i) => {
    const { options, resetOptions, resets } = recording.cases[i]!
    const env = definition.make(options)
    const check = (result: unknown, state: number[], observation: number[]) => {
      expect(stateOf(env).slice(0, state.length)).toEqual(state)
      const given = (result as { observation: Float32Array }).observation
      for (const [k, value] of observation.entries())
        expect(Math.abs(given[k]! - value)).toBeLessThanOrEqual(ulp32(value))
    }
    for (const { seed, state, observation, again } of resets) {
      check(env.reset({ seed, options: resetOptions }), state, observation)
      check(env.reset({ options: resetOptions }), again.state, again.observation)
    }
  })

  it.each(recording.cases.map(({ name }, i) => [name, i] as const))('steps from recorded states: %s', (_, i) => {
    const { options, transitions } = recording.cases[i]!
    const rows = transitions.state.length
    const vector = definition.makeVector!(rows, { options, autoresetMode: 'Disabled' })
    vector.reset({ seeds: 0 })
    vector.restore({ ...(vector.snapshot() as unknown as Saved), state: Float64Array.from(transitions.state.flat()) })
    vector.columns.actions[0]!.data.set(transitions.action)
    vector.step()
    const next = (vector.snapshot() as unknown as Saved).state
    const { rewards, terminated, observations } = vector.columns
    const observation = observations[0]!.data as Float32Array
    let exact = 0
    for (let row = 0; row < rows; row++) {
      const expected = transitions.next[row]!
      let equal = true
      for (const [k, value] of expected.entries()) {
        const difference = Math.abs(next[row * expected.length + k]! - value)
        if (difference > 0) equal = false
        const first = transitions.state[row]![2] === 1
        const bound =
          id === MOUNTAIN_CAR && !first
            ? 1e-7
            : id === MOUNTAIN_CAR
              ? ulp32(value)
              : 1e-12 * Math.max(1, Math.abs(value))
        expect(difference, `row ${row}, state ${k}`).toBeLessThanOrEqual(bound)
      }
      if (equal) exact++
      const seen = transitions.observation[row]!
      for (const [k, value] of seen.entries()) {
        expect(Math.abs(observation[row * seen.length + k]! - value), `row ${row}`).toBeLessThanOrEqual(
          2 * ulp32(value),
        )
      }
      if ((toThreshold[id]?.(expected) ?? 1) > 1e-9) {
        expect(terminated[row], `row ${row}`).toBe(transitions.terminated[row])
        const slack = REWARD_TOLERANCE[id] ?? 0
        expect(Math.abs(rewards[row]! - transitions.reward[row]!), `row ${row}`).toBeLessThanOrEqual(slack)
      }
    }
    if (id === MOUNTAIN_CAR) expect(exact / rows).toBeGreaterThanOrEqual(0.999)
    if (process.env['REPRISE_PARITY'])
      console.log(`${id}, ${recording.cases[i]!.name}: ${exact} of ${rows} next states bit-equal`)
  })
})

/** The distance between float32 numbers at x. */
function ulp32(x: number): number {
  const magnitude = Math.max(Math.abs(Math.fround(x)), 2 ** -126)
  return 2 ** (Math.floor(Math.log2(magnitude)) - 23)
}

it('reproduces the golden values of Gymnasium documentation', () => {
  const [cartPole, , , pendulum, acrobot] = classicControl.map((definition) => definition.make())
  const first = (env: AnyEnv | undefined, seed: number, options?: EnvOptions) => [
    ...(env!.reset({ seed, ...(options ? { options } : {}) }) as { observation: Float32Array }).observation,
  ]
  const near = (values: number[], expected: number[]) =>
    values.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 7)
    })
  near(first(cartPole, 123), [0.01823519, -0.0446179, -0.02796401, -0.03156282])
  const step = cartPole!.step(1) as { observation: Float32Array }
  near([...step.observation], [0.01734283, 0.15089367, -0.02859527, -0.33293587])
  near(first(pendulum, 123, { x_init: Math.PI / 2, y_init: 0.5 }), [0.8403459, 0.54205054, -0.44617897])
  near(
    first(acrobot, 123, { low: -0.2, high: 0.2 }),
    [0.997341, 0.07287608, 0.9841162, -0.17752565, -0.11185605, -0.12625128],
  )
})
