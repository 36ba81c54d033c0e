/**
 * Group relative policy optimisation for environments (Shao et al. 2024), with the published variants as options, from
 * top to bottom: options, loss, update, rewards and advantages, minibatches, report. A group is several episodes from
 * one reset seed; what an episode got beyond its group is the advantage of all its steps. No value function.
 * Page: docs/grpo.md. One file on purpose: it is everything that GRPO is.
 */
import { groupAdvantages, groupRanges, groupsWithSignal, meanAndStd, STD_KINDS } from '@reprise/advantage'
import type { HostArray, LearnerProgram, SequenceShape, TensorRecord } from '@reprise/backend'
import {
  type OptionSpec,
  type OptionTable,
  type OptionValues,
  option,
  parseSchedule,
  RepriseError,
} from '@reprise/core'
import {
  type AdamState,
  adam,
  adamHostState,
  clipByGlobalNorm,
  ema,
  globalNorm,
  selectTree,
  type TensorTree,
  valueAndGradient,
} from '@reprise/nn'
import {
  add,
  cast,
  exp,
  greater,
  less,
  logicalAnd,
  matMul,
  mean,
  mul,
  oneHot,
  reshape,
  sigmoid,
  sign,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
  zerosLike,
} from '@tensorflow/tfjs-core'
import {
  type BuildContext,
  defineGroupAlgorithm,
  type EpisodeGroups,
  type PrepareContext,
  type Prepared,
} from './algorithm.ts'
import { episodeMinibatches, ROW_COUNTS } from './episode-minibatches.ts'
import { checkRewardWeights, episodeRewards } from './episode-rewards.ts'
import { inertWithoutGaussian } from './inert-options.ts'
import { PER_ROW } from './policy-inputs.ts'
import { checkNetwork, memoryOutput, networkOptions, policyNetwork } from './policy-network.ts'
import { rowsOfLongest, sequenceMinibatches, sequenceShapes } from './sequences.ts'
import { adamEpsilon, logStdInit } from './shared-options.ts'
import { clippedSurrogate } from './surrogate.ts'
import { budgetEpisodes, taskChoice, taskOptions } from './task-options.ts'

// ------------------------------------------------------------------------------------------------- options

const withoutStd = ({ advantage }: { advantage: string }) =>
  advantage === 'mean' || advantage === 'leave-one-out' ? `advantage '${advantage}' divides by no deviation` : undefined
const withoutKl = ({ klCoef }: { klCoef: number }) => (klCoef === 0 ? 'klCoef is 0' : undefined)
const singleUpdate = ({ epochs, minibatches }: { epochs: number; minibatches: number }) =>
  epochs === 1 && minibatches === 1
    ? 'with epochs 1 and minibatches 1 each batch makes one update, at which all probability ratios are 1'
    : undefined

