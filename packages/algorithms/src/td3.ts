/**
 * Twin delayed deep deterministic policy gradient (Fujimoto et al. 2018), from top to bottom: options, program, schedule.
 * Order of operations and defaults follow Stable-Baselines3; LAP and PAL (Fujimoto et al. 2020) are choices of `replay`.
 * Page: docs/td3.md.
 */
import type { HostTree, LearnerProgram } from '@reprise/backend'
import { type OptionTable, type OptionValues, option, parseSchedule } from '@reprise/core'
import {
  type AdamState,
  adam,
  adamHostState,
  ema,
  initMlp,
  network,
  packHost,
  qEnsemble,
  selectTree,
  smallest,
  valueAndGradient,
} from '@reprise/nn'
import {
  add,
  clipByValue,
  concat,
  expandDims,
  greater,
  mean,
  mul,
  neg,
  sub,
  type Tensor,
  tanh,
} from '@tensorflow/tfjs-core'
import { reportActorCritic } from './actor-critic-report.ts'
import { type BuildContext, defineReplayAlgorithm } from './algorithm.ts'
import { boxActions, orUniform } from './box-actions.ts'
import { criticLoss, largestError } from './critic-loss.ts'
import { PER_ROW } from './policy-inputs.ts'
import { checkReplay, collectionOf, isWeighted, replayConfigOf, replayOptions } from './replay-options.ts'
import { hiddenLayers } from './shared-options.ts'

// ------------------------------------------------------------------------------------------------- options

export const td3Options = {
  ...replayOptions({ capacity: 1_000_000, batchSize: 256, learningStarts: 100, trainEvery: 1 }),
  learningRate: option.schedule({
    default: 1e-3,
    min: 0,
    above: true,
    doc: 'Step size of Adam for policy and critics.',
    aliases: ['learning_rate', 'lr'],
  }),
  tau: option.number({
    default: 0.005,
    min: 0,
    above: true,
    max: 1,
    doc: 'Share of the networks that their slow copies take over at an update of the policy.',
  }),
  policyDelay: option.integer({
    default: 2,
    min: 1,
    doc: 'Updates of the critics per update of the policy and of the slow copies.',
    aliases: ['policy_delay', 'policy_freq', 'policy_frequency'],
  }),
  explorationNoise: option.schedule({
    default: 0.1,
    min: 0,
    doc: 'Standard deviation of the noise added to actions in [-1, 1] while collecting.',
    aliases: ['exploration_noise', 'noise_std'],
  }),
  targetNoise: option.number({
    default: 0.2,
    min: 0,
    doc: "Standard deviation of the noise added to the targets' actions.",
    aliases: ['target_policy_noise', 'policy_noise'],
  }),
  targetNoiseClip: option.number({
    default: 0.5,
    min: 0,
    doc: 'That noise is clipped to this.',
    aliases: ['target_noise_clip', 'noise_clip'],
    inert: ({ targetNoise }: { targetNoise: number }) => (targetNoise === 0 ? 'targetNoise is 0' : undefined),
  }),
  ...hiddenLayers([256, 256], 'relu', 'Widths of the hidden layers of the policy and of each critic.'),
} satisfies OptionTable

export type Td3Options = OptionValues<typeof td3Options>

// ------------------------------------------------------------------------------------------------- program

/** What the state holds, as a program sees it. */
type Td3State = {
  readonly actor: Tensor
  readonly actorOptimizer: AdamState
  readonly actorTarget: Tensor
  readonly critic: Tensor
  readonly criticOptimizer: AdamState
  readonly criticTarget: Tensor
}

function hostState(actor: Float32Array, critic: Float32Array): HostTree {
  const vector = (data: Float32Array) => ({ dtype: 'float32' as const, shape: [data.length], data })
  return {
    actor: vector(actor),
    ...adamHostState('actorOptimizer', actor.length),
    actorTarget: vector(actor.slice()),
    critic: vector(critic),
    ...adamHostState('criticOptimizer', critic.length),
    criticTarget: vector(critic.slice()),
  }
}

