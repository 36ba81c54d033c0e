/**
 * Pendulum-v1: swing a pendulum up and hold it, as in Gymnasium 1.4.
 * State [theta, theta'], theta = 0 upright and never wrapped; semi-implicit Euler steps of 0.05 s; torque in [-2, 2].
 * The cost is that of the state before the step and the clipped torque. Never terminates.
 */
import { box, defineNativeEnv, option } from '@reprise/core'

const { fround } = Math
const MAX_SPEED = 8
const MAX_TORQUE = 2
const DT = 0.05
const TAU = 2 * Math.PI
const TORQUE_COST_32 = fround(0.001)

export const pendulum = defineNativeEnv({
  id: 'Pendulum-v1',
  maxEpisodeSteps: 200,
  summary: 'Swing a pendulum up and hold it there; the reward is minus angle, speed and torque squared.',
  options: { g: option.number({ default: 10, doc: 'Gravity in m/s^2.' }) },
  resetOptions: {
    xInit: option.number({
      default: Math.PI,
      min: 0,
      doc: 'The start angle is uniform in [-xInit, xInit] radians.',
      aliases: ['x_init'],
    }),
    yInit: option.number({
      default: 1,
      min: 0,
      doc: 'The start velocity is uniform in [-yInit, yInit] radians per second.',
      aliases: ['y_init'],
    }),
  },
  layout: () => ({
    observationSpace: box({ low: [-1, -1, -MAX_SPEED], high: [1, 1, MAX_SPEED], dtype: 'float32' }),
    actionSpace: box({ low: -MAX_TORQUE, high: MAX_TORQUE, shape: [1], dtype: 'float32' }),
    stateSize: 2,
  }),
  create: ({ rows, state, actions, observations, rewards, terminated, random, options }) => {
    const torque = actions[0]!.data as Float32Array
    const observation = observations[0]!.data as Float32Array
    const draws = new Float64Array(2)
    const gravity = (3 * options.g) / 2
    // The sine of an angle is needed for what is observed and again for the next step: kept with the angle it is of.
    const sine = new Float64Array(rows)
    const sineOf = new Float64Array(rows).fill(Number.NaN)
    return {
      reset(row, { xInit, yInit }) {
        random[row]!.fillUniform(draws)
        const theta = -xInit + 2 * xInit * draws[0]!
        const speed = -yInit + 2 * yInit * draws[1]!
        state[row * 2] = theta
        state[row * 2 + 1] = speed
        observation[row * 3] = Math.cos(theta)
        observation[row * 3 + 1] = Math.sin(theta)
        observation[row * 3 + 2] = speed
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const theta = state[row * 2]!
          const speed = state[row * 2 + 1]!
          const u = Math.max(-MAX_TORQUE, Math.min(MAX_TORQUE, torque[row]!))
          // Python's modulo: the result has the sign of the divisor.
          let wrapped = theta + Math.PI
          if (wrapped < 0 || wrapped >= TAU) {
            // A call into C, which most angles do not need.
            wrapped %= TAU
            if (wrapped < 0) wrapped += TAU
          }
          wrapped -= Math.PI
          // The torque is a float32 scalar in Gymnasium, and so are its products with Python numbers.
          const torqueCost = fround(TORQUE_COST_32 * fround(u * u))
          const cost = wrapped * wrapped + 0.1 * (speed * speed) + torqueCost
          const sin = sineOf[row] === theta ? sine[row]! : Math.sin(theta)
          let nextSpeed = speed + (gravity * sin + fround(3 * u)) * DT
          nextSpeed = Math.max(-MAX_SPEED, Math.min(MAX_SPEED, nextSpeed))
          const nextTheta = theta + nextSpeed * DT
          state[row * 2] = nextTheta
          state[row * 2 + 1] = nextSpeed
          const nextSine = Math.sin(nextTheta)
          sine[row] = nextSine
          sineOf[row] = nextTheta
          observation[row * 3] = Math.cos(nextTheta)
          observation[row * 3 + 1] = nextSine
          observation[row * 3 + 2] = nextSpeed
          rewards[row] = -cost
          terminated[row] = 0
        }
      },
      render: (row) => drawPendulum(state[row * 2]!, state[row * 2 + 1]!),
    }
  },
})

/** The bob around its pivot, upright at the top. */
function drawPendulum(theta: number, speed: number): string {
  const rows = Array.from({ length: 7 }, () => Array<string>(13).fill(' '))
  rows[3]![6] = '+'
  rows[3 - Math.round(3 * Math.cos(theta))]![6 - Math.round(6 * Math.sin(theta))] = 'o'
  return `${rows.map((row) => row.join('').trimEnd()).join('\n')}\ntheta ${theta.toFixed(3)}  speed ${speed.toFixed(3)}\n`
}
