/**
 * Behaviour cloning: the policy is made to choose what stored episodes chose, by cross-entropy. Policy, masks and minibatches
 * are those of GRPO, so that its parameters are a base for grpo and arpo (`train --init-from`). Page: docs/bc.md.
 */
import type { HostArray, LearnerProgram, SequenceShape } from '@reprise/backend'
import { type OptionTable, type OptionValues, option, parseSchedule, RepriseError } from '@reprise/core'
import {
  type AdamState,
  adam,
  adamHostState,
  clipByGlobalNorm,
  globalNorm,
  selectTree,
  valueAndGradient,
} from '@reprise/nn'
import { add, cast, equal, mul, sub, sum, type Tensor, zerosLike } from '@tensorflow/tfjs-core'
import {
  type BuildContext,
  defineDatasetAlgorithm,
  type EpisodeGroups,
  type PrepareContext,
  type Prepared,
} from './algorithm.ts'
import { episodeMinibatches } from './episode-minibatches.ts'
import { EPISODE_SOURCES, expertEpisodesOption } from './episode-source.ts'
import { grpoOptions } from './grpo.ts'
import { inertWithoutGaussian } from './inert-options.ts'
import { PER_ROW } from './policy-inputs.ts'
import { checkNetwork, memoryOutput, networkOptions, policyNetwork } from './policy-network.ts'
import { rowsOfLongest, sequenceMinibatches, sequenceShapes } from './sequences.ts'

const { maxGradNorm, logStdInit, adamEpsilon, learningRate } = grpoOptions
/** Most sequences in one call: the number of episodes is not known beforehand. */
const SEQUENCES = 16

export const bcOptions = {
  episodes: option.string({
    default: 'none',
    doc: `The episodes: ${EPISODE_SOURCES}.`,
  }),
  expertEpisodes: expertEpisodesOption('episodes'),
  minOutcome: option.optionalNumber({
    default: null,
    min: 0,
    max: 1,
    doc: 'Episodes are trained on whose outcome is at least this. None: all.',
  }),
  minibatches: option.integer({
    default: 4,
    min: 1,
    doc: 'Updates per pass over the episodes, which are dealt out into this many minibatches.',
    aliases: ['num_minibatches'],
  }),
  learningRate,
  entropyCoef: option.number({ default: 0, min: 0, doc: 'Weight of the entropy bonus.', aliases: ['ent_coef'] }),
  maxGradNorm,
  ...networkOptions,
  logStdInit,
  adamEpsilon,
} satisfies OptionTable

export type BcOptions = OptionValues<typeof bcOptions>

type BcState = { readonly params: Tensor; readonly optimizer: AdamState; readonly accumulated: Tensor }

function sequencesFor({ policy }: BcOptions, maxEpisodeSteps: number | undefined): SequenceShape[] | undefined {
  return policy === 'gru' ? sequenceShapes(maxEpisodeSteps, SEQUENCES) : undefined
}

function build({ spaces, options, rng, maxEpisodeSteps }: BuildContext<BcOptions>): LearnerProgram {
  const sequences = sequencesFor(options, maxEpisodeSteps)
  const net = policyNetwork(spaces, options, 'none', sequences)
  const { inputs } = net
  const { size } = net.layout
  const { maxGradNorm, entropyCoef, adamEpsilon } = options
  const discrete = inputs.head.kind === 'categorical' && inputs.head.sizes.length === 1
  return {
    state: {
      params: { dtype: 'float32', shape: [size], data: net.init(rng) },
      ...adamHostState('optimizer', size),
      accumulated: { dtype: 'float32', shape: [size], data: new Float32Array(size) },
    },
    ...(sequences ? { sequences, usualRows: rowsOfLongest(sequences) } : {}),
    inputs: {
      act: { ...inputs.state, ...inputs.noise, ...net.memory() },
      decide: { ...inputs.state, ...net.memory() },
      batch: { ...inputs.state, action: inputs.head.action, weight: PER_ROW },
      noise: {},
      schedule: ['learningRate', 'inverseRows', 'apply'],
    },
    act(state, inputs) {
      const acting = net.step((state as BcState).params, inputs)
      const action = acting.policy.sample(inputs['noise']!)
      return { action, logProb: acting.policy.logProb(action), ...memoryOutput(acting) }
    },
    decide(state, inputs) {
      const deciding = net.step((state as BcState).params, inputs)
      return { action: deciding.policy.mode(), ...memoryOutput(deciding) }
    },
    update(tree, batch, _, schedule) {
      const state = tree as BcState
      /** The mean of a minibatch is a sum over rows; this call's rows are their share of it. */
      const share = (rows: Tensor) => mul(sum(mul(rows, batch['weight']!)), schedule['inverseRows']!)
      const { loss, gradient, aux } = valueAndGradient(state.params, (params) => {
        const { policy } = net.rows(params, batch)
        const negative = mul(share(policy.logProb(batch['action']!)), -1)
        const entropy = share(policy.entropy())
        const loss = entropyCoef > 0 ? sub(negative, mul(entropy, entropyCoef)) : negative
        return { loss, aux: { negative, entropy, mode: policy.mode() } }
      })
      const total = add(state.accumulated, gradient)
      const clip =
        maxGradNorm === null ? { gradient: total, norm: globalNorm(total) } : clipByGlobalNorm(total, maxGradNorm)
      const step = adam(state.params, clip.gradient, state.optimizer, schedule['learningRate']!, {
        epsilon: adamEpsilon,
      })
      const { params, optimizer, accumulated } = selectTree(
        cast(schedule['apply']!, 'bool'),
        { params: step.params, optimizer: step.state, accumulated: zerosLike(total) },
        { params: state.params, optimizer: state.optimizer, accumulated: total },
      )
      return {
        state: { params, optimizer, accumulated },
        metrics: {
          applied: mul(schedule['apply']!, 1),
          loss,
          negative: aux.negative!,
          entropy: aux.entropy!,
          gradNorm: mul(clip.norm, schedule['apply']!),
          updates: optimizer.step,
          ...(discrete ? { agreement: share(cast(equal(aux.mode!, batch['action']!), 'float32')) } : {}),
        },
      }
    },
  }
}

