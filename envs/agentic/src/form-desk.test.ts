import type { EnvOptions, StepResult } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { demonstrate, formDesk } from './index.ts'

interface Seen {
  readonly clock: Float32Array
  readonly elements: Float32Array
  readonly goals: Float32Array
}
type Step = StepResult<Seen> & { actionMask: Uint8Array }

// Three windows, two fields, two check boxes, three items in sight, two arrows, save, two pop-up buttons; 7 values; done.
const SAVE = 12
const DONE = 22
const stateOf = (env: ReturnType<typeof formDesk.make>) => (env.snapshot!() as { state: Float64Array }).state

describe('FormDesk-v0', () => {
  it.each([
    {},
    { popups: 1, goals: 3 },
    { goals: 4, windows: 6, fields: 4, checks: 4, items: 7 },
    { windows: 1, fields: 1, checks: 0, items: 3, goals: 1, steps: 6 },
  ] as EnvOptions[])('can be done by legal actions in the steps it says, %o', (options) => {
    for (let seed = 0; seed < 60; seed++) {
      const env = formDesk.make(options)
      env.reset({ seed })
      const { actions, actionMasks, outcome, rewards } = demonstrate(formDesk, seed, options)
      expect(actions.length).toBe(stateOf(env)[7]!)
      expect(actions.length).toBeLessThanOrEqual(env.spec.maxEpisodeSteps!)
      expect(actions.every((action, i) => actionMasks[i]![action] === 1)).toBe(true)
      expect([outcome, rewards.at(-1), rewards.reduce((a, b) => a + b, 0)]).toEqual([1, 1, 1])
    }
  })

  it('accepts nothing that changed more than the goals, and nothing unsaved', () => {
    let tried = 0
    for (let seed = 0; seed < 40; seed++) {
      const { actions, actionMasks } = demonstrate(formDesk, seed, { popups: 0 })
      const play = (list: readonly number[]): Step => {
        const env = formDesk.make({ popups: 0 })
        env.reset({ seed })
        return list.map((action) => env.step(action) as Step).at(-1)!
      }
      expect(play(actions).outcome).toBe(1)
      const saveAt = actions.indexOf(SAVE)
      const spoilt = [...actions.slice(0, saveAt), 5, SAVE, ...actions.slice(saveAt + 1)]
      const goalsCheck = actions.includes(5)
      if (!goalsCheck && spoilt.length <= 15 && actionMasks[saveAt]![5] === 1) {
        expect(play(spoilt)).toMatchObject({ outcome: 0, reward: 0, terminated: true })
        tried++
      }
      const last = actions.lastIndexOf(SAVE)
      expect(play(actions.filter((_, i) => i !== last)).outcome).toBe(0)
    }
    expect(tried).toBeGreaterThan(10)
  })

  it('ends with the format penalty on an impossible action', () => {
    const env = formDesk.make({ formatPenalty: 0.25, masks: 'none', popups: 0 })
    const { actionMask } = env.reset({ seed: 1 }) as unknown as Step
    expect(actionMask.every((flag) => flag === 1)).toBe(true)
    // Typing without a field in focus.
    expect(env.step(17)).toMatchObject({ reward: -0.25, terminated: true, outcome: 0 })
  })

  it('lets a pop-up through before anything else', () => {
    const env = formDesk.make({ popups: 1 })
    for (let seed = 0; seed < 20; seed++) {
      env.reset({ seed })
      const at = stateOf(env)[5]!
      let result!: Step
      for (let i = 0; i < at; i++) result = env.step(i % 3) as Step
      const legal = [...result.actionMask.keys()].filter((a) => result.actionMask[a] === 1)
      expect(legal).toEqual([13, 14, DONE])
      const close = 13 + stateOf(env)[6]!
      const more = 27 - close
      expect((env.step(more) as Step).actionMask[close]).toBe(1)
      expect((env.step(close) as Step).actionMask[close]).toBe(0)
    }
  })

  it('scrolls its list, three items of six at a time', () => {
    const env = formDesk.make({ popups: 0 })
    env.reset({ seed: 2 })
    const state = stateOf(env)
    const items = (step: Step) => {
      const values = (element: number) => step.observation.elements.slice(38 * element + 30, 38 * element + 38)
      return [7, 8, 9].map((element) => values(element).indexOf(1))
    }
    const all = Array.from(state.subarray(9 + state[2]! * 28 + 2, 9 + state[2]! * 28 + 8))
    expect(items(env.step(11) as Step)).toEqual(all.slice(2, 5))
    const bottom = env.step(11) as Step
    expect(items(bottom)).toEqual(all.slice(3, 6))
    expect([bottom.actionMask[10], bottom.actionMask[11]]).toEqual([1, 0])
    expect(items(env.step(10) as Step)).toEqual(all.slice(1, 4))
  })

  it('pays for each goal when dense, in sum the share that is saved', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { rewards, outcome } = demonstrate(formDesk, seed, { reward: 'dense', goals: 4, steps: 20 })
      expect([outcome, rewards.reduce((a, b) => a + b, 0)]).toEqual([1, 1])
    }
  })

  it('refuses goals that it has no widgets or steps for', () => {
    expect(() => formDesk.make({ windows: 1, fields: 1, checks: 0, goals: 3 })).toThrow(/widgets = 2/)
    expect(() => formDesk.make({ goals: 4, steps: 10 })).toThrow(/steps >= 12/)
  })
})
