/** The network behind a policy as its options describe it, with or without memory: what GRPO, ARPO, BC and PPO share. */
import type { InputSpecs, SequenceShape, TensorRecord } from '@reprise/backend'
import { type OptionTable, type OptionValues, option, RepriseError } from '@reprise/core'
import {
  type ActionHead,
  type ActorCritic,
  type ActorCriticOutput,
  type ActorCriticSpec,
  actionHead,
  actorCritic,
  attentionActorCritic,
  type ElementList,
  elementLists,
  type Layout,
  recurrentActorCritic,
} from '@reprise/nn'
import { concat, reshape, slice, split, sub, type Tensor, type Tensor2D, zeros } from '@tensorflow/tfjs-core'
import type { PolicySpaces } from './algorithm.ts'
import { policyInputs } from './policy-inputs.ts'
import { shapeOfRows } from './sequences.ts'
import { hiddenLayers, layerNorm } from './shared-options.ts'

export const POLICIES = ['mlp', 'gru', 'attention'] as const

type Policy = { policy: (typeof POLICIES)[number] }
const unless = (policy: Policy['policy']) => (values: Policy) =>
  values.policy === policy ? undefined : `policy is '${values.policy}'`

export const networkOptions = {
  policy: option.choice({
    values: POLICIES,
    default: 'mlp',
    doc: 'What the policy reads. mlp: the observation. gru: that and its memory of the episode, through a recurrent layer after the hidden ones, trained on whole sequences. attention: lists of elements (two-dimensional parts of the observation), each of which sees the others.',
    aliases: ['policy_type'],
  }),
  memorySize: option.integer({
    default: 64,
    min: 1,
    doc: 'Elements of the memory.',
    aliases: ['lstm_hidden_size', 'gru_hidden_size', 'rnn_hidden_size'],
    inert: unless('gru'),
  }),
  attentionWidth: option.integer({
    default: 32,
    min: 1,
    doc: 'Numbers that each element of a list becomes.',
    inert: unless('attention'),
  }),
  attentionHeads: option.integer({
    default: 2,
    min: 1,
    doc: 'Parts of attention, each of attentionWidth / attentionHeads numbers.',
    inert: unless('attention'),
  }),
  pointAt: option.string({
    default: 'auto',
    doc: 'Path of the list whose element i action i points at: its logit is then read off that element too. auto: the longest list, where there are at least as many actions; none: no list.',
    inert: unless('attention'),
  }),
  ...hiddenLayers([64, 64], 'tanh', 'Widths of the hidden layers.'),
  layerNorm,
} satisfies OptionTable

export type NetworkOptions = OptionValues<typeof networkOptions> & { readonly logStdInit: number }

/** A policy, and a value function where there is a critic, on the tensors that executors hand to programs. */
export interface PolicyNetwork {
  readonly inputs: ReturnType<typeof policyInputs>
  readonly layout: Layout
  init: ReturnType<typeof actorCritic>['init']
  /** The input `memory` of a function that steps `count` parameter vectors side by side; nothing without memory. */
  memory(count?: number): InputSpecs
  /** The memory of each of `count` vectors, out of the input. */
  memories(inputs: TensorRecord, count: number): (Tensor | undefined)[]
  /** One decision per row: with memory each row goes on from its own. */
  step(params: Tensor, inputs: TensorRecord, memory?: Tensor): ActorCriticOutput
  /** As `step`, without the value. */
  stepPolicy(params: Tensor, inputs: TensorRecord, memory?: Tensor): ActorCriticOutput
  /**
   * Rows of stored decisions. With memory they are sequences that begin with none, or with the `memory` of their first rows;
   * `episodeStart` [N] is 1 where an episode begins later on.
   */
  rows(params: Tensor, batch: TensorRecord): ActorCriticOutput
}

