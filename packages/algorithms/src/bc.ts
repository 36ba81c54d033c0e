/**
 * Behaviour cloning: the policy is made to choose what stored episodes chose, by cross-entropy. Policy, masks and minibatches
 * are those of GRPO, so that its parameters are a base for grpo and arpo (`train --init-from`). Page: docs/bc.md.
 */
import type { HostArray, LearnerProgram } from '@reprise/backend'
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
import { grpoOptions, policyNet } from './grpo.ts'
import { inertWithoutGaussian } from './inert-options.ts'
import { PER_ROW } from './policy-inputs.ts'

const { maxGradNorm, hidden, activation, layerNorm, logStdInit, adamEpsilon, learningRate } = grpoOptions

export const bcOptions = {
  episodes: option.string({
    default: 'none',
    doc: 'The episodes: a YAML file with a list of {seed, options, actions}, which are played, or the folder of a run, whose stored episodes are taken.',
  }),
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
  hidden,
  activation,
  layerNorm,
  logStdInit,
  adamEpsilon,
} satisfies OptionTable

export type BcOptions = OptionValues<typeof bcOptions>

type BcState = { readonly params: Tensor; readonly optimizer: AdamState; readonly accumulated: Tensor }

function build({ spaces, options, rng }: BuildContext<BcOptions>): LearnerProgram {
  const { inputs, net } = policyNet({ spaces, options: options as never })
  const { size } = net.layout
  const { maxGradNorm, entropyCoef, adamEpsilon } = options
  const discrete = inputs.head.kind === 'categorical' && inputs.head.sizes.length === 1
  return {
    state: {
      params: { dtype: 'float32', shape: [size], data: net.init(rng) },
      ...adamHostState('optimizer', size),
      accumulated: { dtype: 'float32', shape: [size], data: new Float32Array(size) },
    },
    inputs: {
      act: { ...inputs.state, ...inputs.noise },
      decide: inputs.state,
      batch: { ...inputs.state, action: inputs.head.action, weight: PER_ROW },
      noise: {},
      schedule: ['learningRate', 'inverseRows', 'apply'],
    },
    act(state, { observation, mask, noise }) {
      const { policy } = net.apply((state as BcState).params, observation!, mask)
      const action = policy.sample(noise!)
      return { action, logProb: policy.logProb(action) }
    },
    decide(state, { observation, mask }) {
      return { action: net.apply((state as BcState).params, observation!, mask).policy.mode() }
    },
    update(tree, batch, _, schedule) {
      const state = tree as BcState
      /** The mean of a minibatch is a sum over rows; this call's rows are their share of it. */
      const share = (rows: Tensor) => mul(sum(mul(rows, batch['weight']!)), schedule['inverseRows']!)
      const { loss, gradient, aux } = valueAndGradient(state.params, (params) => {
        const { policy } = net.apply(params, batch['observation']!, batch['mask'])
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

function prepare(batch: EpisodeGroups, { options, rng, progress }: PrepareContext<BcOptions>): Prepared {
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
  const { indices, batchSize, rows, last } = episodeMinibatches({
    ...{ rng, offsets, trained, epochs: 1, minibatches: options.minibatches, wholeEpisodes: false },
  })
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

function check({ options }: { options: BcOptions }): string[] {
  if (options.episodes !== 'none') return []
  throw new RepriseError('RPR_OPTION_CONFLICT', "Option 'episodes' is not set: there is nothing to imitate.", {
    hint: 'Give a YAML file with a list of {seed, options, actions}, or the folder of a run of arpo.',
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
  episodes: ({ episodes }) => episodes,
  prepare,
  report,
})
