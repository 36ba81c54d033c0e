/**
 * Proximal policy optimisation (Schulman et al. 2017), from top to bottom: options, loss, update, data.
 * Details follow Stable-Baselines3 and "The 37 implementation details of PPO" (Huang et al. 2022). Page: docs/ppo.md.
 * One file on purpose: it is everything that PPO is.
 */
import { explainedVariance, gae, meanAndStd } from '@reprise/advantage'
import type { HostArray, LearnerProgram, SequenceShape, TensorRecord } from '@reprise/backend'
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
import {
  add,
  cast,
  clipByValue,
  exp,
  greater,
  less,
  logicalAnd,
  logicalNot,
  logicalOr,
  mean,
  mul,
  neg,
  square,
  sub,
  sum,
  type Tensor,
} from '@tensorflow/tfjs-core'
import {
  type BuildContext,
  defineRolloutAlgorithm,
  type PrepareContext,
  type Prepared,
  type Rollout,
} from './algorithm.ts'
import { inertWithoutGaussian } from './inert-options.ts'
import { minibatchIndices } from './minibatches.ts'
import { PER_ROW } from './policy-inputs.ts'
import { checkNetwork, memoryOutput, networkOptions, policyNetwork } from './policy-network.ts'
import { MAX_SEQUENCE, rolloutMinibatches } from './sequences.ts'
import { adamEpsilon, logStdInit } from './shared-options.ts'
import { clippedSurrogate } from './surrogate.ts'

// ------------------------------------------------------------------------------------------------- options

type Sizes = { numEnvs: number; numSteps: number; batchSize: number; epochs: number }
const singleUpdate = ({ numEnvs, numSteps, batchSize, epochs }: Sizes) =>
  epochs === 1 && batchSize >= numEnvs * numSteps
    ? 'with epochs 1 and all rows in one minibatch there is one update per iteration, at which the policy is still the old one'
    : undefined

export const ppoOptions = {
  numEnvs: option.integer({ default: 8, min: 1, doc: 'Environments stepped together.', aliases: ['n_envs'] }),
  numSteps: option.integer({
    default: 128,
    min: 1,
    doc: 'Steps of each environment per iteration.',
    aliases: ['n_steps', 'num_steps'],
  }),
  batchSize: option.integer({
    default: 256,
    min: 2,
    doc: 'Rows of a minibatch. The last one of an epoch is padded with rows of weight 0.',
    aliases: ['batch_size', 'minibatch_size'],
  }),
  epochs: option.integer({
    default: 4,
    min: 1,
    doc: 'Passes over the data of an iteration.',
    aliases: ['n_epochs', 'update_epochs'],
  }),
  learningRate: option.schedule({
    default: 3e-4,
    min: 0,
    above: true,
    doc: 'Step size of Adam.',
    aliases: ['learning_rate', 'lr'],
  }),
  gamma: option.number({ default: 0.99, min: 0, max: 1, doc: 'Discount.' }),
  gaeLambda: option.number({
    default: 0.95,
    min: 0,
    max: 1,
    doc: 'Trace decay of the advantages: 0 one step, 1 whole returns.',
    aliases: ['gae_lambda'],
    inert: ({ gamma }: { gamma: number }) => (gamma === 0 ? 'gamma is 0: no later step counts' : undefined),
  }),
  clipRange: option.schedule({
    default: 0.2,
    min: 0,
    above: true,
    doc: 'The probability ratio counts up to 1 +- this.',
    aliases: ['clip_range', 'clip_coef'],
    inert: singleUpdate,
  }),
  valueClipRange: option.optionalNumber({
    default: null,
    min: 0,
    above: true,
    doc: 'New values count up to this far from the old ones; it depends on the scale of the rewards.',
    aliases: ['clip_range_vf'],
    inert: (values: Sizes & { valueCoef: number }) =>
      values.valueCoef === 0 ? 'valueCoef is 0: no value function is trained' : singleUpdate(values),
  }),
  entropyCoef: option.number({ default: 0, min: 0, doc: 'Weight of the entropy bonus.', aliases: ['ent_coef'] }),
  valueCoef: option.number({ default: 0.5, min: 0, doc: 'Weight of the value loss.', aliases: ['vf_coef'] }),
  maxGradNorm: option.optionalNumber({
    default: 0.5,
    min: 0,
    above: true,
    doc: 'Gradients are scaled down to this norm.',
    aliases: ['max_grad_norm'],
  }),
  normalizeAdvantage: option.boolean({
    default: true,
    doc: 'Advantages of a minibatch to mean 0 and deviation 1.',
    aliases: ['normalize_advantage', 'norm_adv'],
  }),
  targetKl: option.optionalNumber({
    default: null,
    min: 0,
    above: true,
    doc: 'No more updates in an iteration once the approximate KL exceeds 1.5 times this.',
    aliases: ['target_kl'],
    inert: singleUpdate,
  }),
  ...networkOptions,
  critic: option.choice({
    values: ['separate', 'shared'],
    default: 'separate',
    doc: 'The value function: a network of its own, or a second head on the policy network.',
  }),
  logStdInit,
  adamEpsilon,
} satisfies OptionTable

