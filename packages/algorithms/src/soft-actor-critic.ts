/** What SAC and REDQ share, whatever the actions are: options, state, the steps after the gradients, schedules. */
import type { HostTree } from '@reprise/backend'
import { type OptionTable, type OptionValues, option, parseSchedule, RepriseError } from '@reprise/core'
import { type AdamState, adam, adamHostState, ema, selectTree, smallest, type TensorTree } from '@reprise/nn'
import { add, greater, mul, reshape, type Tensor } from '@tensorflow/tfjs-core'
import type { PolicySpaces, ReplayCollection, UpdateMoment } from './algorithm.ts'
import { checkReplay, collectionOf, type ReplayOptions } from './replay-options.ts'
import { hiddenLayers } from './shared-options.ts'
import {
  entropyCoefOption,
  isAutomatic,
  type TemperatureState,
  temperatureHostState,
  temperatureLoss,
  temperatureOf,
  temperatureStep,
} from './temperature.ts'

type Values = { gsde: boolean; entropyCoef: number | string; targetEntropy: number | null }
const withoutGsde = ({ gsde }: Values) => (gsde ? undefined : 'gsde is false')
const fixedTemperature = ({ entropyCoef }: Values) =>
  isAutomatic(entropyCoef) ? undefined : `entropyCoef is fixed at ${entropyCoef}`

/** What SAC and REDQ have in common. */
export const softOptions = {
  learningRate: option.schedule({
    default: 3e-4,
    min: 0,
    above: true,
    doc: 'Step size of Adam for policy, critics and temperature.',
    aliases: ['learning_rate', 'lr'],
  }),
  tau: option.number({
    default: 0.005,
    min: 0,
    above: true,
    max: 1,
    doc: 'Share of the critics that their slow copies take over at an update; 1 copies them.',
  }),
  targetUpdateInterval: option.integer({
    default: 1,
    min: 1,
    doc: 'Updates between two such moves of the slow copies.',
    aliases: ['target_update_interval'],
  }),
  entropyCoef: entropyCoefOption,
  targetEntropy: option.optionalNumber({
    default: null,
    doc: 'Entropy that an automatic temperature aims at. none: minus the dimension of the actions; for discrete ones targetEntropyRatio.',
    aliases: ['target_entropy'],
    inert: fixedTemperature,
  }),
  targetEntropyRatio: option.number({
    default: 0.89,
    min: 0,
    max: 1,
    doc: 'For discrete actions: the target as a share of the largest entropy, log of the number of legal actions.',
    inert: (values: Values) =>
      fixedTemperature(values) ?? (values.targetEntropy === null ? undefined : 'targetEntropy is set'),
  }),
  gsde: option.boolean({
    default: false,
    doc: 'State-dependent exploration: noise that is a function of the state, the same for several steps.',
    aliases: ['use_sde'],
  }),
  sdeSampleFreq: option.optionalInteger({
    default: null,
    min: 1,
    doc: 'Steps between draws of the noise of gsde. none: at every burst of updates.',
    aliases: ['sde_sample_freq', 'noiseEvery'],
    inert: withoutGsde,
  }),
  logStdInit: option.number({
    default: -3,
    doc: 'Initial log standard deviation of the weights of the noise of gsde.',
    aliases: ['log_std_init'],
    inert: withoutGsde,
  }),
  ...hiddenLayers([256, 256], 'relu', 'Widths of the hidden layers of the policy and of each critic.'),
} satisfies OptionTable

export type SoftOptions = ReplayOptions & OptionValues<typeof softOptions>

/** What tells SAC and REDQ apart. */
export interface SoftVariant {
  readonly name: string
  readonly critics: number
  /** Critics drawn anew for the target of each update, by the schedules `member0`, `member1`, ...; absent: all. */
  readonly subset?: number
  /** What the policy climbs: the smallest of the critics' values or their mean. */
  readonly policyValue: 'smallest' | 'mean'
  /** Whether the schedule `policyUpdate` (0 or 1) says at which updates policy and temperature move. */
  readonly delayed: boolean
}

/** The networks of the state, as a program sees them. logAlpha and alphaOptimizer only with an automatic temperature. */
export type SoftState = Partial<TemperatureState> & {
  readonly actor: Tensor
  readonly actorOptimizer: AdamState
  readonly critic: Tensor
  readonly criticOptimizer: AdamState
  /** The slow copies of the critics. */
  readonly target: Tensor
}

/** The initial state from the initial parameters. */
export function softHostState(actor: Float32Array, critic: Float32Array, entropyCoef: number | string): HostTree {
  const vector = (data: Float32Array) => ({ dtype: 'float32' as const, shape: [data.length], data })
  return {
    actor: vector(actor),
    ...adamHostState('actorOptimizer', actor.length),
    ...temperatureHostState(entropyCoef),
    critic: vector(critic),
    ...adamHostState('criticOptimizer', critic.length),
    target: vector(critic.slice()),
  }
}