export const grpoOptions = {
  groups: option.integer({ default: 8, min: 1, doc: 'Groups per batch.' }),
  groupSize: option.integer({
    default: 8,
    min: 2,
    doc: 'Episodes of a group, all from the same reset seed.',
    aliases: ['num_generations', 'group_size'],
  }),
  maxBatches: option.integer({
    default: 1,
    min: 1,
    doc: 'Dynamic sampling (DAPO): sample up to this many batches until `groups` groups have rewards that differ. 1: off.',
    aliases: ['max_num_gen_batches'],
  }),
  ...taskOptions,
  epochs: option.integer({
    default: 2,
    min: 1,
    doc: 'Passes over each batch.',
    aliases: ['num_iterations', 'ppo_epochs', 'n_epochs'],
  }),
  minibatches: option.integer({
    default: 4,
    min: 1,
    doc: 'Updates per pass: the episodes are dealt out into this many minibatches.',
    aliases: ['num_minibatches'],
  }),
  learningRate: option.schedule({
    default: 1e-3,
    min: 0,
    above: true,
    doc: 'Step size of Adam.',
    aliases: ['learning_rate', 'lr'],
  }),
  advantage: option.choice({
    values: ['group-std', 'batch-std', 'mean', 'leave-one-out'],
    default: 'group-std',
    doc: "From rewards: minus the group's mean, over the group's deviation (GRPO) or the batch's, or over none (Dr.GRPO); or minus the mean of the others (RLOO).",
  }),
  stdKind: option.choice({
    values: STD_KINDS,
    default: 'sample',
    doc: 'The deviation divides by n (population) or n - 1 (sample, as TRL and verl).',
    inert: withoutStd,
  }),
  advantageEpsilon: option.number({
    default: 1e-4,
    min: 0,
    doc: 'Added to the deviation (TRL 1e-4, verl 1e-6).',
    inert: withoutStd,
  }),
  rewardWeights: option.weights({
    default: { return: 1 },
    doc: 'The reward of an episode: weighted sum of return (sum of rewards), outcome (success in [0, 1]) and length (steps).',
    aliases: ['reward_weights'],
  }),
  clipLow: option.number({
    default: 0.2,
    min: 0,
    max: 1,
    above: true,
    doc: 'Ratios count down to 1 - this.',
    aliases: ['epsilon', 'clip_ratio_low'],
    inert: singleUpdate,
  }),
  clipHigh: option.number({
    default: 0.2,
    min: 0,
    above: true,
    doc: 'Ratios count up to 1 + this (DAPO 0.28, ARPO 0.3).',
    aliases: ['epsilon_high', 'clip_ratio_high'],
    inert: singleUpdate,
  }),
  dualClip: option.optionalNumber({
    default: null,
    min: 1,
    above: true,
    doc: 'Cap on the ratio where the advantage is negative (3 in verl and ARPO).',
    aliases: ['delta', 'clip_ratio_c'],
    inert: singleUpdate,
  }),
  // More values in arpo.ts, hence the wider type.
  oldLogProb: option.choice({
    values: ['stored', 'recompute'],
    default: 'stored',
    doc: 'What ratios start from. stored: the log-probs that the policy gave when it acted; recompute: all are evaluated once more before the updates, by the program that learns.',
    inert: singleUpdate,
  }) as OptionSpec<string>,
  ratio: option.choice({
    values: ['step', 'sequence'],
    default: 'step',
    doc: "Probability ratio of each step, or of whole episodes: exp of the steps' mean log-ratio (GSPO).",
    aliases: ['importance_sampling_level'],
  }),
  aggregation: option.choice({
    values: ['step-mean', 'episode-mean-step-sum', 'episode-mean-step-mean', 'episode-mean-step-sum-norm'],
    default: 'step-mean',
    doc: 'From losses of steps to one: mean over all steps (DAPO, BNPO); or over episodes the mean of sums, of means (GRPO), or of sums over a constant (Dr.GRPO).',
    aliases: ['loss_agg_mode'],
  }),
  normLength: option.optionalNumber({
    default: null,
    min: 0,
    above: true,
    doc: "The constant of episode-mean-step-sum-norm. None: the environment's step limit.",
    inert: ({ aggregation }: { aggregation: string }) =>
      aggregation === 'episode-mean-step-sum-norm' ? undefined : `aggregation '${aggregation}' has no such constant`,
  }),
  klCoef: option.number({
    default: 0,
    min: 0,
    doc: 'Weight of the KL divergence from the reference policy (the initial one).',
    aliases: ['beta', 'kl_coef', 'kl_loss_coef'],
  }),
  klKind: option.choice({
    values: ['k1', 'k2', 'k3'],
    default: 'k3',
    doc: 'Estimator, d = log ref - log pi: k1 = -d, k2 = d^2 / 2, k3 = exp(d) - d - 1.',
    aliases: ['kl_penalty', 'kl_loss_type'],
    inert: withoutKl,
  }),
  klPlace: option.choice({
    values: ['loss', 'reward'],
    default: 'loss',
    doc: "Added to the loss of each step, or taken from the episode's reward, summed over its steps.",
    inert: withoutKl,
  }),
  referenceMixing: option.number({
    default: 0,
    min: 0,
    max: 1,
    doc: 'After each batch the reference moves this far towards the policy (0 never, 1 all the way).',
    aliases: ['ref_model_mixup_alpha'],
    inert: withoutKl,
  }),
  entropyCoef: option.number({
    default: 0,
    min: 0,
    doc: 'Weight of the entropy bonus.',
    aliases: ['ent_coef', 'entropy_coeff'],
  }),
  skipZeroVariance: option.boolean({
    default: true,
    doc: 'Groups of equal rewards are left out: neither trained on nor counted in means.',
    inert: ({ maxBatches }: { maxBatches: number }) =>
      maxBatches > 1 ? 'dynamic sampling (maxBatches > 1) leaves such groups out by itself' : undefined,
  }),
  maskTruncated: option.boolean({
    default: false,
    doc: 'Episodes that were cut off count in the group but are not trained on.',
    aliases: ['mask_truncated_completions'],
  }),
  maxGradNorm: option.optionalNumber({
    default: 1,
    min: 0,
    above: true,
    doc: 'Gradients are scaled down to this norm.',
    aliases: ['max_grad_norm', 'grad_clip'],
  }),
  ...networkOptions,
  logStdInit,
  adamEpsilon,
} satisfies OptionTable

