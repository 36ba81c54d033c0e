/**
 * Deep Q-learning (Mnih et al. 2015), from top to bottom: options, network, loss, update, exploration. Double, dueling,
 * n-step, prioritised, noisy and distributional learning are switches; all of them on are Rainbow (Hessel et al. 2018).
 * Details and defaults follow Stable-Baselines3. Page: docs/dqn.md. One file on purpose: it is everything that DQN is.
 */
import type { InputSpecs, LearnerProgram, TensorRecord } from '@reprise/backend'
import {
  asAnySpace,
  type OptionTable,
  type OptionValues,
  option,
  parseSchedule,
  RepriseError,
  type Space,
} from '@reprise/core'
import {
  type AdamState,
  activeFraction,
  adam,
  adamHostState,
  clipByGlobalNorm,
  dueling,
  ema,
  epsilonGreedy,
  globalNorm,
  greedy,
  initMlp,
  logSoftmax,
  type MlpSpec,
  meanOf,
  network,
  noisyNetwork,
  onlyLegal,
  packHost,
  pick,
  probabilitiesOf,
  projectReturns,
  type Support,
  selectTree,
  valueAndGradient,
} from '@reprise/nn'
import {
  abs,
  add,
  exp,
  greater,
  log,
  max,
  maximum,
  mean,
  mul,
  oneHot,
  relu,
  reshape,
  slice1d,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  transpose,
} from '@tensorflow/tfjs-core'
import { type BuildContext, defineReplayAlgorithm, type UpdateMoment } from './algorithm.ts'
import { huber, pal } from './huber.ts'
import { PER_ROW, policyInputs } from './policy-inputs.ts'
import {
  checkReplay,
  collectionOf,
  isWeighted,
  priorityAlphaOf,
  replayConfigOf,
  replayOptions,
} from './replay-options.ts'
import { hiddenLayers, layerNorm } from './shared-options.ts'

// ------------------------------------------------------------------------------------------------- options

type EpsilonOptions = { noisy: boolean; explorationInitialEps: number | null; explorationFinalEps: number | null }

/** Epsilon at the start and once it has fallen. */
function epsilonEnds({ noisy, explorationInitialEps, explorationFinalEps }: EpsilonOptions): [number, number] {
  return [explorationInitialEps ?? (noisy ? 0 : 1), explorationFinalEps ?? (noisy ? 0 : 0.05)]
}

const constantEpsilon = (options: EpsilonOptions) => {
  const [initial, final] = epsilonEnds(options)
  return initial === final ? `epsilon is ${final} throughout${options.noisy ? ': noisy explores' : ''}` : undefined
}
const withoutNoise = ({ noisy }: { noisy: boolean }) => (noisy ? undefined : 'noisy is false')
const withoutAtoms = ({ c51 }: { c51: boolean }) => (c51 ? undefined : 'c51 is false')

export const dqnOptions = {
  ...replayOptions({ capacity: 100_000, batchSize: 32, learningStarts: 100, trainEvery: 4 }),
  learningRate: option.schedule({
    default: 1e-4,
    min: 0,
    above: true,
    doc: 'Step size of Adam.',
    aliases: ['learning_rate', 'lr'],
  }),
  targetUpdateInterval: option.integer({
    default: 10_000,
    min: 1,
    doc: 'Environment steps between updates of the target network.',
    aliases: ['target_update_interval', 'target_network_frequency'],
  }),
  tau: option.number({
    default: 1,
    min: 0,
    above: true,
    max: 1,
    doc: 'How far the target network then moves towards the network: 1 copies it.',
  }),
  explorationFraction: option.number({
    default: 0.1,
    min: 0,
    max: 1,
    doc: 'Share of the run over which epsilon falls.',
    aliases: ['exploration_fraction'],
    inert: constantEpsilon,
  }),
  explorationInitialEps: option.optionalNumber({
    default: null,
    min: 0,
    max: 1,
    doc: 'Share of random actions at the start. none: 1, and 0 where noisy.',
    aliases: ['exploration_initial_eps', 'start_e'],
  }),
  explorationFinalEps: option.optionalNumber({
    default: null,
    min: 0,
    max: 1,
    doc: 'Share of random actions once it has fallen. none: 0.05, and 0 where noisy.',
    aliases: ['exploration_final_eps', 'end_e'],
  }),
  double: option.boolean({
    default: false,
    doc: 'The network chooses the next action, the target network values it (double Q-learning).',
  }),
  dueling: option.boolean({
    default: false,
    doc: 'The last layer gives a value and advantages, added up to action values.',
  }),
  noisy: option.boolean({
    default: false,
    doc: 'Learned noise in the weights of every layer but the first explores instead of epsilon.',
  }),
  noisySigma: option.number({
    default: 0.5,
    min: 0,
    above: true,
    doc: 'Initial deviation of noisy weights, times 1 / sqrt(inputs).',
    aliases: ['sigma_init'],
    inert: withoutNoise,
  }),
  c51: option.boolean({
    default: false,
    doc: 'Learns the distribution of returns over fixed atoms instead of their mean.',
  }),
  atoms: option.integer({
    default: 51,
    min: 2,
    doc: 'Atoms of the distribution.',
    aliases: ['n_atoms'],
    inert: withoutAtoms,
  }),
  vMin: option.number({ default: -10, doc: 'Return of the first atom.', aliases: ['v_min'], inert: withoutAtoms }),
  vMax: option.number({ default: 10, doc: 'Return of the last atom.', aliases: ['v_max'], inert: withoutAtoms }),
  loss: option.choice({
    values: ['huber', 'mse'],
    default: 'huber',
    doc: 'Loss of the TD error: square up to 1 and then straight, or square.',
    inert: ({ c51, replay }: { c51: boolean; replay: string }) => {
      if (c51) return 'c51 learns by the divergence of distributions'
      return replay === 'lap' || replay === 'pal' ? `replay ${replay} has a loss of its own` : undefined
    },
  }),
  maxGradNorm: option.optionalNumber({
    default: 10,
    min: 0,
    above: true,
    doc: 'Gradients are scaled down to this norm.',
    aliases: ['max_grad_norm'],
  }),
  ...hiddenLayers([64, 64], 'relu', 'Widths of the hidden layers.'),
  layerNorm,
  adamEpsilon: option.number({
    default: 1e-8,
    min: 0,
    above: true,
    doc: "Adam's epsilon, outside the root.",
    aliases: ['adam_eps'],
  }),
} satisfies OptionTable