/** Names of the scalars that `softSchedule` gives. */
export function softScheduleNames(
  { targetUpdateInterval }: SoftOptions,
  { subset = 0, delayed }: SoftVariant,
): string[] {
  return [
    'learningRate',
    ...(targetUpdateInterval === 1 ? [] : ['targetUpdate']),
    ...(delayed ? ['policyUpdate'] : []),
    ...Array.from({ length: subset }, (_, i) => `member${i}`),
  ]
}

/** The scalars that number the critics drawn for the target. */
export function membersOf({ subset = 0 }: SoftVariant, schedule: Readonly<Record<string, Tensor>>): Tensor[] {
  return Array.from({ length: subset }, (_, i) => schedule[`member${i}`]!)
}

export function policyValueOf(values: readonly Tensor[], { policyValue }: SoftVariant): Tensor {
  if (policyValue === 'smallest') return smallest(values)
  return mul(
    values.reduce((a, b) => add(a, b)),
    1 / values.length,
  )
}

/** What is the same for all action spaces: the steps of policy and temperature, the slow copies, the metrics. */
export function softStep(
  state: SoftState,
  {
    options,
    variant,
    schedule,
    critic,
    actorGradient,
    excess,
    metrics,
  }: {
    options: SoftOptions
    variant: SoftVariant
    schedule: Readonly<Record<string, Tensor>>
    critic: { params: Tensor; state: AdamState }
    actorGradient: Tensor
    /** [N] entropy minus its target. */
    excess: Tensor
    metrics: Readonly<Record<string, Tensor>>
  },
): { state: TensorTree; metrics: Record<string, Tensor> } {
  const { entropyCoef, tau, targetUpdateInterval } = options
  const learningRate = schedule['learningRate']!
  const actor = adam(state.actor, actorGradient, state.actorOptimizer, learningRate)
  const automatic = isAutomatic(entropyCoef)
  const tuned = state as TemperatureState
  let policy: TensorTree = {
    actor: actor.params,
    actorOptimizer: actor.state,
    ...(automatic ? temperatureStep(tuned, excess, learningRate) : {}),
  }
  if (variant.delayed) {
    const { actor, actorOptimizer, logAlpha, alphaOptimizer } = state
    const old = {
      actor,
      actorOptimizer,
      ...(automatic ? { logAlpha: logAlpha!, alphaOptimizer: alphaOptimizer! } : {}),
    }
    policy = selectTree(greater(schedule['policyUpdate']!, 0.5), policy, old)
  }
  let target = ema(state.target, critic.params, tau)
  if (targetUpdateInterval > 1) target = selectTree(greater(schedule['targetUpdate']!, 0.5), target, state.target)
  return {
    state: { ...(policy as object), critic: critic.params, criticOptimizer: critic.state, target },
    metrics: {
      ...metrics,
      ...(automatic
        ? {
            entropyCoef: reshape(temperatureOf(entropyCoef, state), []),
            entropyCoefLoss: temperatureLoss(tuned, excess),
          }
        : {}),
      ...(variant.delayed ? { policyUpdate: schedule['policyUpdate']! } : {}),
    },
  }
}

export function softSchedule(
  { options, progress, update }: UpdateMoment<SoftOptions>,
  more: Readonly<Record<string, number>> = {},
): Record<string, number> {
  const { targetUpdateInterval } = options
  return {
    learningRate: parseSchedule(options.learningRate)(progress),
    ...(targetUpdateInterval === 1 ? {} : { targetUpdate: (update + 1) % targetUpdateInterval === 0 ? 1 : 0 }),
    ...more,
  }
}

export function softCollection(options: SoftOptions): ReplayCollection {
  const { sdeSampleFreq } = options
  return { ...collectionOf(options), ...(sdeSampleFreq === null ? {} : { noiseEvery: sdeSampleFreq }) }
}

/** @throws RepriseError RPR_OPTION_CONFLICT for gsde without a hidden layer, and what `checkReplay` refuses */
export function softCheck({ options }: { options: SoftOptions }): string[] {
  if (options.gsde && options.hidden.length === 0) {
    throw new RepriseError('RPR_OPTION_CONFLICT', 'gsde true with hidden [] has no features to make noise from.', {
      value: options.hidden,
      hint: 'Give hidden at least one layer, or leave gsde out.',
    })
  }
  const warnings = checkReplay(options)
  if (options.gsde && (options.sdeSampleFreq ?? options.trainEvery) === 1) {
    warnings.push(
      'gsde draws its noise anew at every step: set sdeSampleFreq or trainEvery above 1 for noise that lasts.',
    )
  }
  return warnings
}

/** Options that only one kind of action space reads. */
export function softInert({ action }: PolicySpaces): Record<string, string> {
  if (action.kind === 'Box') return { targetEntropyRatio: `actions are ${action}: the target is minus their dimension` }
  const reason = `actions are ${action}, and only those of a Box are explored by noise`
  return { gsde: reason, sdeSampleFreq: reason, logStdInit: reason }
}