/** `sequences`: the shapes of stored rows; needed with memory. */
export function policyNetwork(
  spaces: PolicySpaces,
  options: NetworkOptions,
  critic: 'none' | 'shared' | 'separate',
  sequences: readonly SequenceShape[] = [],
): PolicyNetwork {
  const inputs = policyInputs(spaces)
  const spec = {
    inputs: spaces.observationSize,
    head: inputs.head,
    hidden: options.hidden,
    activation: options.activation,
    layerNorm: options.layerNorm,
    critic,
    logStdInit: options.logStdInit,
  }
  const net = networkOf(spaces, options, spec)
  const { memorySize } = net
  const recurrence = (memory: Tensor | undefined) => memory && { memory }
  return {
    inputs,
    layout: net.layout,
    init: net.init,
    memory(count = 1): InputSpecs {
      return memorySize === 0 ? {} : { memory: { dtype: 'float32', shape: [count * memorySize] } }
    },
    memories(given, count) {
      const memory = given['memory']
      if (memory === undefined || count === 1) return [memory]
      return split(memory as Tensor2D, count, 1)
    },
    step: (params, { observation, mask, memory }, own = memory) =>
      net.apply(params, observation!, mask, recurrence(own)),
    stepPolicy: (params, { observation, mask, memory }, own = memory) =>
      net.applyPolicy(params, observation!, mask, recurrence(own)),
    rows(params, { observation, mask, memory, episodeStart }) {
      if (memorySize === 0) return net.apply(params, observation!, mask)
      const { episodes } = shapeOfRows(sequences, observation!.shape[0]!)
      return net.apply(params, observation!, mask, {
        memory: memory ? slice(memory, [0, 0], [episodes, memorySize]) : zeros([episodes, memorySize]),
        ...(episodeStart ? { keep: reshape(sub(1, episodeStart), [-1, 1]) } : {}),
      })
    },
  }
}

function networkOf({ observation }: PolicySpaces, options: NetworkOptions, spec: ActorCriticSpec): ActorCritic {
  switch (options.policy) {
    case 'mlp':
      return actorCritic(spec)
    case 'gru':
      return recurrentActorCritic({ ...spec, memorySize: options.memorySize })
    case 'attention': {
      const lists = elementLists(observation)
      const { attentionWidth: width, attentionHeads: heads } = options
      return attentionActorCritic({
        ...spec,
        lists,
        width,
        heads,
        pointAt: pointedList(lists, spec.head, options.pointAt),
      })
    }
  }
}

/** Number of the list that choices point at. */
function pointedList(lists: readonly ElementList[], head: ActionHead, pointAt: string): number | undefined {
  if (pointAt === 'none') return undefined
  const choices = head.sizes[0] ?? 0
  if (pointAt !== 'auto') return lists.findIndex(({ path, count }) => path === pointAt && count <= choices)
  const longest = lists.reduce((best, { count }, i) => (count > lists[best]!.count ? i : best), 0)
  return lists[longest]!.count <= choices ? longest : undefined
}

/** @throws RepriseError RPR_OPTION_CONFLICT where the options of the policy do not fit each other or the spaces */
export function checkNetwork(spaces: PolicySpaces, options: NetworkOptions): void {
  if (options.policy !== 'attention') return
  const conflict = (message: string, hint: string) => new RepriseError('RPR_OPTION_CONFLICT', message, { hint })
  const { attentionWidth: width, attentionHeads: heads, pointAt } = options
  const lists = elementLists(spaces.observation)
  if (lists.length === 0) {
    throw conflict(
      `Option 'policy' = 'attention' reads lists of elements, and ${spaces.observation} has no two-dimensional part.`,
      'Set policy to mlp or gru, or let the environment observe a Box [elements, features].',
    )
  }
  if (width % heads !== 0) {
    throw conflict(
      `Option 'attentionHeads' = ${heads} does not divide attentionWidth = ${width}.`,
      `Set attentionWidth to a multiple of ${heads}.`,
    )
  }
  const head = actionHead(spaces.action)
  if (pointedList(lists, head, pointAt) !== -1) return
  const named = lists.map(({ path, count }) => `'${path}' [${count}]`).join(', ')
  throw conflict(
    `Option 'pointAt' = '${pointAt}' is no list with at most as many elements as ${spaces.action} has choices.`,
    `The lists are ${named}. Set one of them, auto or none.`,
  )
}

/** The memories of several vectors side by side, as `act` gives them; nothing without memory. */
export function memoryOutput(...outputs: readonly ActorCriticOutput[]): TensorRecord {
  const memories = outputs.flatMap(({ memory }) => (memory ? [memory] : []))
  if (memories.length === 0) return {}
  return { memory: memories.length === 1 ? memories[0]! : concat(memories, 1) }
}