export type GrpoOptions = OptionValues<typeof grpoOptions>

// ------------------------------------------------------------------------------------------------- program

/** What the state holds, as a program sees it. */
type GrpoState = {
  readonly params: Tensor
  readonly optimizer: AdamState
  /** [P] the gradient so far of a minibatch that is worked off in several calls. */
  readonly accumulated: Tensor
  /** [P] parameters of the reference policy; only with `klCoef`. */
  readonly reference?: Tensor
}

/** What replayed episodes change in the loss (arpo.ts). Without them the program and its batches are GRPO's, bit for bit. */
export interface ReplayTerms {
  /** Most episodes that a batch can hold. */
  readonly maxEpisodes: number
  /** Whether steps of replayed episodes lose -log pi, whatever their advantage and ratio. */
  readonly imitates: boolean
  /** Steps of replayed episodes lose -A r / (r + this), r their ratio, unclipped. null: what fresh ones lose. */
  readonly shaping: number | null
  /** Weight of the mean over what is replayed, taken by itself and added. null: one mean over everything. */
  readonly weight: number | null
  /** Whether the KL term in the loss counts for replayed episodes. */
  readonly klOnReplayed: boolean
  /** Episodes are trained on whose |advantage| is greater: fresh ones, and those of a second round. null: all. */
  readonly minAdvantage: number | null
  readonly minAdvantageExtra: number | null
  /** Whether episodes that were cut off and have an advantage above 0 are left out. */
  readonly dropTruncatedPositive: boolean
}

/** Whether the loss must know which rows are replayed. */
function flagsRows({ imitates, shaping, klOnReplayed }: ReplayTerms, { klCoef, klPlace }: GrpoOptions): boolean {
  return imitates || shaping !== null || (klCoef > 0 && klPlace === 'loss' && !klOnReplayed)
}

/** Which episodes the loop evaluates once more before they are prepared. */
function recomputes({ oldLogProb, skipZeroVariance, klCoef, klPlace }: GrpoOptions) {
  if (oldLogProb !== 'recompute') return undefined
  // A penalty in the reward reads every episode.
  return skipZeroVariance && !(klCoef > 0 && klPlace === 'reward') ? 'informative' : 'all'
}

/** How the rows of a policy with memory are laid out. */
function sequencesFor(options: GrpoOptions, maxEpisodeSteps: number | undefined): SequenceShape[] | undefined {
  if (options.policy !== 'gru') return undefined
  return sequenceShapes(maxEpisodeSteps, Math.ceil((options.groups * options.groupSize) / options.minibatches))
}

/** Rows of a call where episodes are as long as they may be. */
function usualRows({ groups, groupSize, minibatches }: GrpoOptions, maxEpisodeSteps = 1): number {
  const rows = Math.ceil((groups * groupSize) / minibatches) * maxEpisodeSteps
  return ROW_COUNTS.find((count) => count >= rows) ?? ROW_COUNTS[ROW_COUNTS.length - 1]!
}

