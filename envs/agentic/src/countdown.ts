/**
 * Countdown-v0: write an expression over given numbers that comes to a target, token by token. Numbers are drawn from 1 to
 * 100 and the target from those of 1 to 1000 that they can be made into, so that every task has a solution. The text ends
 * with `<end>` or after `tokens` tokens and is then scored as TinyZero does: 1 for a right answer, 0.1 for any other text
 * in an answer tag, 0 without one. The 0.1 is a trap: it can be had without solving anything. The outcome is 1 only for
 * right answers.
 */
import { defineNativeEnv, discrete, multiDiscrete, option, RepriseError } from '@reprise/core'
import { CountdownGrammar } from './countdown-grammar.ts'
import { CountdownReach, solveCountdown } from './countdown-solver.ts'
import { ANSWER, ANSWER_END, AnswerReader, END, MOST_NUMBERS, TOKENS } from './countdown-text.ts'
import { TaskSeeds, taskOption } from './task-seeds.ts'

const ID = 'Countdown-v0'
const LENGTH = 24
const LARGEST_NUMBER = 100
const LARGEST_TARGET = 1000
/** Prompt: three digits per number, four of the target. */
const PROMPT = 3 * MOST_NUMBERS + 4
const PAD = TOKENS.length
/** Task, tokens written, score, numbers, target, the numbers; then the text. */
const NUMBERS = 5
const TEXT = NUMBERS + MOST_NUMBERS

export interface CountdownOptions {
  readonly operators: 'all' | 'additive'
}

export const countdown = defineNativeEnv({
  id: ID,
  maxEpisodeSteps: LENGTH,
  actionMasks: true,
  summary: 'Write an expression over given numbers that comes to a target, token by token.',
  options: {
    minNumbers: option.integer({ default: 3, min: 2, max: MOST_NUMBERS, doc: 'Least numbers of a task.' }),
    maxNumbers: option.integer({ default: 4, min: 2, max: MOST_NUMBERS, doc: 'Most numbers of a task.' }),
    operators: option.choice({
      values: ['all', 'additive'],
      default: 'all',
      doc: "'all': + - * /; 'additive': tasks have a solution with + and -, as RAGEN's.",
    }),
    tokens: option.integer({ default: LENGTH, min: LENGTH, max: 1000, doc: 'Tokens of a text.' }),
    grammar: option.choice({
      values: ['expression', 'none'],
      default: 'expression',
      doc: "'expression': the mask allows only texts that are an answer with all numbers; 'none': any text.",
    }),
    scoring: option.choice({
      values: ['tinyzero', 'ragen'],
      default: 'tinyzero',
      doc: "What earns 0.1: 'tinyzero', any answer tag; 'ragen', the right numbers.",
    }),
  },
  checkOptions: ({ minNumbers, maxNumbers }) => {
    if (minNumbers <= maxNumbers) return
    throw new RepriseError('RPR_OPTION_CONFLICT', `minNumbers = ${minNumbers} exceeds maxNumbers = ${maxNumbers}.`, {
      value: minNumbers,
      hint: 'It takes minNumbers <= maxNumbers.',
    })
  },
  resetOptions: taskOption,
  limit: ({ tokens }) => tokens,
  layout: ({ tokens }) => ({
    observationSpace: multiDiscrete(new Array<number>(PROMPT + tokens).fill(TOKENS.length + 1)),
    actionSpace: discrete(TOKENS.length),
    stateSize: TEXT + tokens,
  }),
  create: ({ state, actions, actionMasks, observations, rewards, terminated, random, options }) => {
    const { minNumbers, maxNumbers, operators, tokens, grammar, scoring } = options
    const stride = TEXT + tokens
    const width = PROMPT + tokens
    const additive = operators === 'additive'
    const seeds = new TaskSeeds(`${ID} ${JSON.stringify(options)}`, state, stride)
    const reach = new CountdownReach(maxNumbers, LARGEST_TARGET, additive ? 3 : 6)
    const rules = grammar === 'expression' ? new CountdownGrammar(additive) : undefined
    const reader = new AnswerReader()
    const text = { state, at: 0, count: 0, numbersAt: 0, numberCount: 0 }
    const action = actions[0]!.data as Int32Array
    const observation = observations[0]!.data as Int32Array
    if (!rules) actionMasks.fill(1)

    /** `value` as `length` digits, padded in front. */
    const writeDigits = (to: number, length: number, value: number): void => {
      let rest = value
      for (let i = length - 1; i >= 0; i--) {
        observation[to + i] = rest > 0 ? rest % 10 : PAD
        rest = Math.floor(rest / 10)
      }
    }
    const look = (row: number): void => {
      const at = row * stride
      text.at = at + TEXT
      text.count = state[at + 1]!
      text.numbersAt = at + NUMBERS
      text.numberCount = state[at + 3]!
    }
    const observe = (row: number): void => {
      const at = row * stride
      const to = row * width
      for (let i = 0; i < MOST_NUMBERS; i++) writeDigits(to + 3 * i, 3, state[at + NUMBERS + i]!)
      writeDigits(to + 3 * MOST_NUMBERS, 4, state[at + 4]!)
      for (let i = 0; i < tokens; i++) observation[to + PROMPT + i] = i < text.count ? state[at + TEXT + i]! : PAD
      rules?.write(text, actionMasks, row * TOKENS.length)
    }
    return {
      reset(row, { task }) {
        const at = row * stride
        const r = seeds.random
        seeds.choose(row, random[row]!, task)
        const count = minNumbers + r.below(maxNumbers - minNumbers + 1)
        for (let i = 1; i < stride; i++) state[at + i] = 0
        state[at + 3] = count
        do {
          for (let i = 0; i < count; i++) state[at + NUMBERS + i] = 1 + r.below(LARGEST_NUMBER)
          reach.search(state, at + NUMBERS, count)
        } while (reach.count === 0)
        let target = 0
        for (let left = 1 + r.below(reach.count); left > 0; ) left -= reach.reached[++target]!
        state[at + 4] = target
        look(row)
        observe(row)
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const at = row * stride
          const token = action[row]!
          const count = state[at + 1]! + 1
          state[at + TEXT + count - 1] = token
          state[at + 1] = count
          look(row)
          const ends = token === END || count === tokens
          const score = ends ? reader.score(text, state[at + 4]!, scoring) : 0
          state[at + 2] = score
          rewards[row] = score
          terminated[row] = ends ? 1 : 0
          observe(row)
        }
      },
      outcome: (row) => (state[row * stride + 2] === 1 ? 1 : 0),
      taskId: (row) => seeds.id(row),
      render: (row) => {
        const at = row * stride
        const numbers = Array.from(state.subarray(at + NUMBERS, at + NUMBERS + state[at + 3]!))
        const written = Array.from(state.subarray(at + TEXT, at + TEXT + state[at + 1]!), (t) => TOKENS[t]!)
        return `${numbers.join(' ')} -> ${state[at + 4]}: ${written.join('')}\n`
      },
    }
  },
})

/** Writes a solution found by search. */
export function countdownExpert({ operators }: CountdownOptions): (state: Float64Array) => number {
  let known = ''
  let solution: number[] = []
  return (state) => {
    const numbers = Array.from(state.subarray(NUMBERS, NUMBERS + state[3]!))
    const task = `${numbers} ${state[4]}`
    if (task !== known) {
      known = task
      const expression = solveCountdown(numbers, state[4]!, operators === 'additive') ?? ''
      solution = [ANSWER, ...[...expression].map((character) => TOKENS.indexOf(character)), ANSWER_END, END]
    }
    return solution[state[1]!] ?? END
  }
}
