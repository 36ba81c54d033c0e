/**
 * ToolChain-v0: every task is a hidden chain of tools, to be called in order. A call answers ok (the next link), wrong (a
 * mistake; one too many ends the episode) or error (the tool failed: nothing happened, try again). A right call gives a
 * capability, and tools that need one which is not held are masked; calling such a tool all the same is a mistake.
 * Reward 1 for the whole chain. The observation describes the task by a vector in which related tasks lie near each
 * other; how near, and how much of their chains they share, is `similarity`.
 */
import { box, defineNativeEnv, discrete, option, RepriseError } from '@reprise/core'
import { TaskSeeds, taskOption } from './task-seeds.ts'
import { DESCRIPTION, type ToolWorldOptions, toolWorld } from './tool-world.ts'

const ID = 'ToolChain-v0'
const LENGTH = 4
const STEPS_PER_LINK = 3
/** Task, links done, mistakes, capabilities held (bits), last tool + 1, last answer. */
const STATE = 6
const OK = 1
const WRONG = 2
const FAILED = 3

export const toolChain = defineNativeEnv({
  id: ID,
  maxEpisodeSteps: STEPS_PER_LINK * LENGTH,
  actionMasks: true,
  summary: 'Call the hidden chain of tools of the task at hand; related tasks have similar chains.',
  options: {
    tools: option.integer({ default: 8, min: 2, max: 128, doc: 'Tools, and actions.' }),
    capabilities: option.integer({ default: 4, min: 1, max: 30, doc: 'Capabilities that tools need and give.' }),
    length: option.integer({ default: LENGTH, min: 1, max: 32, doc: 'Calls of a chain.' }),
    tasks: option.integer({ default: 64, min: 1, max: 65_536, doc: 'Tasks to draw from.' }),
    firstTask: option.integer({
      default: 0,
      min: 0,
      max: 2 ** 30,
      doc: 'Number of the first of them: other numbers are held-out tasks of the same world.',
    }),
    families: option.integer({ default: 8, min: 1, max: 65_536, doc: 'Families; task n belongs to n mod families.' }),
    similarity: option.number({
      default: 0.75,
      min: 0,
      max: 1,
      doc: "Share of links a task has from its family, and cosine of two descriptions of a family's tasks.",
    }),
    errorRate: option.number({ default: 0.1, min: 0, max: 0.95, doc: 'Probability that a call fails.' }),
    mistakes: option.integer({ default: 1, min: 0, max: 1000, doc: 'Wrong calls that are forgiven.' }),
    steps: option.optionalInteger({
      default: null,
      min: 1,
      max: 100_000,
      doc: 'Calls of an episode. none: three per link.',
    }),
    reward: option.choice({
      values: ['sparse', 'dense'],
      default: 'sparse',
      doc: "'sparse': 1 for the whole chain; 'dense': 1 / length per link.",
    }),
    world: option.integer({ default: 0, min: 0, max: 2 ** 31 - 1, doc: 'Seed of tools, chains and descriptions.' }),
  },
  checkOptions: ({ length, steps }) => {
    if (steps === null || steps >= length) return
    throw new RepriseError('RPR_OPTION_CONFLICT', `steps = ${steps} does not fit length = ${length}.`, {
      value: steps,
      hint: 'It takes at least one step per link.',
    })
  },
  resetOptions: taskOption,
  limit: ({ length, steps }) => steps ?? STEPS_PER_LINK * length,
  layout: ({ tools, capabilities, length }) => ({
    observationSpace: box({ low: -1, high: 1, shape: [DESCRIPTION + length + 1 + 1 + capabilities + tools + 3] }),
    actionSpace: discrete(tools),
    stateSize: STATE,
  }),
  create: ({ state, actions, actionMasks, observations, rewards, terminated, random, options }) => {
    const { tools, capabilities, length, tasks, firstTask, errorRate, mistakes } = options
    const { needs, gives, chains, descriptions } = toolWorld(options)
    // A task keeps its id wherever it is drawn from.
    const { tasks: _, firstTask: __, ...identity } = options
    const seeds = new TaskSeeds(`${ID} ${JSON.stringify(identity)}`, state, STATE, tasks, firstTask)
    const dense = options.reward === 'dense'
    const action = actions[0]!.data as Int32Array
    const { data: observation, size } = observations[0]!
    const draw = new Float64Array(1)
    const observe = (row: number): void => {
      const at = row * STATE
      const held = state[at + 3]!
      let to = row * size
      const from = (state[at]! - firstTask) * DESCRIPTION
      for (let i = 0; i < DESCRIPTION; i++) observation[to++] = descriptions[from + i]!
      for (let i = 0; i <= length; i++) observation[to++] = state[at + 1] === i ? 1 : 0
      observation[to++] = state[at + 2]! / (mistakes + 1)
      for (let i = 0; i < capabilities; i++) observation[to++] = (held >> i) & 1
      for (let i = 1; i <= tools; i++) observation[to++] = state[at + 4] === i ? 1 : 0
      for (let i = OK; i <= FAILED; i++) observation[to++] = state[at + 5] === i ? 1 : 0
      for (let i = 0; i < tools; i++) actionMasks[row * tools + i] = callable(held, i) ? 1 : 0
    }
    const callable = (held: number, tool: number): boolean => needs[tool]! < 0 || ((held >> needs[tool]!) & 1) === 1
    return {
      reset(row, { task }) {
        seeds.choose(row, random[row]!, task)
        for (let i = 1; i < STATE; i++) state[row * STATE + i] = 0
        observe(row)
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const at = row * STATE
          const tool = action[row]!
          const done = state[at + 1]!
          const held = state[at + 3]!
          let answer = tool === chains[(state[at]! - firstTask) * length + done] ? OK : WRONG
          random[row]!.fillUniform(draw)
          if (callable(held, tool) && draw[0]! < errorRate) answer = FAILED
          rewards[row] = 0
          terminated[row] = 0
          state[at + 4] = tool + 1
          state[at + 5] = answer
          if (answer === OK) {
            const whole = done + 1 === length
            state[at + 1] = done + 1
            state[at + 3] = held | (1 << gives[tool]!)
            rewards[row] = dense ? 1 / length : whole ? 1 : 0
            terminated[row] = whole ? 1 : 0
          } else if (answer === WRONG) {
            state[at + 2]! += 1
            terminated[row] = state[at + 2]! > mistakes ? 1 : 0
          }
          observe(row)
        }
      },
      outcome: (row) => (state[row * STATE + 1] === length ? 1 : 0),
      taskId: (row) => seeds.id(row),
      render: (row) => {
        const [task, done, wrong, held, last, answer] = state.subarray(row * STATE, (row + 1) * STATE)
        const answers = ['', 'ok', 'wrong', 'error']
        const call = last! > 0 ? `, tool ${last! - 1}: ${answers[answer!]}` : ''
        return `task ${task}: ${done} of ${length}, ${wrong} wrong, holds ${held!.toString(2)}${call}\n`
      },
    }
  },
})

/** Calls the chain, over errors. */
export function toolChainExpert(options: ToolWorldOptions): (state: Float64Array) => number {
  const { chains } = toolWorld(options)
  const { length, firstTask } = options
  return (state) => chains[(state[0]! - firstTask) * length + state[1]!] ?? 0
}

/** The expert's success, which nothing can beat: at least `length` of `steps` calls go through. */
export function toolChainOptimum(length: number, steps: number, errorRate: number): number {
  // chances[k]: probability of k links after the calls so far.
  let chances = Float64Array.from({ length: length + 1 }, (_, k) => (k === 0 ? 1 : 0))
  for (let call = 0; call < steps; call++) {
    chances = chances.map((p, k) => p * (k < length ? errorRate : 1) + (k > 0 ? chances[k - 1]! * (1 - errorRate) : 0))
  }
  return chances[length]!
}