export type DqnOptions = OptionValues<typeof dqnOptions>

// ------------------------------------------------------------------------------------------------- network

/**
 * The perceptron and what its outputs mean. `outputs` below is [N, actions], and [N, atoms, actions] logits with c51.
 * `vector` is the perceptron's parameters: those of the state, and with noise one draw of them.
 */
function qNetwork(options: DqnOptions, inputs: number, actions: number) {
  const support: Support | undefined = options.c51
    ? { atoms: options.atoms, min: options.vMin, max: options.vMax }
    : undefined
  const spec: MlpSpec = {
    inputs,
    hidden: options.hidden,
    outputs: (support?.atoms ?? 1) * (options.dueling ? 1 + actions : actions),
    activation: options.activation,
    layerNorm: options.layerNorm,
  }
  const net = network('q', spec)
  const noisy = options.noisy ? noisyNetwork('q', spec, options.noisySigma) : undefined

  function shaped(flat: Tensor): Tensor {
    const values = options.dueling ? dueling(reshape(flat, [-1, 1 + actions])) : flat
    return support ? reshape(values, [-1, support.atoms, actions]) : values
  }

  return {
    support,
    noiseSize: noisy?.noiseSize ?? 0,
    size: (noisy ?? net).layout.size,
    init: (rng: BuildContext<DqnOptions>['rng']) =>
      noisy ? noisy.init(rng) : packHost(initMlp('q', spec, { kind: 'torch' }, rng), net.layout),
    outputs: (vector: Tensor, observation: Tensor) => shaped(net.apply(vector, observation)),
    hidden: net.hidden,
    /** The parameters without noise, and under the draw that `noise` gives. */
    mean: (params: Tensor) => (noisy ? noisy.mean(params) : params),
    vector: (params: Tensor, noise: Tensor | undefined) => (noisy ? noisy.perturbed(params, noise!) : params),
    /** Values [N, actions], each row under noise of its own where there is any. */
    explore: (params: Tensor, observation: Tensor, noise: Tensor | undefined) =>
      values(shaped(noisy ? noisy.applyPerRow(params, observation, noise!) : net.apply(params, observation))),
    values,
    chosen,
  }

  /** [N, actions] */
  function values(outputs: Tensor): Tensor {
    return support ? meanOf(probabilitiesOf(transpose(outputs, [0, 2, 1])), support) : outputs
  }

  /** Of one action per row: [N], and [N, atoms] logits with c51. */
  function chosen(outputs: Tensor, action: Tensor): Tensor {
    if (!support) return pick(outputs, action)
    return sum(mul(outputs, reshape(oneHot(action, actions), [-1, 1, actions])), 2)
  }
}

// ------------------------------------------------------------------------------------------------- program

type DqnState = { readonly params: Tensor; readonly target: Tensor; readonly optimizer: AdamState }

