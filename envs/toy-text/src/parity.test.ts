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
import { toyText } from './index.ts'

/** Made by scripts/rivals/record_gymnasium.py. */
interface Recording {
  maxEpisodeSteps: number | null
  rewardThreshold: number | null
  cases: {
    name: string
    options: EnvOptions
    observationSpace: never
    actionSpace: never
    resets: {
      seed: number
      state: number[]
      observation: number[]
      mask?: number[]
      again: { state: number[]; observation: number[] }
    }[]
    transitions: Record<'state' | 'next' | 'observation', number[][]> &
      Record<'action' | 'reward' | 'terminated', number[]> & {
        before: PcgState[]
        after: PcgState[]
        mask?: number[][]
      }
  }[]
}
type Saved = { state: Float64Array; random: readonly PcgState[] } & Record<string, Serializable>

const read = (id: string): Recording =>
  JSON.parse(gunzipSync(readFileSync(new URL(`../recorded/${id}.json.gz`, import.meta.url))).toString())
const stateOf = (env: AnyEnv) => [...(env.snapshot!() as unknown as Saved).state]

describe.each(toyText.map((definition) => definition.spec.id))('%s against Gymnasium', (id) => {
  const definition = toyText.find(({ spec }) => spec.id === id)!
  const recording = read(id)

  it('has its limit, threshold and spaces', () => {
    expect(definition.spec.maxEpisodeSteps ?? null).toBe(recording.maxEpisodeSteps)
    expect(definition.spec.rewardThreshold ?? null).toBe(recording.rewardThreshold)
    for (const { options, observationSpace, actionSpace } of recording.cases) {
      const env = definition.make(options)
      expect(spacesEqual(env.observationSpace, spaceFromJson(observationSpace))).toBe(true)
      expect(spacesEqual(env.actionSpace, spaceFromJson(actionSpace))).toBe(true)
    }
  })

  it.each(recording.cases.map(({ name }, i) => [name, i] as const))('resets by seed: %s', (_, i) => {
    const { options, resets } = recording.cases[i]!
    const env = definition.make(options)
    for (const { seed, state, observation, mask, again } of resets) {
      const first = env.reset({ seed }) as { observation: number | number[]; actionMask?: Uint8Array }
      expect(stateOf(env)).toEqual(state)
      expect([first.observation].flat()).toEqual(observation)
      expect(first.actionMask ? [...first.actionMask] : undefined).toEqual(mask)
      const second = env.reset() as { observation: number | number[] }
      expect(stateOf(env)).toEqual(again.state)
      expect([second.observation].flat()).toEqual(again.observation)
    }
  })

  it.each(recording.cases.map(({ name }, i) => [name, i] as const))('steps from recorded states: %s', (_, i) => {
    const { options, transitions } = recording.cases[i]!
    const rows = transitions.state.length
    const vector = definition.makeVector!(rows, { options, autoresetMode: 'Disabled' })
    vector.reset({ seeds: 0 })
    vector.restore({
      ...(vector.snapshot() as unknown as Saved),
      state: Float64Array.from(transitions.state.flat()),
      // Nothing was drawn where no generators are recorded.
      ...(transitions.before ? { random: transitions.before } : {}),
    })
    vector.columns.actions[0]!.data.set(transitions.action)
    vector.step()
    const { state, random } = vector.snapshot() as unknown as Saved
    const { rewards, terminated, observations, actionMasks } = vector.columns
    expect([...state]).toEqual(transitions.next.flat())
    expect([...rewards]).toEqual(transitions.reward)
    expect([...terminated]).toEqual(transitions.terminated)
    for (const [k, { data }] of observations.entries()) {
      expect([...data]).toEqual(transitions.observation.map((row) => row[k]))
    }
    expect(random).toEqual(transitions.after)
    if (transitions.mask) expect([...actionMasks!]).toEqual(transitions.mask.flat())
  })
})