export function buildGrpo(
  { spaces, options, rng, maxEpisodeSteps }: BuildContext<GrpoOptions>,
  replay?: ReplayTerms,
): LearnerProgram {
  const { klCoef, klKind, entropyCoef, maxGradNorm, dualClip, adamEpsilon } = options
  const sequences = sequencesFor(options, maxEpisodeSteps)
  const net = policyNetwork(spaces, options, 'none', sequences)
  const { inputs } = net
  const params = net.init(rng)
  const { size } = net.layout
  const sequence = options.ratio === 'sequence'
  const klInLoss = klCoef > 0 && options.klPlace === 'loss'
  const moving = klCoef > 0 && options.referenceMixing > 0
  const episodes = replay?.maxEpisodes ?? options.groups * options.groupSize + budgetEpisodes(options)
  const flagged = replay !== undefined && flagsRows(replay, options)
  const scores = replay !== undefined || recomputes(options) !== undefined
  const lossScale = options.aggregation === 'episode-mean-step-sum-norm' ? 1 / normLength(options, maxEpisodeSteps) : 1

  function score(state: TensorTree, rows: TensorRecord): TensorRecord {
    const { params, reference } = state as GrpoState
    const action = rows['action']!
    const { policy } = net.rows(params, rows)
    const out: Record<string, Tensor> = { logProb: policy.logProb(action), entropy: policy.entropy() }
    if (reference) out['referenceLogProb'] = net.rows(reference, rows).policy.logProb(action)
    return out
  }

  return {
    state: {
      params: { dtype: 'float32', shape: [size], data: params },
      ...adamHostState('optimizer', size),
      accumulated: { dtype: 'float32', shape: [size], data: new Float32Array(size) },
      ...(klCoef > 0 ? { reference: { dtype: 'float32' as const, shape: [size], data: params.slice() } } : {}),
    },
    ...(sequences ? { sequences } : {}),
    usualRows: sequences ? rowsOfLongest(sequences) : usualRows(options, maxEpisodeSteps),
    inputs: {
      // A reference policy has a memory of its own.
      act: { ...inputs.state, ...inputs.noise, ...net.memory(klCoef > 0 ? 2 : 1) },
      decide: { ...inputs.state, ...net.memory() },
      ...(scores ? { score: { ...inputs.state, action: inputs.head.action } } : {}),
      batch: {
        ...inputs.state,
        action: inputs.head.action,
        ...(flagged ? { replayed: PER_ROW } : {}),
        logProb: PER_ROW,
        advantage: PER_ROW,
        weight: PER_ROW,
        ...(klInLoss ? { referenceLogProb: PER_ROW } : {}),
        ...(sequence ? { episode: { dtype: 'int32' as const, shape: [] }, inverseLength: PER_ROW } : {}),
      },
      noise: {},
      schedule: [
        'learningRate',
        'ratioLow',
        'ratioHigh',
        'lossScale',
        'inverseRows',
        'apply',
        ...(moving ? ['referenceMix'] : []),
      ],
    },

    act(state, inputs) {
      const { params, reference } = state as GrpoState
      const memories = net.memories(inputs, reference ? 2 : 1)
      const acting = net.step(params, inputs, memories[0])
      const action = acting.policy.sample(inputs['noise']!)
      const out = { action, logProb: acting.policy.logProb(action) }
      if (!reference) return { ...out, ...memoryOutput(acting) }
      const referring = net.step(reference, inputs, memories[1])
      return { ...out, referenceLogProb: referring.policy.logProb(action), ...memoryOutput(acting, referring) }
    },

    decide(state, inputs) {
      const deciding = net.step((state as GrpoState).params, inputs)
      return { action: deciding.policy.mode(), ...memoryOutput(deciding) }
    },

    ...(scores ? { score } : {}),

    update(tree, batch, _, schedule) {
      const state = tree as GrpoState
      const { advantage, weight } = batch as { advantage: Tensor; weight: Tensor }
      /** The aggregated loss of a minibatch is a sum over rows; this call's rows are its share of it. */
      const aggregate = (rows: Tensor) => mul(sum(mul(rows, weight)), mul(schedule['lossScale']!, lossScale))

      const { loss, gradient, aux } = valueAndGradient(state.params, (params) => {
        const { policy, logStd } = net.rows(params, batch)
        const logProb = policy.logProb(batch['action']!)
        const stepLogRatio = sub(logProb, batch['logProb']!)
        const logRatio = sequence ? sequenceMean(stepLogRatio, batch, episodes) : stepLogRatio
        const clipped = clippedSurrogate({
          logRatio,
          advantage,
          low: schedule['ratioLow']!,
          high: schedule['ratioHigh']!,
          dualClip,
        })
        const policyLoss = aggregate(
          replay?.imitates
            ? pick(batch['replayed']!, mul(logProb, -1), clipped)
            : replay && replay.shaping !== null
              ? pick(batch['replayed']!, shapedSurrogate(logRatio, advantage, replay.shaping), clipped)
              : clipped,
        )
        const entropy = policy.entropy()
        let loss = policyLoss
        if (entropyCoef > 0) loss = sub(loss, mul(aggregate(entropy), entropyCoef))
        let kl = klInLoss ? divergence(klKind, sub(batch['referenceLogProb']!, logProb)) : undefined
        if (kl && flagged && !replay!.klOnReplayed) kl = mul(kl, sub(1, batch['replayed']!))
        if (kl) loss = add(loss, mul(aggregate(kl), klCoef))
        return {
          loss,
          aux: { policyLoss, logRatio, stepLogRatio, entropy, ...(kl ? { kl } : {}), ...(logStd ? { logStd } : {}) },
        }
      })

      // Metrics: means over the minibatch's steps; this call's rows are their share of it.
      const active = mul(sign(weight), schedule['inverseRows']!)
      const share = (rows: Tensor) => sum(mul(rows, active))
      const stepLogRatio =
        replay && replay.shaping !== null ? mul(aux.stepLogRatio!, sub(1, batch['replayed']!)) : aux.stepLogRatio!
      const ratio = exp(aux.logRatio!)
      const clippedLow = logicalAnd(less(ratio, schedule['ratioLow']!), less(advantage, 0))
      const clippedHigh = logicalAnd(greater(ratio, schedule['ratioHigh']!), greater(advantage, 0))

      // The step is made with the last rows of a minibatch; until then gradients add up and all else keeps its bits.
      const total = add(state.accumulated, gradient)
      const clip =
        maxGradNorm === null ? { gradient: total, norm: globalNorm(total) } : clipByGlobalNorm(total, maxGradNorm)
      const step = adam(state.params, clip.gradient, state.optimizer, schedule['learningRate']!, {
        epsilon: adamEpsilon,
      })
      const apply = cast(schedule['apply']!, 'bool')
      const { params, optimizer, accumulated } = selectTree(
        apply,
        { params: step.params, optimizer: step.state, accumulated: zerosLike(total) },
        { params: state.params, optimizer: state.optimizer, accumulated: total },
      )
      const next: GrpoState = { params, optimizer, accumulated }
      return {
        state: state.reference
          ? { ...next, reference: moving ? moved(state.reference, params, schedule['referenceMix']!) : state.reference }
          : next,
        metrics: {
          applied: mul(schedule['apply']!, 1),
          loss,
          policyLoss: aux.policyLoss!,
          entropy: share(aux.entropy!),
          approxKl: share(sub(sub(exp(stepLogRatio), 1), stepLogRatio)),
          clipLow: share(cast(clippedLow, 'float32')),
          clipHigh: share(cast(clippedHigh, 'float32')),
          gradNorm: mul(clip.norm, schedule['apply']!),
          updates: optimizer.step,
          ...(aux['kl'] ? { kl: share(aux['kl']) } : {}),
          ...(aux['logStd'] ? { std: mean(exp(aux['logStd'])) } : {}),
        },
      }
    },
  }
}