function build({ spaces, options, rng }: BuildContext<DqnOptions>): LearnerProgram {
  const { maxGradNorm, adamEpsilon, tau, batchSize } = options
  const actions = numberOfActions(spaces.action)
  const inputs = policyInputs(spaces)
  const net = qNetwork(options, spaces.observationSize, actions)
  const weighted = isWeighted(options)
  // One draw of the noise for each use of a network in an update, spread over the rows of the batch.
  const draws = options.double ? 3 : 2
  const updateNoise: InputSpecs = options.noisy
    ? { weightNoise: { dtype: 'float32', shape: [Math.ceil((draws * net.noiseSize) / batchSize)], fill: 'normal' } }
    : {}
  const drawn = (noise: TensorRecord, i: number) => {
    const all = noise['weightNoise']
    return all && slice1d(reshape(all, [-1]) as Tensor1D, i * net.noiseSize, net.noiseSize)
  }
  const params = net.init(rng)

  return {
    state: {
      params: { dtype: 'float32', shape: [net.size], data: params },
      target: { dtype: 'float32', shape: [net.size], data: params.slice() },
      ...adamHostState('optimizer', net.size),
    },
    usualRows: batchSize,
    inputs: {
      act: {
        ...inputs.state,
        epsilon: PER_ROW,
        noise: { dtype: 'float32', shape: [2], fill: 'uniform' },
        ...(options.noisy
          ? { weightNoise: { dtype: 'float32' as const, shape: [net.noiseSize], fill: 'normal' as const } }
          : {}),
      },
      decide: inputs.state,
      batch: {
        observation: inputs.state['observation']!,
        nextObservation: inputs.state['observation']!,
        ...(inputs.state['mask'] ? { nextMask: inputs.state['mask'] } : {}),
        action: inputs.head.action,
        reward: PER_ROW,
        discount: PER_ROW,
        ...(weighted ? { weight: PER_ROW } : {}),
      },
      noise: updateNoise,
      schedule: ['learningRate', 'copyTarget'],
    },

    act(state, { observation, mask, epsilon, noise, weightNoise }) {
      const values = net.explore((state as DqnState).params, observation!, weightNoise)
      return { action: epsilonGreedy(values, epsilon!, noise!, mask) }
    },

    decide(state, { observation, mask }) {
      const outputs = net.outputs(net.mean((state as DqnState).params), observation!)
      return { action: greedy(net.values(outputs), mask) }
    },

    update(tree, batch, noise, schedule) {
      const state = tree as DqnState
      const { observation, nextObservation, nextMask, action, reward, discount, weight } = batch as Batch

      // The target network: a move that is not due leaves its bits alone.
      const moved = tau === 1 ? state.params : ema(state.target, state.params, schedule['copyTarget']!)
      const target = selectTree(greater(schedule['copyTarget']!, 0), moved, state.target)

      // What the next state is worth, by the target network; who chooses the action is a matter of `double`.
      const next = net.outputs(net.vector(target, drawn(noise, 1)), nextObservation)
      const choosing = options.double ? net.outputs(net.vector(state.params, drawn(noise, 2)), nextObservation) : next
      const nextValues = onlyLegal(net.values(choosing), nextMask)
      let goal: Tensor
      if (net.support) {
        const logits = net.chosen(next, greedy(nextValues))
        goal = projectReturns(probabilitiesOf(logits), reward, discount, net.support)
      } else {
        const nextValue = options.double ? net.chosen(next, greedy(nextValues)) : max(nextValues, 1)
        goal = add(reward, mul(discount, nextValue))
      }

      const perturbed = drawn(noise, 0)
      const { loss, gradient, aux } = valueAndGradient(state.params, (params) => {
        const outputs = net.chosen(net.outputs(net.vector(params, perturbed), observation), action)
        const { rows, value, error } = net.support
          ? divergence(outputs, goal, net.support)
          : { rows: lossOf(sub(outputs, goal), options), value: outputs, error: abs(sub(outputs, goal)) }
        return { loss: mean(weight ? mul(rows, weight) : rows), aux: { value, error } }
      })

      const clip =
        maxGradNorm === null ? { gradient, norm: globalNorm(gradient) } : clipByGlobalNorm(gradient, maxGradNorm)
      const step = adam(state.params, clip.gradient, state.optimizer, schedule['learningRate']!, {
        epsilon: adamEpsilon,
      })
      return {
        state: { params: step.params, target, optimizer: step.state } satisfies DqnState,
        metrics: {
          loss,
          qMean: mean(aux.value),
          tdErrorMean: mean(aux.error),
          gradNorm: clip.norm,
          ...(options.gradientStepsLater === null
            ? {}
            : { fau: activeFraction(net.hidden(net.vector(state.params, perturbed), observation)) }),
        },
        rows: { tdError: aux.error },
      }
    },
  }
}

