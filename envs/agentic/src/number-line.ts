/**
 * NumberLine-v0: walk along the numbers 0 to max to a goal, as in Gym Cards. Position and goal are drawn uniformly; where
 * they are equal, the goal becomes (goal + 1) mod max. Actions left, right = 0, 1, clamped at the ends. Reward 1 at the
 * goal, which ends the episode, -1 for a step that does not come closer, else 0.
 */
import { defineNativeEnv, discrete, multiDiscrete, option } from '@reprise/core'
import { TaskSeeds, taskOption } from './task-seeds.ts'

const ID = 'NumberLine-v0'
const STEPS = 10
/** Task, position, goal. */
const STATE = 3

export const numberLine = defineNativeEnv({
  id: ID,
  maxEpisodeSteps: STEPS,
  summary: 'Walk to a number on a line.',
  options: {
    max: option.integer({ default: 5, min: 2, max: 1000, doc: 'Largest number on the line.' }),
    steps: option.integer({ default: STEPS, min: 1, max: 100_000, doc: 'Steps of an episode.' }),
  },
  resetOptions: taskOption,
  limit: ({ steps }) => steps,
  layout: ({ max }) => ({
    observationSpace: multiDiscrete([max + 1, max + 1]),
    actionSpace: discrete(2),
    stateSize: STATE,
  }),
  create: ({ state, actions, observations, rewards, terminated, random, options }) => {
    const { max } = options
    const seeds = new TaskSeeds(`${ID} ${JSON.stringify(options)}`, state, STATE)
    const action = actions[0]!.data as Int32Array
    const observation = observations[0]!.data as Int32Array
    const observe = (row: number): void => {
      observation[2 * row] = state[row * STATE + 1]!
      observation[2 * row + 1] = state[row * STATE + 2]!
    }
    return {
      reset(row, { task }) {
        const at = row * STATE
        seeds.choose(row, random[row]!, task)
        const position = seeds.random.below(max + 1)
        const goal = seeds.random.below(max + 1)
        state[at + 1] = position
        state[at + 2] = goal === position ? (goal + 1) % max : goal
        observe(row)
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const at = row * STATE
          const before = state[at + 1]!
          const goal = state[at + 2]!
          const after = Math.min(max, Math.max(0, before + 2 * action[row]! - 1))
          const closer = Math.abs(goal - after) < Math.abs(goal - before)
          state[at + 1] = after
          rewards[row] = after === goal ? 1 : closer ? 0 : -1
          terminated[row] = after === goal ? 1 : 0
          observe(row)
        }
      },
      outcome: (row) => terminated[row]!,
      taskId: (row) => seeds.id(row),
      render: (row) => {
        const mark = (i: number) => (state[row * STATE + 1] === i ? 'x' : state[row * STATE + 2] === i ? 'G' : '.')
        return `${Array.from({ length: max + 1 }, (_, i) => mark(i)).join('')}\n`
      },
    }
  },
})

/** Walks straight to the goal. */
export function numberLineExpert(): (state: Float64Array) => number {
  return (state) => (state[2]! > state[1]! ? 1 : 0)
}
