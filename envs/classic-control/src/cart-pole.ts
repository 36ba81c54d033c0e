/**
 * CartPole-v1: keep a pole upright on a cart (Barto, Sutton and Anderson 1983), as in Gymnasium 1.4.
 * State [x, x', theta, theta'] in metres and radians; explicit Euler steps of 0.02 s, positions advance with the old
 * velocities. Ends at |x| > 2.4 or |theta| > 12 degrees.
 */
import { box, defineNativeEnv, discrete, option } from '@reprise/core'
import { boundsOptions, checkBounds } from './bounds.ts'
import { writeSinCos } from './small-trig.ts'

const X_LIMIT = 2.4
const THETA_LIMIT = (12 * 2 * Math.PI) / 360

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
    const observation = observations[0]!.data as Float32Array
    const arrays: Arrays = {
      state,
      observation,
      action: actions[0]!.data as Int32Array,
      rewards,
      terminated,
      sinCos: new Float64Array(2 * rows),
      aliveReward: options.suttonBartoReward ? 0 : 1,
      fallenReward: options.suttonBartoReward ? -1 : 1,
    }
    const draws = new Float64Array(4)
    return {
      reset(row, { low, high }) {
        random[row]!.fillUniform(draws)
        for (let i = 0; i < 4; i++) {
          state[row * 4 + i] = low + (high - low) * draws[i]!
          observation[row * 4 + i] = state[row * 4 + i]!
        }
      },
      step: (begin, end) => advance(arrays, begin, end),
      outcome: (row) => (truncated[row] === 1 && terminated[row] === 0 ? 1 : 0),
      render: (row) => drawCart(state[row * 4]!, state[row * 4 + 2]!),
    }
  },
})

interface Arrays {
  readonly state: Float64Array
  readonly observation: Float32Array
  readonly action: Int32Array
  readonly rewards: Float64Array
  readonly terminated: Uint8Array
  /** Scratch: sine and cosine of each row's angle. */
  readonly sinCos: Float64Array
  readonly aliveReward: number
  readonly fallenReward: number
}

/**
 * The physics of rows begin to end - 1. The fastest form found: everything local and literal, for V8 reloads what a
 * closure captures in every iteration; two short loops, which overlap better in the processor than a long one; no branch
 * on the action, which would be mispredicted half of the time. The arithmetic keeps Gymnasium's order of operations.
 */
function advance(
  { state, observation, action, rewards, terminated, sinCos, aliveReward, fallenReward }: Arrays,
  begin: number,
  end: number,
): void {
  const gravity = 9.8
  const poleMass = 0.1
  const totalMass = 1.1
  const halfLength = 0.5
  const poleMassLength = 0.05
  const force = 10
  const dt = 0.02
  for (let row = begin; row < end; row++) writeSinCos(state[row * 4 + 2]!, sinCos, row * 2)
  for (let row = begin; row < end; row++) {
    const at = row * 4
    const xDot = state[at + 1]!
    const thetaDot = state[at + 3]!
    const sin = sinCos[row * 2]!
    const cos = sinCos[row * 2 + 1]!
    const push = action[row]! * (2 * force) - force
    const temp = (push + poleMassLength * (thetaDot * thetaDot) * sin) / totalMass
    const thetaAcc = (gravity * sin - cos * temp) / (halfLength * (4 / 3 - (poleMass * (cos * cos)) / totalMass))
    const xAcc = temp - (poleMassLength * thetaAcc * cos) / totalMass
    const nextX = state[at]! + dt * xDot
    const nextXDot = xDot + dt * xAcc
    const nextTheta = state[at + 2]! + dt * thetaDot
    const nextThetaDot = thetaDot + dt * thetaAcc
    state[at] = nextX
    state[at + 1] = nextXDot
    state[at + 2] = nextTheta
    state[at + 3] = nextThetaDot
    observation[at] = nextX
    observation[at + 1] = nextXDot
    observation[at + 2] = nextTheta
    observation[at + 3] = nextThetaDot
    const fallen = Math.abs(nextX) > 2.4 || Math.abs(nextTheta) > 0.20943951023931953
    rewards[row] = fallen ? fallenReward : aliveReward
    terminated[row] = fallen ? 1 : 0
  }
}

/** A track of 49 places from -2.4 to 2.4, the cart on it, and the pole's lean in degrees. */
function drawCart(x: number, theta: number): string {
  const place = Math.min(48, Math.max(0, Math.round((x / X_LIMIT) * 24) + 24))
  const degrees = (theta * 180) / Math.PI
  const pole = degrees < -3 ? '\\' : degrees > 3 ? '/' : '|'
  const line = (mark: string) => `${' '.repeat(place)}${mark}`
  const cells = `${'-'.repeat(place)}#${'-'.repeat(48 - place)}`
  return `${line(pole)}\n${cells}\nx ${x.toFixed(3)}  theta ${degrees.toFixed(2)} deg\n`
}
