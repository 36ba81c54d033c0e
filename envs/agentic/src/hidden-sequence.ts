/**
 * HiddenSequence-v0: every task has a secret sequence of moves. After each move the environment answers right or wrong; a
 * wrong move ends the episode with nothing, the whole sequence pays 1. The observation names the task and says how far
 * the sequence has come, so a policy can only learn each sequence by heart, from successes that chance gives once in
 * moves^length episodes: the clearest case for keeping and replaying them.
 */
import { defineNativeEnv, discrete, multiDiscrete, option } from '@reprise/core'
import { TaskRandom } from './task-random.ts'
import { TaskSeeds, taskOption } from './task-seeds.ts'

const ID = 'HiddenSequence-v0'
const LENGTH = 3
/** Task, moves that were right so far, last answer (0 none, 1 right, 2 wrong). */
const STATE = 3

export interface HiddenSequenceOptions {
  readonly length: number
  readonly moves: number
  readonly tasks: number
  readonly secret: number
}

/** [tasks, length] the moves that are right. */
export function hiddenSequences({ length, moves, tasks, secret }: HiddenSequenceOptions): Int32Array {
  const random = new TaskRandom()
  const out = new Int32Array(tasks * length)
  for (let task = 0; task < tasks; task++) {
    random.seed(secret, task, 1)
    for (let i = 0; i < length; i++) out[task * length + i] = random.below(moves)
  }
  return out
}

export const hiddenSequence = defineNativeEnv({
  id: ID,
  maxEpisodeSteps: LENGTH,
  summary: 'Guess the secret sequence of the task at hand; a wrong move ends the episode. For per-task replay.',
  options: {
    length: option.integer({ default: LENGTH, min: 1, max: 64, doc: 'Moves of a sequence.' }),
    moves: option.integer({ default: 5, min: 2, max: 256, doc: 'Different moves.' }),
    tasks: option.integer({ default: 32, min: 1, max: 65_536, doc: 'Tasks, each with a sequence of its own.' }),
    secret: option.integer({ default: 0, min: 0, max: 2 ** 31 - 1, doc: 'Seed of all sequences.' }),
    reward: option.choice({
      values: ['sparse', 'dense'],
      default: 'sparse',
      doc: "'sparse': 1 for the whole sequence; 'dense': 1 / length for each right move.",
    }),
  },
  resetOptions: taskOption,
  limit: ({ length }) => length,
  layout: ({ tasks, length, moves }) => ({
    observationSpace: multiDiscrete([tasks, length + 1, 3]),
    actionSpace: discrete(moves),
    stateSize: STATE,
  }),
  create: ({ state, actions, observations, rewards, terminated, random, options }) => {
    const { length, tasks, reward } = options
    const seeds = new TaskSeeds(`${ID} ${JSON.stringify(options)}`, state, STATE, tasks)
    const secrets = hiddenSequences(options)
    const action = actions[0]!.data as Int32Array
    const observation = observations[0]!.data as Int32Array
    const dense = reward === 'dense'
    const observe = (at: number): void => {
      for (let i = at; i < at + STATE; i++) observation[i] = state[i]!
    }
    return {
      reset(row, { task }) {
        const at = row * STATE
        seeds.choose(row, random[row]!, task)
        state[at + 1] = 0
        state[at + 2] = 0
        observe(at)
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const at = row * STATE
          const place = state[at + 1]!
          const right = action[row] === secrets[state[at]! * length + place]
          const whole = right && place === length - 1
          state[at + 1] = right ? place + 1 : place
          state[at + 2] = right ? 1 : 2
          rewards[row] = dense ? (right ? 1 / length : 0) : whole ? 1 : 0
          terminated[row] = whole || !right ? 1 : 0
          observe(at)
        }
      },
      outcome: (row) => (state[row * STATE + 1] === length ? 1 : 0),
      taskId: (row) => seeds.id(row),
      render: (row) => {
        const at = row * STATE
        const task = state[at]!
        const known = Array.from(secrets.subarray(task * length, task * length + state[at + 1]!))
        const answer = ['', ' right', ' wrong'][state[at + 2]!]
        return `task ${task}: ${[...known, ...'?'.repeat(length - known.length)].join(' ')}${answer}\n`
      },
    }
  },
})

/** Plays the sequence. */
export function hiddenSequenceExpert(options: HiddenSequenceOptions): (state: Float64Array) => number {
  const secrets = hiddenSequences(options)
  return (state) => secrets[state[0]! * options.length + state[1]!] ?? 0
}
