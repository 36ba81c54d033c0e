/**
 * CartPole-v1: keep a pole upright on a cart (Barto, Sutton and Anderson 1983), as in Gymnasium 1.4.
 * State [x, x', theta, theta'] in metres and radians; explicit Euler steps of 0.02 s, positions advance with the old
 * velocities. Ends at |x| > 2.4 or |theta| > 12 degrees.
 */
import { box, defineNativeEnv, discrete, option } from '@reprise/core'
import { boundsOptions, checkBounds } from './bounds.ts'
import { cosSmall, sinSmall } from './small-trig.ts'

const GRAVITY = 9.8
const POLE_MASS = 0.1
const TOTAL_MASS = POLE_MASS + 1
const HALF_LENGTH = 0.5
const POLE_MASS_LENGTH = POLE_MASS * HALF_LENGTH
const FORCE = 10
const DT = 0.02
const X_LIMIT = 2.4
const THETA_LIMIT = (12 * 2 * Math.PI) / 360
const FOUR_THIRDS = 4 / 3

export const cartPole = defineNativeEnv({
  id: 'CartPole-v1',
  maxEpisodeSteps: 500,
  rewardThreshold: 475,
  summary: 'Balance a pole on a cart by pushing it left or right; +1 per step.',
  options: {
    suttonBartoReward: option.boolean({
      default: false,
      doc: 'Reward 0 per step and -1 on the failing one instead of +1 on each.',
      aliases: ['sutton_barto_reward'],
    }),
  },
  resetOptions: boundsOptions(-0.05, 0.05, 'all four state variables'),
  checkResetOptions: checkBounds,
  layout: () => ({
    observationSpace: box({
      low: [-2 * X_LIMIT, -Infinity, -2 * THETA_LIMIT, -Infinity],
      high: [2 * X_LIMIT, Infinity, 2 * THETA_LIMIT, Infinity],
      dtype: 'float32',
    }),
    actionSpace: discrete(2),
    stateSize: 4,
  }),
  create: ({ rows, state, actions, observations, rewards, terminated, truncated, random, options }) => {
    const action = actions[0]!.data as Int32Array
    const observation = observations[0]!.data as Float32Array
    const draws = new Float64Array(4)
    const sines = new Float64Array(rows)
    const cosines = new Float64Array(rows)
    const aliveReward = options.suttonBartoReward ? 0 : 1
    const fallenReward = options.suttonBartoReward ? -1 : 1
    return {
      reset(row, { low, high }) {
        random[row]!.fillUniform(draws)
        for (let i = 0; i < 4; i++) {
          state[row * 4 + i] = low + (high - low) * draws[i]!
          observation[row * 4 + i] = state[row * 4 + i]!
        }
      },
      step(begin, end) {
        // Two short loops overlap better in the processor than one long one.
        for (let row = begin; row < end; row++) {
          sines[row] = sinSmall(state[row * 4 + 2]!)
          cosines[row] = cosSmall(state[row * 4 + 2]!)
        }
        for (let row = begin; row < end; row++) {
          const at = row * 4
          const xDot = state[at + 1]!
          const thetaDot = state[at + 3]!
          const sin = sines[row]!
          const cos = cosines[row]!
          // Arithmetic, because a branch on the action would be mispredicted half of the time.
          const force = action[row]! * (2 * FORCE) - FORCE
          const temp = (force + POLE_MASS_LENGTH * (thetaDot * thetaDot) * sin) / TOTAL_MASS
          const thetaAcc =
            (GRAVITY * sin - cos * temp) / (HALF_LENGTH * (FOUR_THIRDS - (POLE_MASS * (cos * cos)) / TOTAL_MASS))
          const xAcc = temp - (POLE_MASS_LENGTH * thetaAcc * cos) / TOTAL_MASS
          const nextX = state[at]! + DT * xDot
          const nextXDot = xDot + DT * xAcc
          const nextTheta = state[at + 2]! + DT * thetaDot
          const nextThetaDot = thetaDot + DT * thetaAcc
          state[at] = nextX
          state[at + 1] = nextXDot
          state[at + 2] = nextTheta
          state[at + 3] = nextThetaDot
          observation[at] = nextX
          observation[at + 1] = nextXDot
          observation[at + 2] = nextTheta
          observation[at + 3] = nextThetaDot
          const fallen = nextX < -X_LIMIT || nextX > X_LIMIT || nextTheta < -THETA_LIMIT || nextTheta > THETA_LIMIT
          rewards[row] = fallen ? fallenReward : aliveReward
          terminated[row] = fallen ? 1 : 0
        }
      },
      outcome: (row) => (truncated[row] === 1 && terminated[row] === 0 ? 1 : 0),
      render: (row) => drawCart(state[row * 4]!, state[row * 4 + 2]!),
    }
  },
})

/** A track of 49 places from -2.4 to 2.4, the cart on it, and the pole's lean in degrees. */
function drawCart(x: number, theta: number): string {
  const place = Math.min(48, Math.max(0, Math.round((x / X_LIMIT) * 24) + 24))
  const degrees = (theta * 180) / Math.PI
  const pole = degrees < -3 ? '\\' : degrees > 3 ? '/' : '|'
  const line = (mark: string) => `${' '.repeat(place)}${mark}`
  const cells = `${'-'.repeat(place)}#${'-'.repeat(48 - place)}`
  return `${line(pole)}\n${cells}\nx ${x.toFixed(3)}  theta ${degrees.toFixed(2)} deg\n`
}