export type PpoOptions = OptionValues<typeof ppoOptions>

// ------------------------------------------------------------------------------------------------- program

/** What the state holds, as a program sees it. */
type PpoState = {
  readonly params: Tensor
  readonly optimizer: AdamState
  /** bool: whether the KL early stop of this iteration has struck. */
  readonly stopped: Tensor
}

function build({ spaces, options, rng }: BuildContext<PpoOptions>): LearnerProgram {
  const { entropyCoef, valueCoef, valueClipRange, maxGradNorm, targetKl, adamEpsilon } = options
  const sequences = sequencesFor(options)
  const net = policyNetwork(spaces, options, options.critic, sequences)
  const { inputs } = net
  const padded = isPadded(options)
  /** The mean over the rows of a minibatch that are not padding. */
  const over = (rows: Tensor, batch: TensorRecord, schedule: TensorRecord) =>
    padded ? mul(sum(mul(rows, batch['weight']!)), schedule['inverseRows']!) : mean(rows)

  return {
    state: {
      params: { dtype: 'float32', shape: [net.layout.size], data: net.init(rng) },
      ...adamHostState('optimizer', net.layout.size),
      stopped: { dtype: 'bool', shape: [], data: new Uint8Array(1) },
    },
    usualRows: minibatchRows(options),
    ...(sequences ? { sequences } : {}),
    inputs: {
      act: { ...inputs.state, ...inputs.noise, ...net.memory() },
      decide: { ...inputs.state, ...net.memory() },
      batch: {
        ...inputs.state,
        // Sequences go on from the memory of their first rows, and begin anew where an episode does.
        ...(sequences ? { ...net.memory(), episodeStart: PER_ROW } : {}),
        action: inputs.head.action,
        logProb: PER_ROW,
        advantage: PER_ROW,
        return: PER_ROW,
        ...(valueClipRange === null ? {} : { value: PER_ROW }),
        ...(padded ? { weight: PER_ROW } : {}),
      },
      noise: {},
      schedule: [
        'learningRate',
        'ratioLow',
        'ratioHigh',
        ...(options.normalizeAdvantage ? ['advantageMean', 'advantageScale'] : []),
        ...(padded ? ['inverseRows'] : []),
        ...(targetKl === null ? [] : ['firstUpdate']),
      ],
    },

    act(state, inputs) {
      const acting = net.step((state as PpoState).params, inputs)
      const action = acting.policy.sample(inputs['noise']!)
      return { action, logProb: acting.policy.logProb(action), value: acting.value!, ...memoryOutput(acting) }
    },

    decide(state, inputs) {
      const deciding = net.stepPolicy((state as PpoState).params, inputs)
      return { action: deciding.policy.mode(), ...memoryOutput(deciding) }
    },

    update(tree, batch, _, schedule) {
      const state = tree as PpoState
      const advantage = options.normalizeAdvantage
        ? mul(sub(batch['advantage']!, schedule['advantageMean']!), schedule['advantageScale']!)
        : batch['advantage']!

      const { loss, gradient, aux } = valueAndGradient(state.params, (params) => {
        const { policy, value, logStd } = net.rows(params, batch)

        // Policy: the pessimistic one of the plain and the clipped surrogate.
        const logRatio = sub(policy.logProb(batch['action']!), batch['logProb']!)
        const surrogate = clippedSurrogate({
          logRatio,
          advantage,
          low: schedule['ratioLow']!,
          high: schedule['ratioHigh']!,
        })
        const policyLoss = over(surrogate, batch, schedule)

        // Value: squared error, optionally of a value that stays near the old one.
        const near = valueClipRange === null ? value! : clipValue(value!, batch['value']!, valueClipRange)
        const valueLoss = over(square(sub(near, batch['return']!)), batch, schedule)

        const entropyLoss = neg(over(policy.entropy(), batch, schedule))
        const weighted = add(policyLoss, mul(valueLoss, valueCoef))
        return {
          loss: entropyCoef === 0 ? weighted : add(weighted, mul(entropyLoss, entropyCoef)),
          aux: { logRatio, policyLoss, valueLoss, entropyLoss, ...(logStd ? { logStd } : {}) },
        }
      })

      const { logRatio, policyLoss, valueLoss, entropyLoss, logStd } = aux
      // Schulman's estimator of KL(old, new) from samples: (ratio - 1) - log ratio, never negative.
      const ratio = exp(logRatio!)
      const approxKl = over(sub(sub(ratio, 1), logRatio!), batch, schedule)
      const outside = logicalOr(less(ratio, schedule['ratioLow']!), greater(ratio, schedule['ratioHigh']!))
      const clipFraction = over(cast(outside, 'float32'), batch, schedule)

      const clip =
        maxGradNorm === null ? { gradient, norm: globalNorm(gradient) } : clipByGlobalNorm(gradient, maxGradNorm)
      const step = adam(state.params, clip.gradient, state.optimizer, schedule['learningRate']!, {
        epsilon: adamEpsilon,
      })
      let next: PpoState = { params: step.params, optimizer: step.state, stopped: state.stopped }
      if (targetKl !== null) {
        // Tested before the step, as in SB3: the update whose KL is too large is not made, nor any after it.
        const before = logicalAnd(state.stopped, logicalNot(cast(schedule['firstUpdate']!, 'bool')))
        const stopped = logicalOr(before, greater(approxKl, 1.5 * targetKl))
        const { params, optimizer } = selectTree(
          logicalNot(stopped),
          { params: next.params, optimizer: next.optimizer },
          { params: state.params, optimizer: state.optimizer },
        )
        next = { params, optimizer, stopped }
      }
      return {
        state: next,
        metrics: {
          loss,
          policyLoss: policyLoss!,
          valueLoss: valueLoss!,
          entropyLoss: entropyLoss!,
          approxKl,
          clipFraction,
          gradNorm: clip.norm,
          updates: next.optimizer.step,
          ...(logStd ? { std: mean(exp(logStd)) } : {}),
          ...(targetKl === null ? {} : { stopped: cast(next.stopped, 'float32') }),
        },
      }
    },
  }
}