function build({ spaces, options, rng }: BuildContext<Td3Options>): LearnerProgram {
  const { hidden, activation, tau, targetNoise, targetNoiseClip, policyDelay } = options
  const box = boxActions(spaces, 'td3')
  const actorSpec = { inputs: spaces.observationSize, hidden, outputs: box.size, activation }
  const actorNet = network('policy', actorSpec)
  const actor = (params: Tensor, observation: Tensor) => tanh(actorNet.apply(params, observation))
  const critics = qEnsemble(2, { inputs: spaces.observationSize + box.size, hidden, outputs: 1, activation })
  const pairs = (observations: Tensor, actions: Tensor) => concat([observations, actions], 1)

  const observation = { dtype: 'float32', shape: [spaces.observationSize] } as const
  const action = { dtype: 'float32', shape: [box.size] } as const
  const normal = { ...action, fill: 'normal' } as const
  return {
    state: hostState(
      packHost(initMlp('policy', actorSpec, { kind: 'torch' }, rng), actorNet.layout),
      critics.init(rng),
    ),
    usualRows: options.batchSize,
    inputs: {
      act: {
        observation,
        noise: normal,
        uniform: { ...action, fill: 'uniform' },
        random: PER_ROW,
        std: PER_ROW,
      },
      decide: { observation },
      batch: {
        observation,
        nextObservation: observation,
        policyAction: action,
        reward: PER_ROW,
        discount: PER_ROW,
        ...(isWeighted(options) ? { weight: PER_ROW } : {}),
      },
      noise: targetNoise === 0 ? {} : { targetNoise: normal },
      schedule: ['learningRate', ...(policyDelay === 1 ? [] : ['policyUpdate'])],
    },

    act(state, { observation, noise, uniform, random, std }) {
      const greedy = actor((state as Td3State).actor, observation!)
      const noisy = clipByValue(add(greedy, mul(noise!, expandDims(std!, 1))), -1, 1)
      const policyAction = orUniform(noisy, uniform!, random!)
      return { action: box.toEnvironment(policyAction), policyAction }
    },

    decide(state, { observation }) {
      return { action: box.toEnvironment(actor((state as Td3State).actor, observation!)) }
    },

    update(tree, batch, noise, schedule) {
      const state = tree as Td3State
      const learningRate = schedule['learningRate']!

      // Critics: towards the smaller value of the slow policy's action, smoothed by noise.
      let nextAction = actor(state.actorTarget, batch['nextObservation']!)
      if (targetNoise > 0) {
        const smoothing = clipByValue(mul(noise['targetNoise']!, targetNoise), -targetNoiseClip, targetNoiseClip)
        nextAction = clipByValue(add(nextAction, smoothing), -1, 1)
      }
      const nextValue = smallest(critics.apply(state.criticTarget, pairs(batch['nextObservation']!, nextAction)))
      const target = add(batch['reward']!, mul(batch['discount']!, nextValue))
      const seen = pairs(batch['observation']!, batch['policyAction']!)
      const critic = valueAndGradient(state.critic, (params) => {
        const values = critics.apply(params, seen)
        const errors = values.map((value) => sub(value, target))
        const tdError = largestError(errors)
        return { loss: criticLoss(errors, tdError, batch['weight'], options), aux: { tdError, value: values[0]! } }
      })
      const criticStep = adam(state.critic, critic.gradient, state.criticOptimizer, learningRate)

      // Policy: up the first critic. Between its updates it keeps its bits, and so do all slow copies.
      const policy = valueAndGradient(state.actor, (params) => {
        const chosen = pairs(batch['observation']!, actor(params, batch['observation']!))
        return { loss: neg(mean(critics.applyToRows(criticStep.params, chosen, 1)[0]!)), aux: {} }
      })
      const actorStep = adam(state.actor, policy.gradient, state.actorOptimizer, learningRate)
      const moved = {
        actor: actorStep.params,
        actorOptimizer: actorStep.state,
        actorTarget: ema(state.actorTarget, actorStep.params, tau),
        criticTarget: ema(state.criticTarget, criticStep.params, tau),
      }
      const { actor: a, actorOptimizer, actorTarget, criticTarget } = state
      const delayed =
        policyDelay === 1
          ? moved
          : selectTree(greater(schedule['policyUpdate']!, 0.5), moved, {
              actor: a,
              actorOptimizer,
              actorTarget,
              criticTarget,
            })
      return {
        state: {
          actor: delayed.actor,
          actorOptimizer: delayed.actorOptimizer,
          actorTarget: delayed.actorTarget,
          critic: criticStep.params,
          criticOptimizer: criticStep.state,
          criticTarget: delayed.criticTarget,
        },
        metrics: {
          criticLoss: critic.loss,
          actorLoss: policy.loss,
          qMean: mean(critic.aux.value),
          ...(policyDelay === 1 ? {} : { policyUpdate: schedule['policyUpdate']! }),
          ...(options.gradientStepsLater === null ? {} : { fau: critics.activeFraction(state.critic, seen) }),
        },
        rows: { tdError: critic.aux.tdError },
      }
    },
  }
}

// ------------------------------------------------------------------------------------------------- definition

export const td3 = defineReplayAlgorithm<typeof td3Options>({
  name: 'td3',
  summary: 'Twin delayed DDPG: off-policy, twin critics, a deterministic policy that moves every other update.',
  loop: 'replay',
  options: td3Options,
  check: ({ options }) => checkReplay(options),
  build,
  collection: collectionOf,
  replay: replayConfigOf,
  stored: () => ['policyAction'],
  exploration: ({ options, progress, warmup }) => ({
    random: warmup ? 1 : 0,
    std: parseSchedule(options.explorationNoise)(progress),
  }),
  schedule: ({ options, progress, update }) => ({
    learningRate: parseSchedule(options.learningRate)(progress),
    ...(options.policyDelay === 1 ? {} : { policyUpdate: (update + 1) % options.policyDelay === 0 ? 1 : 0 }),
  }),
  report: reportActorCritic,
})