type Batch = Readonly<
  Record<'observation' | 'nextObservation' | 'action' | 'reward' | 'discount', Tensor> & {
    nextMask?: Tensor
    weight?: Tensor
  }
>

/** [N] of TD errors [N]. */
function lossOf(error: Tensor, options: DqnOptions): Tensor {
  if (options.replay === 'pal') return pal(error, options.lapFloor, priorityAlphaOf(options))
  if (options.replay === 'lap') return huber(error, options.lapFloor)
  return options.loss === 'huber' ? huber(error) : square(error)
}

/**
 * KL(goal, p) per row, for logits and `goal` [N, atoms]: the loss, and by size the TD error that priorities are made of.
 * With it the mean of p.
 */
function divergence(logits: Tensor, goal: Tensor, support: Support) {
  const logProbs = logSoftmax(logits)
  const rows = sum(mul(goal, sub(log(maximum(goal, 1e-30)), logProbs)), 1)
  return { rows, value: meanOf(exp(logProbs), support), error: relu(rows) }
}

function numberOfActions(action: Space): number {
  const space = asAnySpace(action)
  if (space.kind === 'Discrete') return space.n
  throw new RepriseError('RPR_ALGO_UNSUPPORTED', `DQN needs Discrete actions, and this environment's are ${action}.`, {
    value: String(action),
    hint: 'Use ppo; for a Box of floats also sac or td3.',
  })
}

// ------------------------------------------------------------------------------------------------- schedules

/** Linear over `explorationFraction` of the run; random throughout the warm-up. */
function exploration({ options, progress, warmup }: { options: DqnOptions; progress: number; warmup: boolean }) {
  if (warmup) return { epsilon: 1 }
  const [initial, final] = epsilonEnds(options)
  const { explorationFraction } = options
  const remains = progress >= explorationFraction ? 0 : 1 - progress / explorationFraction
  return { epsilon: final + (initial - final) * remains }
}

/**
 * The target network moves by tau at every multiple of its interval, in environment steps. All moves since the burst
 * before are made at once, by the first update: between bursts the network stands still, so that is the same.
 */
function schedule({ options, progress, step, previousStep, index }: UpdateMoment<DqnOptions>) {
  const { targetUpdateInterval, tau, learningRate } = options
  const moves = Math.floor(step / targetUpdateInterval) - Math.floor(previousStep / targetUpdateInterval)
  let remains = 1
  if (index === 0) for (let i = 0; i < moves && remains > 0; i++) remains *= 1 - tau
  return { learningRate: parseSchedule(learningRate)(progress), copyTarget: 1 - remains }
}

// ------------------------------------------------------------------------------------------------- report

function report(metrics: Readonly<Record<string, Float32Array>>): Record<string, number> {
  const average = (name: string) => metrics[name]!.reduce((total, value) => total + value, 0) / metrics[name]!.length
  return {
    'train/loss': average('loss'),
    'train/q_mean': average('qMean'),
    'train/td_error': average('tdErrorMean'),
    'train/grad_norm': average('gradNorm'),
    ...(metrics['fau'] ? { 'train/fau': average('fau') } : {}),
  }
}

// ------------------------------------------------------------------------------------------------- definition

function check({ options }: { options: DqnOptions }): string[] {
  const { c51, vMin, vMax, replay, noisy } = options
  const conflict = (message: string, hint: string) => new RepriseError('RPR_OPTION_CONFLICT', message, { hint })
  if (c51 && vMin >= vMax) {
    throw conflict(`Option 'vMin' = ${vMin} is not below 'vMax' = ${vMax}.`, 'Span the returns that can occur.')
  }
  if (c51 && (replay === 'lap' || replay === 'pal')) {
    throw conflict(
      `Option 'replay' = '${replay}' is a loss of single values, and 'c51' learns distributions.`,
      "Use replay 'prioritized' or 'rank', or leave 'c51' out.",
    )
  }
  const warnings = checkReplay(options)
  const [initial, final] = epsilonEnds(options)
  if (noisy && Math.max(initial, final) > 0)
    warnings.push(`noisy weights and epsilon (from ${initial} to ${final}) both explore.`)
  return warnings
}

export const dqn = defineReplayAlgorithm({
  name: 'dqn',
  summary: 'Deep Q-learning from a replay; double, dueling, n-step, prioritised, noisy, C51: together Rainbow.',
  loop: 'replay',
  options: dqnOptions,
  check,
  build,
  collection: (options) => collectionOf(options),
  replay: (options) => replayConfigOf(options),
  stored: () => ['action'],
  exploration,
  schedule,
  report,
})