/** old + clip(new - old, +-range). */
function clipValue(value: Tensor, old: Tensor, range: number): Tensor {
  return add(old, clipByValue(sub(value, old), -range, range))
}

// ------------------------------------------------------------------------------------------------- data

function minibatchRows({ numEnvs, numSteps, batchSize }: PpoOptions): number {
  return Math.min(batchSize, numEnvs * numSteps)
}

/** With memory a minibatch is the whole rollouts of some environments. */
function sequencesFor(options: PpoOptions): SequenceShape[] | undefined {
  if (options.policy !== 'gru') return undefined
  return [{ steps: options.numSteps, episodes: minibatchRows(options) / options.numSteps }]
}

/** Whether the last minibatch of an epoch has padding; where none has, rows carry no weights. */
function isPadded(options: PpoOptions): boolean {
  return (options.numEnvs * options.numSteps) % minibatchRows(options) !== 0
}

function prepare(rollout: Rollout, { options, rng, progress }: PrepareContext<PpoOptions>): Prepared {
  const { steps, numEnvs, columns } = rollout
  const values = columns['value'] as Float32Array
  const { advantages, returns } = gae({
    ...rollout,
    values,
    gamma: options.gamma,
    lambda: options.gaeLambda,
  })
  const rows = steps * numEnvs
  const batchSize = minibatchRows(options)
  const [shape] = sequencesFor(options) ?? []
  const indices = shape
    ? rolloutMinibatches(rng, shape, numEnvs, options.epochs)
    : minibatchIndices(rng, rows, batchSize, options.epochs)
  const updates = indices.length / batchSize
  const learningRate = parseSchedule(options.learningRate)(progress)
  const clipRange = parseSchedule(options.clipRange)(progress)

  const { observation, mask, action, logProb } = columns
  const batch: Record<string, HostArray> = { observation: observation!, action: action!, logProb: logProb! }
  if (mask) batch['mask'] = mask
  if (shape) Object.assign(batch, recurrentColumns(rollout))
  batch['advantage'] = advantages
  batch['return'] = returns
  if (options.valueClipRange !== null) batch['value'] = values

  const schedule: Record<string, number | Float32Array> = {
    learningRate,
    ratioLow: 1 - clipRange,
    ratioHigh: 1 + clipRange,
  }
  if (options.normalizeAdvantage) Object.assign(schedule, minibatchStatistics(advantages, indices, batchSize))
  if (isPadded(options)) {
    batch['weight'] = new Float32Array(rows).fill(1)
    schedule['inverseRows'] = inverseRows(indices, batchSize)
  }
  if (options.targetKl !== null)
    schedule['firstUpdate'] = Float32Array.from({ length: updates }, (_, k) => (k === 0 ? 1 : 0))

  return {
    call: { columns: batch, indices, batchSize, noise: {}, schedule },
    metrics: {
      'train/learning_rate': learningRate,
      'train/clip_range': clipRange,
      'train/explained_variance': explainedVariance(values, returns),
    },
  }
}

