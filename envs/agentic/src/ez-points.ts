/**
 * EZPoints-v0: write a formula over two cards that equals 12, token by token, as in Gym Cards. The first card is 2 to 13
 * with faces counted as 10; the second is 12 minus the first, or for 2, 3, 4 and 6, half of the time, 12 divided by it;
 * their order is shuffled. Actions 0 to 9 are the numbers 1 to 10, then `+`, `*`, `=`. `=` ends the episode and pays 10 where
 * the formula equals 12 and has used both cards; so do more than five tokens, with nothing. A number that is not left
 * among the cards changes nothing and is masked. Formulas mean what they do in Python: `2+` + 10 is 12; `**` is never 12.
 */
import { defineNativeEnv, discrete, multiDiscrete, option } from '@reprise/core'
import { TaskSeeds, taskOption } from './task-seeds.ts'

const ID = 'EZPoints-v0'
const STEPS = 8
const TARGET = 12
const MOST_TOKENS = 5
/** Actions: 10 numbers, then these. */
const PLUS = 10
const TIMES = 11
const EQUALS = 12
const ACTIONS = 13
const SLOTS = MOST_TOKENS + 1
/** Task, first card, second card, first used, second used, tokens, then the tokens (action + 1, 0 for none). */
const HEAD = 6
const STATE = HEAD + SLOTS

/** Whether the tokens from `at` on are two numbers joined to 12, with any `+` before either. */
function equalsTarget(state: Float64Array, at: number, count: number): boolean {
  let i = 0
  while (i < count && state[at + i] === PLUS + 1) i++
  const left = state[at + i]!
  const operation = state[at + i + 1]!
  i += 2
  while (i < count && state[at + i] === PLUS + 1) i++
  const right = state[at + i]!
  if (i !== count - 1 || left < 1 || left > 10 || right < 1 || right > 10) return false
  if (operation === PLUS + 1) return left + right === TARGET
  return operation === TIMES + 1 && left * right === TARGET
}

export const ezPoints = defineNativeEnv({
  id: ID,
  maxEpisodeSteps: STEPS,
  actionMasks: true,
  summary: 'Write a formula over two cards that equals 12.',
  options: {
    steps: option.integer({ default: STEPS, min: 4, max: 1000, doc: 'Steps of an episode.' }),
  },
  resetOptions: taskOption,
  limit: ({ steps }) => steps,
  layout: () => ({
    observationSpace: multiDiscrete([11, 11, ...new Array<number>(SLOTS).fill(ACTIONS + 1)]),
    actionSpace: discrete(ACTIONS),
    stateSize: STATE,
  }),
  create: ({ state, actions, actionMasks, observations, rewards, terminated, random, options }) => {
    const seeds = new TaskSeeds(`${ID} ${JSON.stringify(options)}`, state, STATE)
    const action = actions[0]!.data as Int32Array
    const observation = observations[0]!.data as Int32Array
    const observe = (row: number): void => {
      const at = row * STATE
      const to = row * (2 + SLOTS)
      observation[to] = state[at + 1]!
      observation[to + 1] = state[at + 2]!
      for (let i = 0; i < SLOTS; i++) observation[to + 2 + i] = state[at + HEAD + i]!
      for (let a = 0; a < ACTIONS; a++) actionMasks[row * ACTIONS + a] = a < PLUS && cardFor(at, a + 1) === 0 ? 0 : 1
    }
    /** Which unused card shows `number`: 1, 2 or 0 for none. */
    const cardFor = (at: number, number: number): number => {
      if (state[at + 1] === number && state[at + 3] === 0) return 1
      return state[at + 2] === number && state[at + 4] === 0 ? 2 : 0
    }
    return {
      reset(row, { task }) {
        const at = row * STATE
        const r = seeds.random
        seeds.choose(row, random[row]!, task)
        const first = Math.min(10, 2 + r.below(12))
        const divides = first <= 4 || first === 6
        const second = divides && r.below(2) === 1 ? TARGET / first : TARGET - first
        const swap = r.below(2)
        state[at + 1] = swap === 1 ? second : first
        state[at + 2] = swap === 1 ? first : second
        for (let i = 3; i < STATE; i++) state[at + i] = 0
        observe(row)
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const at = row * STATE
          const a = action[row]!
          const count = state[at + 5]!
          rewards[row] = 0
          terminated[row] = 0
          const card = a < PLUS ? cardFor(at, a + 1) : 0
          if (a >= PLUS || card > 0) {
            if (card > 0) state[at + 2 + card] = 1
            state[at + HEAD + count] = a + 1
            state[at + 5] = count + 1
            if (a === EQUALS) {
              const both = state[at + 3] === 1 && state[at + 4] === 1
              rewards[row] = both && equalsTarget(state, at + HEAD, count) ? 10 : 0
            }
            terminated[row] = a === EQUALS || count >= MOST_TOKENS ? 1 : 0
          }
          observe(row)
        }
      },
      outcome: (row) => (rewards[row]! > 0 ? 1 : 0),
      taskId: (row) => seeds.id(row),
      render: (row) => {
        const at = row * STATE
        const tokens = Array.from(state.subarray(at + HEAD, at + HEAD + state[at + 5]!), (t) =>
          t <= 10 ? String(t) : '+*='[t - 11]!,
        )
        return `cards ${state[at + 1]} ${state[at + 2]}: ${tokens.join(' ')}\n`
      },
    }
  },
})

/** One card, the operation that leads to 12, the other card, `=`. */
export function ezPointsExpert(): (state: Float64Array) => number {
  return (state) => {
    const [first, second] = [state[1]!, state[2]!]
    const operation = first + second === TARGET ? PLUS : TIMES
    return [first - 1, operation, second - 1, EQUALS][state[5]!] ?? EQUALS
  }
}