/** For each row the mean of `rows` over its episode, [N]: sums over segments as products with a one-hot matrix. */
function sequenceMean(rows: Tensor, batch: TensorRecord, episodes: number): Tensor {
  const member = cast(oneHot(batch['episode']!, episodes), 'float32')
  const parts = reshape(mul(rows, batch['inverseLength']!), [-1, 1])
  return reshape(matMul(member as never, matMul(transpose(member) as never, parts as never)), [-1])
}

/** `a` in rows where `flag` is 1, `b` where it is 0. */
function pick(flag: Tensor, a: Tensor, b: Tensor): Tensor {
  return add(mul(flag, a), mul(sub(1, flag), b))
}

/** -A r / (r + c), r = exp(logRatio), [N]: falls off slowly where r is small, and needs no clipping (LUFFY, ExGRPO). */
function shapedSurrogate(logRatio: Tensor, advantage: Tensor, c: number): Tensor {
  // r / (r + c) as a sigmoid: no exponential overflows.
  return mul(mul(advantage, -1), sigmoid(sub(logRatio, Math.log(c))))
}

/** Estimators of KL(pi, reference) from samples of pi, d = log reference - log pi (Schulman 2020). */
function divergence(kind: GrpoOptions['klKind'], d: Tensor): Tensor {
  if (kind === 'k1') return mul(d, -1)
  if (kind === 'k2') return mul(square(d), 0.5)
  return sub(sub(exp(d), d), 1)
}

function moved(reference: Tensor, params: Tensor, mix: Tensor): Tensor {
  const { value } = selectTree(greater(mix, 0), { value: ema(reference, params, mix) }, { value: reference })
  return value
}

function normLength({ normLength }: GrpoOptions, maxEpisodeSteps: number | undefined): number {
  const length = normLength ?? maxEpisodeSteps
  if (length !== undefined) return length
  throw new RepriseError(
    'RPR_OPTION_CONFLICT',
    "Option 'aggregation' = 'episode-mean-step-sum-norm' needs a length to divide by, and the environment has no step limit.",
    { hint: "Set 'normLength'." },
  )
}

// ------------------------------------------------------------------------------------------------- data