/** Only the rows of the first step have a memory that is read. */
function recurrentColumns({ memory, steps, numEnvs, episodeStart }: Rollout): Record<string, HostArray> {
  const rows = new Float32Array((memory!.length / numEnvs) * steps * numEnvs)
  rows.set(memory!)
  return { memory: rows, episodeStart: Float32Array.from(episodeStart) }
}

/** Mean and 1 / (std + 1e-8) of the advantages of each minibatch (sample std, as PyTorch's). */
function minibatchStatistics(advantages: Float32Array, indices: Int32Array, batchSize: number) {
  const updates = indices.length / batchSize
  const advantageMean = new Float32Array(updates)
  const advantageScale = new Float32Array(updates)
  for (let k = 0; k < updates; k++) {
    const rows = indices.subarray(k * batchSize, (k + 1) * batchSize).filter((row) => row >= 0)
    const { mean, std } = meanAndStd(
      Float64Array.from(rows, (row) => advantages[row]!),
      'sample',
    )
    // One row alone has no deviation; SB3 leaves it as it is.
    advantageMean[k] = rows.length > 1 ? mean : 0
    advantageScale[k] = rows.length > 1 ? 1 / (std + 1e-8) : 1
  }
  return { advantageMean, advantageScale }
}

function inverseRows(indices: Int32Array, batchSize: number): Float32Array {
  return Float32Array.from({ length: indices.length / batchSize }, (_, k) => {
    let count = 0
    for (let i = 0; i < batchSize; i++) if (indices[k * batchSize + i]! >= 0) count++
    return 1 / count
  })
}

// ------------------------------------------------------------------------------------------------- report

function report(metrics: Readonly<Record<string, Float32Array>>): Record<string, number> {
  const { updates, stopped } = metrics
  const count = updates!.length
  // Averages are over the minibatches up to the one at which the KL stop struck, that one included, as in SB3.
  let measured = count
  if (stopped) {
    const first = stopped.indexOf(1)
    if (first >= 0) measured = first + 1
  }
  const average = (name: string) => meanAndStd(metrics[name]!, 'population', 0, measured).mean
  return {
    'train/loss': average('loss'),
    'train/policy_gradient_loss': average('policyLoss'),
    'train/value_loss': average('valueLoss'),
    'train/entropy_loss': average('entropyLoss'),
    'train/approx_kl': average('approxKl'),
    'train/clip_fraction': average('clipFraction'),
    'train/grad_norm': average('gradNorm'),
    'train/n_updates': updates![count - 1]!,
    ...(metrics['std'] ? { 'train/std': metrics['std'][count - 1]! } : {}),
    ...(stopped ? { 'train/updates_stopped': stopped.reduce((sum, flag) => sum + flag, 0) } : {}),
  }
}

// ------------------------------------------------------------------------------------------------- definition

/** @throws RepriseError RPR_OPTION_CONFLICT for minibatches that are no whole sequences */
function checkSequences({ numEnvs, numSteps, batchSize }: PpoOptions): void {
  const conflict = (message: string, hint: string) => new RepriseError('RPR_OPTION_CONFLICT', message, { hint })
  if (numSteps > MAX_SEQUENCE) {
    throw conflict(
      `Option 'policy' = 'gru' learns from sequences of numSteps = ${numSteps}; they may have at most ${MAX_SEQUENCE} steps.`,
      'Lower numSteps, or set policy to mlp.',
    )
  }
  if (batchSize < numEnvs * numSteps && batchSize % numSteps !== 0) {
    throw conflict(
      `Option 'policy' = 'gru' learns from whole sequences, and batchSize ${batchSize} is no multiple of numSteps ${numSteps}.`,
      `Set batchSize to ${Math.ceil(batchSize / numSteps) * numSteps}.`,
    )
  }
}

export const ppo = defineRolloutAlgorithm({
  name: 'ppo',
  summary: 'Proximal policy optimisation: clipped updates on fresh rollouts, with a learned value function.',
  loop: 'rollout',
  options: ppoOptions,
  check({ options, spaces }) {
    const { numEnvs, numSteps, batchSize } = options
    const rows = numEnvs * numSteps
    checkNetwork(spaces, options)
    if (options.policy === 'gru') checkSequences(options)
    const warnings: string[] = []
    if (batchSize > rows)
      warnings.push(
        `batchSize ${batchSize} exceeds the ${rows} rows of an iteration (numEnvs x numSteps): each update uses all ${rows}.`,
      )
    else if (rows % batchSize !== 0)
      warnings.push(
        `batchSize ${batchSize} does not divide the ${rows} rows of an iteration: the last minibatch of an epoch has ${rows % batchSize}.`,
      )
    return warnings
  },
  inert: inertWithoutGaussian,
  build,
  collection: ({ numEnvs, numSteps }) => ({ numEnvs, steps: numSteps }),
  prepare,
  report,
})
