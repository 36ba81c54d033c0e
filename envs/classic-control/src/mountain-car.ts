/**
 * MountainCar-v0: rock an underpowered car out of a valley (Moore 1990), as in Gymnasium 1.4.
 * State [position, velocity]; the left wall stops the car, the flag stands at 0.5. Reward -1 per step.
 */
import { box, defineNativeEnv, discrete, option } from '@reprise/core'
import { boundsOptions, checkBounds } from './bounds.ts'
import { drawValley } from './valley.ts'

const MIN_POSITION = -1.2
const MAX_POSITION = 0.6
const MAX_SPEED = 0.07
const GOAL = 0.5
const FORCE = 0.001
const GRAVITY = 0.0025

export const mountainCar = defineNativeEnv({
  id: 'MountainCar-v0',
  maxEpisodeSteps: 200,
  rewardThreshold: -110,
  summary: 'Rock an underpowered car to the flag on the right hill; -1 per step.',
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
    actionSpace: discrete(3),
    stateSize: 2,
  }),
  create: ({ state, actions, observations, rewards, terminated, random, options }) => {
    const action = actions[0]!.data as Int32Array
    const observation = observations[0]!.data as Float32Array
    const { goalVelocity } = options
    const draw = new Float64Array(1)
    return {
      reset(row, { low, high }) {
        const at = row * 2
        random[row]!.fillUniform(draw)
        state[at] = low + (high - low) * draw[0]!
        state[at + 1] = 0
        observation[at] = state[at]!
        observation[at + 1] = 0
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const at = row * 2
          let position = state[at]!
          let velocity = state[at + 1]! + ((action[row]! - 1) * FORCE + Math.cos(3 * position) * -GRAVITY)
          velocity = Math.max(-MAX_SPEED, Math.min(MAX_SPEED, velocity))
          position += velocity
          position = Math.max(MIN_POSITION, Math.min(MAX_POSITION, position))
          if (position === MIN_POSITION && velocity < 0) velocity = 0
          state[at] = position
          state[at + 1] = velocity
          observation[at] = position
          observation[at + 1] = velocity
          rewards[row] = -1
          terminated[row] = position >= GOAL && velocity >= goalVelocity ? 1 : 0
        }
      },
      outcome: (row) => terminated[row]!,
      render: (row) => drawValley(state[row * 2]!, state[row * 2 + 1]!, GOAL),
    }
  },
})