export function prepareGrpo(
  batch: EpisodeGroups,
  { options, rng, progress, sequences }: PrepareContext<GrpoOptions>,
  replay?: ReplayTerms,
): Prepared {
  const { numEpisodes, columns, offsets, group } = batch
  const rewards = episodeRewards(batch, options.rewardWeights)
  const signal = groupsWithSignal(rewards.total, group)
  const learningRate = parseSchedule(options.learningRate)(progress)
  const kl = options.klCoef > 0 && options.klPlace === 'reward' ? episodeKl(batch, options) : undefined
  const advantages = advantagesOf(
    batch,
    kl ? rewards.total.map((r, e) => r - options.klCoef * kl[e]!) : rewards.total,
    options,
  )

  const metrics: Record<string, number> = {
    // With stored episodes in it a batch is described as it was played, by the loop.
    ...(batch.replay ? rewards.metrics : described(batch, rewards, signal)),
    'train/learning_rate': learningRate,
    'train/advantage_std': meanAndStd(advantages, 'population').std,
    ...(kl && numEpisodes > 0 ? { 'train/kl': kl.reduce((a, b) => a + b, 0) / offsets[numEpisodes]! } : {}),
  }
  const trained: number[] = []
  for (let e = 0; e < numEpisodes; e++) {
    const frozen = !Number.isNaN(batch.replay?.frozen?.[e] ?? Number.NaN)
    if (options.skipZeroVariance && !signal[e] && !frozen) continue
    if (options.maskTruncated && batch.truncated[e]) continue
    if (replay && !frozen && leftOut(batch, e, advantages[e]!, replay)) continue
    trained.push(e)
  }
  metrics['episodes/trained'] = trained.length
  if (trained.length === 0) return { call: undefined, metrics }

  const { epochs, minibatches } = options
  const dealing = { rng, offsets, trained, epochs, minibatches }
  const { indices, batchSize, rows, episodes, last } = sequences
    ? sequenceMinibatches({ ...dealing, shapes: sequences })
    : episodeMinibatches({ ...dealing, wholeEpisodes: options.ratio === 'sequence' })
  const perStep = options.aggregation === 'step-mean'
  const perEpisodeMean = options.aggregation === 'episode-mean-step-mean'
  const total = offsets[numEpisodes]!
  const advantage = new Float32Array(total)
  const weight = new Float32Array(total)
  const inverseLength = new Float32Array(total)
  const episode = new Int32Array(total)
  for (let e = 0; e < numEpisodes; e++) {
    const length = offsets[e + 1]! - offsets[e]!
    advantage.fill(advantages[e]!, offsets[e], offsets[e + 1])
    weight.fill(perEpisodeMean ? 1 / length : 1, offsets[e], offsets[e + 1])
    inverseLength.fill(1 / length, offsets[e], offsets[e + 1])
    episode.fill(e, offsets[e], offsets[e + 1])
  }
  if (batch.replay && replay) applyReplay(batch, trained, { advantage, weight, perStep }, replay)
  const { observation, mask, action, logProb, referenceLogProb } = columns
  const data: Record<string, HostArray> = { observation: observation!, action: action!, logProb: logProb! }
  if (mask) data['mask'] = mask
  Object.assign(data, { advantage, weight })
  if (options.klCoef > 0 && options.klPlace === 'loss') data['referenceLogProb'] = referenceLogProb!
  if (options.ratio === 'sequence') Object.assign(data, { episode, inverseLength })
  if (replay && flagsRows(replay, options)) data['replayed'] = replayedRows(batch)

  const schedule: Record<string, number | Float32Array> = {
    learningRate,
    ratioLow: 1 - options.clipLow,
    ratioHigh: 1 + options.clipHigh,
    lossScale: Float32Array.from(perStep ? rows : episodes, (count) => 1 / count),
    inverseRows: Float32Array.from(rows, (count) => 1 / count),
    apply: Float32Array.from(last),
  }
  if (options.klCoef > 0 && options.referenceMixing > 0) {
    const mix = new Float32Array(last.length)
    mix[mix.length - 1] = options.referenceMixing
    schedule['referenceMix'] = mix
  }
  return { call: { columns: data, indices, batchSize, noise: {}, schedule }, metrics }
}

/** [episodes] of rewards, by group; those that are frozen hold. */
function advantagesOf({ group, replay }: EpisodeGroups, rewards: Float64Array, options: GrpoOptions): Float64Array {
  const advantages = groupAdvantages({
    rewards,
    group,
    kind: ADVANTAGE_KINDS[options.advantage],
    std: options.stdKind,
    epsilon: options.advantageEpsilon,
  })
  replay?.frozen?.forEach((frozen, e) => {
    if (!Number.isNaN(frozen)) advantages[e] = frozen
  })
  return advantages
}

