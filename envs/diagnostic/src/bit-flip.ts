/**
 * BitFlip-v0: turn one bit pattern into another, a bit per step (Andrychowicz et al. 2017, section 3.1). With a reward of
 * -1 until the goal is reached, chance finds it once in 2^n states: the task that hindsight replay was made for.
 * The paper draws goal and start independently; here the goal is drawn anew until it differs from the start.
 */
import { defineNativeEnv, dict, discrete, type GoalSpec, multiBinary, option } from '@reprise/core'

function equal(achieved: ArrayLike<number>, desired: ArrayLike<number>): boolean {
  for (let i = 0; i < achieved.length; i++) if (achieved[i] !== desired[i]) return false
  return true
}

/** Reward 0 and the end of the episode where every bit is right, else -1. */
export const bitFlipGoals: GoalSpec = {
  reward: (achieved, desired) => (equal(achieved, desired) ? 0 : -1),
  terminated: equal,
}

const BITS = 10

export const bitFlip = defineNativeEnv({
  id: 'BitFlip-v0',
  maxEpisodeSteps: BITS,
  summary: 'Flip bits, one per step, until they equal the goal; as many steps as bits. For hindsight replay.',
  goals: bitFlipGoals,
  options: {
    bits: option.integer({ default: BITS, min: 2, max: 512, doc: 'Bits, and steps of an episode.', aliases: ['n'] }),
  },
  limit: ({ bits }) => bits,
  layout: ({ bits }) => ({
    observationSpace: dict({
      observation: multiBinary(bits),
      achieved_goal: multiBinary(bits),
      desired_goal: multiBinary(bits),
    }),
    actionSpace: discrete(bits),
    // Bits, then goal.
    stateSize: 2 * bits,
  }),
  create: ({ state, actions, observations, rewards, terminated, random, options: { bits } }) => {
    const action = actions[0]!.data as Int32Array
    const columnOf = (path: string) => observations.find((column) => column.path === path)!.data as Uint8Array
    const observation = columnOf('observation')
    const achieved = columnOf('achieved_goal')
    const desired = columnOf('desired_goal')
    /** Bits of `row` that differ from the goal. */
    const distance = (row: number): number => {
      const at = row * 2 * bits
      let count = 0
      for (let i = at; i < at + bits; i++) if (state[i] !== state[i + bits]) count++
      return count
    }
    const observe = (row: number): void => {
      for (let i = 0; i < bits; i++) {
        const bit = state[row * 2 * bits + i]!
        observation[row * bits + i] = bit
        achieved[row * bits + i] = bit
        desired[row * bits + i] = state[row * 2 * bits + bits + i]!
      }
    }
    // Bits from uniform draws, because `integers` leaves garbage behind.
    const draws = new Float64Array(bits)
    const drawBits = (row: number, at: number): void => {
      random[row]!.fillUniform(draws)
      for (let i = 0; i < bits; i++) state[at + i] = draws[i]! < 0.5 ? 0 : 1
    }
    return {
      reset(row) {
        drawBits(row, row * 2 * bits)
        do drawBits(row, row * 2 * bits + bits)
        while (distance(row) === 0)
        observe(row)
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const at = row * 2 * bits + action[row]!
          state[at] = 1 - state[at]!
          // All of it, not the one bit: a restored snapshot brings the state alone.
          observe(row)
          const done = distance(row) === 0
          rewards[row] = done ? 0 : -1
          terminated[row] = done ? 1 : 0
        }
      },
      outcome: (row) => terminated[row]!,
      render: (row) => {
        const text = (from: number) => state.slice(from, from + bits).join('')
        return `${text(row * 2 * bits)}\n${text(row * 2 * bits + bits)} (goal)\n`
      },
    }
  },
})
