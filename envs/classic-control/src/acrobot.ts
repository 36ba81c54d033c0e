/**
 * Acrobot-v1: swing the tip of a two-link chain above a line by torque at its middle joint (Sutton 1996), as in
 * Gymnasium 1.4. State [theta1, theta2, theta1', theta2'], angles 0 hanging down, theta2 relative to the first link.
 * One Runge-Kutta step of 0.2 s. Reset states are rounded to float32. Reward -1 per step, 0 on the step that arrives.
 */
import { box, defineNativeEnv, discrete, option } from '@reprise/core'
import { boundsOptions, checkBounds } from './bounds.ts'

const { cos, sin, PI, fround } = Math
const GRAVITY = 9.8
const DT = 0.2
const HALF_DT = DT / 2
const MAX_SPEED_1 = 4 * PI
const MAX_SPEED_2 = 9 * PI
const INERTIA_2 = 0.25 + 1
// Both links: mass 1, length 1, centre of mass at 0.5, moment of inertia 1.
const WEIGHT_1 = 1.5 * GRAVITY
const WEIGHT_2 = 0.5 * GRAVITY

export const acrobot = defineNativeEnv({
  id: 'Acrobot-v1',
  maxEpisodeSteps: 500,
  rewardThreshold: -100,
  summary: 'Swing a two-link chain above a line by torque at its middle joint; -1 per step.',
  options: {
    bookOrNips: option.choice({
      values: ['book', 'nips'],
      default: 'book',
      doc: 'Equations of motion: of the book by Sutton and Barto, or of the NIPS paper, which lacks a term.',
      aliases: ['book_or_nips'],
    }),
  },
  resetOptions: boundsOptions(-0.1, 0.1, 'all four state variables'),
  checkResetOptions: checkBounds,
  layout: () => ({
    observationSpace: box({
      low: [-1, -1, -1, -1, -MAX_SPEED_1, -MAX_SPEED_2],
      high: [1, 1, 1, 1, MAX_SPEED_1, MAX_SPEED_2],
      dtype: 'float32',
    }),
    actionSpace: discrete(3),
    stateSize: 4,
  }),
  create: ({ state, actions, observations, rewards, terminated, random, options }) => {
    const action = actions[0]!.data as Int32Array
    const observation = observations[0]!.data as Float32Array
    const book = options.bookOrNips === 'book' ? 1 : 0

    const draws = new Float64Array(4)

    const observe = (row: number) => {
      const at = row * 4
      const to = row * 6
      observation[to] = cos(state[at]!)
      observation[to + 1] = sin(state[at]!)
      observation[to + 2] = cos(state[at + 1]!)
      observation[to + 3] = sin(state[at + 1]!)
      observation[to + 4] = state[at + 2]!
      observation[to + 5] = state[at + 3]!
    }
    return {
      reset(row, { low, high }) {
        random[row]!.fillUniform(draws)
        for (let i = 0; i < 4; i++) state[row * 4 + i] = fround(low + (high - low) * draws[i]!)
        observe(row)
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const at = row * 4
          const torque = action[row]! - 1
          const a0 = state[at]!
          const b0 = state[at + 1]!
          const c0 = state[at + 2]!
          const d0 = state[at + 3]!
          let a = a0
          let b = b0
          let c = c0
          let d = d0
          // Weighted sums of the four slopes, added in NumPy's order: k1 + 2 k2 + 2 k3 + k4.
          let sumA = 0
          let sumB = 0
          let sumC = 0
          let sumD = 0
          for (let stage = 0; stage < 4; stage++) {
            const cosB = cos(b)
            const sinB = sin(b)
            const d1 = 0.25 + (1.25 + cosB) + 1 + 1
            const d2 = 0.25 + 0.5 * cosB + 1
            const phi2 = WEIGHT_2 * cos(a + b - PI / 2)
            const phi1 = -0.5 * (d * d) * sinB - d * c * sinB + WEIGHT_1 * cos(a - PI / 2) + phi2
            const coriolis = book * (0.5 * (c * c) * sinB)
            const accelerationB = (torque + (d2 / d1) * phi1 - coriolis - phi2) / (INERTIA_2 - (d2 * d2) / d1)
            const accelerationA = -(d2 * accelerationB + phi1) / d1
            const weight = stage === 0 || stage === 3 ? 1 : 2
            sumA += weight * c
            sumB += weight * d
            sumC += weight * accelerationA
            sumD += weight * accelerationB
            const ahead = stage === 2 ? DT : HALF_DT
            a = a0 + ahead * c
            b = b0 + ahead * d
            c = c0 + ahead * accelerationA
            d = d0 + ahead * accelerationB
          }
          const sixth = DT / 6
          // Into [-pi, pi] by whole turns, one at a time as Gymnasium does: other ways round differently.
          let theta1 = a0 + sixth * sumA
          while (theta1 > PI) theta1 -= 2 * PI
          while (theta1 < -PI) theta1 += 2 * PI
          let theta2 = b0 + sixth * sumB
          while (theta2 > PI) theta2 -= 2 * PI
          while (theta2 < -PI) theta2 += 2 * PI
          const speed1 = c0 + sixth * sumC
          const speed2 = d0 + sixth * sumD
          state[at] = theta1
          state[at + 1] = theta2
          state[at + 2] = Math.max(-MAX_SPEED_1, Math.min(MAX_SPEED_1, speed1))
          state[at + 3] = Math.max(-MAX_SPEED_2, Math.min(MAX_SPEED_2, speed2))
          observe(row)
          const arrived = -cos(theta1) - cos(theta2 + theta1) > 1
          rewards[row] = arrived ? 0 : -1
          terminated[row] = arrived ? 1 : 0
        }
      },
      outcome: (row) => terminated[row]!,
      render: (row) => drawChain(state[row * 4]!, state[row * 4 + 1]!),
    }
  },
})

/** Pivot +, middle joint o, tip @, and the line to reach. */
function drawChain(theta1: number, theta2: number): string {
  const rows = Array.from({ length: 9 }, (_, i) => Array<string>(17).fill(i === 2 ? '-' : ' '))
  const x = sin(theta1)
  const y = -cos(theta1)
  const put = (px: number, py: number, mark: string) => {
    rows[4 - Math.round(2 * py)]![8 + Math.round(4 * px)] = mark
  }
  put(0, 0, '+')
  put(x, y, 'o')
  put(x + sin(theta1 + theta2), y - cos(theta1 + theta2), '@')
  return `${rows.map((row) => row.join('').trimEnd()).join('\n')}\ntheta1 ${theta1.toFixed(3)}  theta2 ${theta2.toFixed(3)}\n`
}