function leftOut({ truncated, extra }: EpisodeGroups, e: number, advantage: number, terms: ReplayTerms): boolean {
  const least = extra?.[e] ? terms.minAdvantageExtra : terms.minAdvantage
  if (least !== null && !(Math.abs(advantage) > least)) return true
  return terms.dropTruncatedPositive && truncated[e] === 1 && advantage > 0
}

/** Corrects the advantages of replayed rows, and weighs them where their mean is taken by itself. */
function applyReplay(
  { replay, offsets }: EpisodeGroups,
  trained: readonly number[],
  { advantage, weight, perStep }: { advantage: Float32Array; weight: Float32Array; perStep: boolean },
  terms: ReplayTerms,
): void {
  const { replayed, correction } = replay!
  if (correction) for (let t = 0; t < advantage.length; t++) advantage[t]! *= correction[t]!
  if (terms.weight === null) return
  const size = (e: number) => (perStep ? offsets[e + 1]! - offsets[e]! : 1)
  let all = 0
  let old = 0
  for (const e of trained) {
    all += size(e)
    if (replayed[e]) old += size(e)
  }
  // Over the whole batch the mean of all is then the mean of the fresh plus the weighted mean of the replayed.
  for (const e of trained) {
    const factor = replayed[e] ? (terms.weight * all) / old : all / (all - old)
    for (let t = offsets[e]!; t < offsets[e + 1]!; t++) weight[t]! *= factor
  }
}

function replayedRows({ replay, offsets, numEpisodes }: EpisodeGroups): Float32Array {
  const rows = new Float32Array(offsets[numEpisodes]!)
  replay?.replayed.forEach((flag, e) => {
    rows.fill(flag, offsets[e], offsets[e + 1])
  })
  return rows
}

const ADVANTAGE_KINDS = {
  'group-std': 'group_std',
  'batch-std': 'batch_std',
  mean: 'mean',
  'leave-one-out': 'leave_one_out',
} as const

/** [episodes] sum of the KL estimates of each episode's steps, taken when it was played. */
function episodeKl({ numEpisodes, columns, offsets }: EpisodeGroups, { klKind }: GrpoOptions): Float64Array {
  const logProb = columns['logProb']!
  const reference = columns['referenceLogProb']!
  return Float64Array.from({ length: numEpisodes }, (_, e) => {
    let kl = 0
    for (let t = offsets[e]!; t < offsets[e + 1]!; t++) {
      const d = reference[t]! - logProb[t]!
      kl += klKind === 'k1' ? -d : klKind === 'k2' ? 0.5 * d * d : Math.exp(d) - d - 1
    }
    return kl
  })
}

function describe(batch: EpisodeGroups, { rewardWeights }: GrpoOptions): Record<string, number> {
  const rewards = episodeRewards(batch, rewardWeights)
  return described(batch, rewards, groupsWithSignal(rewards.total, batch.group))
}

function described(
  batch: EpisodeGroups,
  rewards: ReturnType<typeof episodeRewards>,
  signal: Uint8Array,
): Record<string, number> {
  const { numEpisodes, offsets, group, truncated, failedEpisodes } = batch
  const ranges = groupRanges(group)
  const flat = ranges.filter(({ from }) => !signal[from]).length
  let [shortest, longest, cut] = [Number.POSITIVE_INFINITY, 0, 0]
  for (let e = 0; e < numEpisodes; e++) {
    const length = offsets[e + 1]! - offsets[e]!
    if (length < shortest) shortest = length
    if (length > longest) longest = length
    cut += truncated[e]!
  }
  return {
    ...rewards.metrics,
    'group/frac_zero_std': ranges.length === 0 ? 0 : flat / ranges.length,
    'group/zero_variance_groups': flat,
    ...allAlike(batch, ranges),
    ...(numEpisodes === 0
      ? {}
      : {
          'episodes/length_mean': offsets[numEpisodes]! / numEpisodes,
          'episodes/length_min': shortest,
          'episodes/length_max': longest,
          'episodes/truncated_share': cut / numEpisodes,
        }),
    'episodes/failed': failedEpisodes,
  }
}

/** Shares of the groups that fail or succeed whole, where outcomes are known. */
function allAlike({ outcomes }: EpisodeGroups, ranges: ReturnType<typeof groupRanges>): Record<string, number> {
  if (ranges.length === 0 || Number.isNaN(outcomes[0])) return {}
  let [failed, solved] = [0, 0]
  for (const { from, count } of ranges) {
    let alike = outcomes[from] === 0 || outcomes[from] === 1
    for (let e = from + 1; alike && e < from + count; e++) alike = outcomes[e] === outcomes[from]
    if (alike && outcomes[from] === 0) failed++
    if (alike && outcomes[from] === 1) solved++
  }
  return { 'group/frac_all_fail': failed / ranges.length, 'group/frac_all_success': solved / ranges.length }
}