function prepare(batch: EpisodeGroups, context: PrepareContext<BcOptions>): Prepared {
  const { options, rng, progress, sequences } = context
  const { numEpisodes, columns, offsets, outcomes, returns } = batch
  const { minOutcome } = options
  const trained = Array.from({ length: numEpisodes }, (_, e) => e).filter(
    (e) => minOutcome === null || outcomes[e]! >= minOutcome,
  )
  const rate = parseSchedule(options.learningRate)(progress)
  const metrics = {
    'train/learning_rate': rate,
    'episodes/trained': trained.length,
    'episodes/return_mean': trained.reduce((total, e) => total + returns[e]!, 0) / Math.max(1, trained.length),
  }
  if (trained.length === 0) {
    throw new RepriseError('RPR_OPTION_CONFLICT', `No episode has an outcome of at least ${minOutcome}.`, {
      value: minOutcome,
      hint: "Lower 'minOutcome', or give other episodes.",
    })
  }
  const dealing = { rng, offsets, trained, epochs: 1, minibatches: options.minibatches }
  const { indices, batchSize, rows, last } = sequences
    ? sequenceMinibatches({ ...dealing, shapes: sequences })
    : episodeMinibatches({ ...dealing, wholeEpisodes: false })
  const data: Record<string, HostArray> = {
    observation: columns['observation']!,
    action: columns['action']!,
    weight: new Float32Array(offsets[numEpisodes]!).fill(1),
  }
  if (columns['mask']) data['mask'] = columns['mask']
  const schedule = {
    learningRate: rate,
    inverseRows: Float32Array.from(rows, (count) => 1 / count),
    apply: Float32Array.from(last),
  }
  return { call: { columns: data, indices, batchSize, noise: {}, schedule }, metrics }
}

function report(metrics: Readonly<Record<string, Float32Array>>): Record<string, number> {
  const total = (name: string) => metrics[name]!.reduce((a, b) => a + b, 0)
  const average = (name: string) => total(name) / total('applied')
  return {
    'train/loss': average('loss'),
    'train/neg_log_prob': average('negative'),
    'train/entropy': average('entropy'),
    'train/grad_norm': average('gradNorm'),
    'train/n_updates': metrics['updates']!.at(-1)!,
    ...(metrics['agreement'] ? { 'train/agreement': average('agreement') } : {}),
  }
}

function check({ options, spaces, maxEpisodeSteps }: Omit<BuildContext<BcOptions>, 'rng'>): string[] {
  checkNetwork(spaces, options)
  sequencesFor(options, maxEpisodeSteps)
  if (options.episodes !== 'none') return []
  throw new RepriseError('RPR_OPTION_CONFLICT', "Option 'episodes' is not set: there is nothing to imitate.", {
    hint: `Give ${EPISODE_SOURCES}.`,
  })
}

export const bc = defineDatasetAlgorithm<typeof bcOptions>({
  name: 'bc',
  summary: 'Behaviour cloning: the policy learns to choose what stored or scripted episodes chose.',
  loop: 'dataset',
  options: bcOptions,
  check,
  inert: inertWithoutGaussian,
  build,
  collection: () => ({ numEnvs: 1 }),
  episodes: ({ episodes, expertEpisodes }) => ({ option: 'episodes', from: episodes, count: expertEpisodes }),
  prepare,
  report,
})
