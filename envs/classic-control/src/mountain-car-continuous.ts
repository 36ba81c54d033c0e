/**
 * MountainCarContinuous-v0: the car with a continuous force, as in Gymnasium 1.4 under NumPy 2.
 * Gymnasium stores [position, velocity] as float32 after each step, and its arithmetic then stays in float32, while the
 * first step after a reset runs in float64 (the force term excepted, which follows the action's type). The third
 * state variable is 1 for that first step. Reward -0.1 action^2 with the action before clipping, +100 at the goal.
 */
import { box, defineNativeEnv, option } from '@reprise/core'
import { boundsOptions, checkBounds } from './bounds.ts'
import { drawValley } from './valley.ts'

const { fround } = Math
const MIN_POSITION = -1.2
const MAX_POSITION = 0.6
const MAX_SPEED = 0.07
const GOAL = 0.45
const POWER = 0.0015
const GRAVITY = 0.0025
const POWER_32 = fround(POWER)

export const mountainCarContinuous = defineNativeEnv({
  id: 'MountainCarContinuous-v0',
  maxEpisodeSteps: 999,
  rewardThreshold: 90,
  summary: 'Rock a car to the flag with a continuous force; +100 at the flag, less the energy spent.',
  options: {
    goalVelocity: option.number({
      default: 0,
      doc: 'Least velocity at the flag that counts as arriving.',
      aliases: ['goal_velocity'],
    }),
  },
  resetOptions: boundsOptions(-0.6, -0.4, 'the position'),
  checkResetOptions: checkBounds,
  layout: () => ({
    observationSpace: box({ low: [MIN_POSITION, -MAX_SPEED], high: [MAX_POSITION, MAX_SPEED], dtype: 'float32' }),
    actionSpace: box({ low: -1, high: 1, shape: [1], dtype: 'float32' }),
    stateSize: 3,
  }),
  create: ({ state, actions, observations, rewards, terminated, random, options }) => {
    const actionColumn = actions[0]!.data as Float32Array
    const observation = observations[0]!.data as Float32Array
    const { goalVelocity } = options
    const draw = new Float64Array(1)
    // A Python number compared with a float32 scalar is rounded to float32 first.
    const goal32 = fround(GOAL)
    const goalVelocity32 = fround(goalVelocity)
    const maxSpeed32 = fround(MAX_SPEED)
    const minPosition32 = fround(MIN_POSITION)
    const maxPosition32 = fround(MAX_POSITION)
    return {
      reset(row, { low, high }) {
        const at = row * 3
        random[row]!.fillUniform(draw)
        state[at] = low + (high - low) * draw[0]!
        state[at + 1] = 0
        state[at + 2] = 1
        observation[row * 2] = state[at]!
        observation[row * 2 + 1] = 0
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const at = row * 3
          const action = actionColumn[row]!
          const first = state[at + 2] === 1
          let position = state[at]!
          let velocity = state[at + 1]!
          const slope = GRAVITY * Math.cos(first ? 3 * position : fround(3 * position))
          // A clipped action is a Python number, whose product stays double; others are float32 scalars.
          const push =
            action > 1
              ? POWER - slope
              : action < -1
                ? -POWER - slope
                : fround(fround(action * POWER_32) - fround(slope))
          let arrived: boolean
          if (first) {
            velocity += push
            velocity = Math.max(-MAX_SPEED, Math.min(MAX_SPEED, velocity))
            position += velocity
            position = Math.max(MIN_POSITION, Math.min(MAX_POSITION, position))
            if (position === MIN_POSITION && velocity < 0) velocity = 0
            arrived = position >= GOAL && velocity >= goalVelocity
          } else {
            velocity = fround(velocity + fround(push))
            velocity = Math.max(-maxSpeed32, Math.min(maxSpeed32, velocity))
            position = fround(position + velocity)
            position = Math.max(minPosition32, Math.min(maxPosition32, position))
            if (position === minPosition32 && velocity < 0) velocity = 0
            arrived = position >= goal32 && velocity >= goalVelocity32
          }
          position = fround(position)
          velocity = fround(velocity)
          state[at] = position
          state[at + 1] = velocity
          state[at + 2] = 0
          observation[row * 2] = position
          observation[row * 2 + 1] = velocity
          rewards[row] = (arrived ? 100 : 0) - action * action * 0.1
          terminated[row] = arrived ? 1 : 0
        }
      },
      outcome: (row) => terminated[row]!,
      render: (row) => drawValley(state[row * 3]!, state[row * 3 + 1]!, GOAL),
    }
  },
})