// ------------------------------------------------------------------------------------------------- report

function report(metrics: Readonly<Record<string, Float32Array>>): Record<string, number> {
  const total = (name: string) => metrics[name]!.reduce((a, b) => a + b, 0)
  const updates = total('applied')
  // Each call gives its rows' share of its minibatch's mean, so sums over calls are sums over minibatches.
  const average = (name: string) => total(name) / updates
  const last = (name: string) => metrics[name]![metrics[name]!.length - 1]!
  return {
    'train/loss': average('loss'),
    'train/policy_gradient_loss': average('policyLoss'),
    'train/entropy': average('entropy'),
    'train/approx_kl': average('approxKl'),
    'train/clip_ratio_low': average('clipLow'),
    'train/clip_ratio_high': average('clipHigh'),
    'train/clip_ratio_region': average('clipLow') + average('clipHigh'),
    'train/grad_norm': average('gradNorm'),
    'train/n_updates': last('updates'),
    ...(metrics['kl'] ? { 'train/kl': average('kl') } : {}),
    ...(metrics['std'] ? { 'train/std': last('std') } : {}),
  }
}

// ------------------------------------------------------------------------------------------------- definition

export function checkGrpo({ options, spaces, maxEpisodeSteps }: Omit<BuildContext<GrpoOptions>, 'rng'>): string[] {
  checkNetwork(spaces, options)
  sequencesFor(options, maxEpisodeSteps)
  const { groups, groupSize, minibatches, dualClip, clipHigh, klCoef, klKind, klPlace, ratio, aggregation } = options
  const conflict = (message: string, hint: string) => new RepriseError('RPR_OPTION_CONFLICT', message, { hint })
  const episodes = groups * groupSize
  if (minibatches > episodes) {
    throw conflict(
      `Option 'minibatches' = ${minibatches} exceeds the ${episodes} episodes of a batch (groups x groupSize).`,
      `Set at most ${episodes}.`,
    )
  }
  if (dualClip !== null && dualClip <= 1 + clipHigh) {
    throw conflict(
      `Option 'dualClip' = ${dualClip} lies inside the clip range, which reaches up to ${1 + clipHigh}.`,
      'Set it above 1 + clipHigh: 3 is usual.',
    )
  }
  if (options.maxGroupSize !== null && options.rolloutBudget > 0 && options.maxGroupSize <= groupSize)
    throw conflict(
      `Option 'maxGroupSize' = ${options.maxGroupSize} leaves nothing for the rolloutBudget: groupSize is ${groupSize}.`,
      'Set it above groupSize, or rolloutBudget to 0.',
    )
  checkRewardWeights(options.rewardWeights)
  const warnings: string[] = []
  if (klCoef > 0 && klKind === 'k1' && klPlace === 'loss')
    warnings.push("klKind 'k1' in the loss has a gradient of mean 0: it adds noise and holds nothing. Use k2 or k3.")
  if (ratio === 'sequence' && aggregation !== 'episode-mean-step-mean')
    warnings.push(
      `ratio 'sequence' with aggregation '${aggregation}' weighs long episodes more; GSPO itself is episode-mean-step-mean.`,
    )
  return warnings
}

export const grpo = defineGroupAlgorithm({
  name: 'grpo',
  summary:
    'Group relative policy optimisation: episodes are compared with others from the same start; no value function.',
  loop: 'group',
  options: grpoOptions,
  check: checkGrpo,
  inert: inertWithoutGaussian,
  build: (context) => buildGrpo(context),
  collection: ({ groups, groupSize, maxBatches }) => ({ groups, groupSize, maxBatches }),
  taskChoice,
  recomputes,
  informative: (episodes, { rewardWeights }) =>
    groupsWithSignal(episodeRewards(episodes, rewardWeights).total, episodes.group),
  describe,
  prepare: (episodes, context) => prepareGrpo(episodes, context),
  report,
})

/** Rewards and advantages of fresh episodes. */
export function judgeGrpo(
  episodes: EpisodeGroups,
  options: GrpoOptions,
): { rewards: Float64Array; advantages: Float64Array } {
  const rewards = episodeRewards(episodes, options.rewardWeights).total
  return { rewards, advantages: advantagesOf(episodes, rewards, options) }
}
