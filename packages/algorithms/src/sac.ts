/**
 * Soft actor-critic (Haarnoja et al. 2018): options, networks and update for continuous actions. Order of operations and
 * defaults follow Stable-Baselines3. Page: docs/sac.md. Discrete actions: sac-discrete.ts. What REDQ shares:
 * soft-actor-critic.ts.
 */
import type { LearnerProgram } from '@reprise/backend'
import type { OptionTable } from '@reprise/core'
import { adam, gsdeActor, qEnsemble, smallest, squashedActor, valueAndGradient } from '@reprise/nn'
import { add, concat, mean, mul, neg, sub, type Tensor } from '@tensorflow/tfjs-core'
import { reportActorCritic } from './actor-critic-report.ts'
import { type BuildContext, defineReplayAlgorithm } from './algorithm.ts'
import { boxActions, orUniform } from './box-actions.ts'
import { criticLoss, largestError } from './critic-loss.ts'
import { PER_ROW } from './policy-inputs.ts'
import { isWeighted, replayConfigOf, replayOptions } from './replay-options.ts'
import { discreteSacProgram } from './sac-discrete.ts'
import {
  membersOf,
  policyValueOf,
  type SoftOptions,
  type SoftState,
  type SoftVariant,
  softCheck,
  softCollection,
  softHostState,
  softInert,
  softOptions,
  softSchedule,
  softScheduleNames,
  softStep,
} from './soft-actor-critic.ts'
import { temperatureOf } from './temperature.ts'

// ------------------------------------------------------------------------------------------------- options

export const sacOptions = {
  ...replayOptions({ capacity: 1_000_000, batchSize: 256, learningStarts: 100, trainEvery: 1 }),
  ...softOptions,
} satisfies OptionTable

export type SacOptions = SoftOptions

const SAC: SoftVariant = { name: 'sac', critics: 2, policyValue: 'smallest', delayed: false }

// ------------------------------------------------------------------------------------------------- program

/** For continuous actions or, where the space is discrete, for those. @throws RepriseError RPR_ALGO_UNSUPPORTED */
export function softProgram(context: BuildContext<SoftOptions>, variant: SoftVariant): LearnerProgram {
  return context.spaces.action.kind === 'Box'
    ? continuousProgram(context, variant)
    : discreteSacProgram(context, variant)
}

function continuousProgram({ spaces, options, rng }: BuildContext<SoftOptions>, variant: SoftVariant): LearnerProgram {
  const { hidden, activation, entropyCoef, gsde, logStdInit } = options
  const box = boxActions(spaces, variant.name)
  const actorSpec = { inputs: spaces.observationSize, actions: box.size, hidden, activation }
  const actor = gsde ? gsdeActor({ ...actorSpec, logStdInit }) : squashedActor(actorSpec)
  const inputs = spaces.observationSize + box.size
  const critics = qEnsemble(variant.critics, { inputs, hidden, outputs: 1, activation })
  const targetEntropy = options.targetEntropy ?? -box.size

  const observation = { dtype: 'float32', shape: [spaces.observationSize] } as const
  const action = { dtype: 'float32', shape: [box.size] } as const
  const normal = { ...action, fill: 'normal' } as const
  const pairs = (observations: Tensor, actions: Tensor) => concat([observations, actions], 1)

  return {
    state: softHostState(actor.init(rng), critics.init(rng), entropyCoef),
    usualRows: options.batchSize,
    inputs: {
      act: {
        observation,
        noise: { dtype: 'float32', shape: actor.noiseShape, fill: 'normal', ...(gsde ? { hold: true } : {}) },
        uniform: { ...action, fill: 'uniform' },
        random: PER_ROW,
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
      noise: { noise: normal, nextNoise: normal },
      schedule: softScheduleNames(options, variant),
    },

    act(state, { observation, noise, uniform, random }) {
      const explored = actor.explore((state as SoftState).actor, observation!, noise!)
      const policyAction = orUniform(explored, uniform!, random!)
      return { action: box.toEnvironment(policyAction), policyAction }
    },

    decide(state, { observation }) {
      return { action: box.toEnvironment(actor.apply((state as SoftState).actor, observation!).mode()) }
    },

    update(tree, batch, { noise, nextNoise }, schedule) {
      const state = tree as SoftState
      const alpha = temperatureOf(entropyCoef, state)

      // Critics: towards the reward, the value of the next state's action, and its entropy.
      const next = actor.apply(state.actor, batch['nextObservation']!).sample(nextNoise!)
      const nextPairs = pairs(batch['nextObservation']!, next.action)
      const nextValue = sub(smallest(targetValues(state.target, nextPairs, schedule)), mul(alpha, next.logProb))
      const target = add(batch['reward']!, mul(batch['discount']!, nextValue))
      const seen = pairs(batch['observation']!, batch['policyAction']!)
      const critic = valueAndGradient(state.critic, (params) => {
        const values = critics.apply(params, seen)
        const errors = values.map((value) => sub(value, target))
        const tdError = largestError(errors)
        return { loss: criticLoss(errors, tdError, batch['weight'], options), aux: { tdError, value: values[0]! } }
      })
      const criticStep = adam(state.critic, critic.gradient, state.criticOptimizer, schedule['learningRate']!)

      // Policy: up the critics just updated, at actions of its own.
      const policy = valueAndGradient(state.actor, (params) => {
        const { action, logProb } = actor.apply(params, batch['observation']!).sample(noise!)
        const values = critics.applyToRows(criticStep.params, pairs(batch['observation']!, action))
        return { loss: mean(sub(mul(alpha, logProb), policyValueOf(values, variant))), aux: { logProb } }
      })
      const entropy = neg(policy.aux.logProb)

      return {
        ...softStep(state, {
          options,
          variant,
          schedule,
          critic: criticStep,
          actorGradient: policy.gradient,
          excess: sub(entropy, targetEntropy),
          metrics: {
            criticLoss: critic.loss,
            actorLoss: policy.loss,
            entropy: mean(entropy),
            qMean: mean(critic.aux.value),
            ...(options.gradientStepsLater === null ? {} : { fau: critics.activeFraction(state.critic, seen) }),
          },
        }),
        rows: { tdError: critic.aux.tdError },
      }
    },
  }

  /** The values of the target critics, of all or of those drawn for this update. */
  function targetValues(params: Tensor, rows: Tensor, schedule: Readonly<Record<string, Tensor>>): Tensor[] {
    return variant.subset === undefined
      ? critics.apply(params, rows)
      : critics.applySome(params, membersOf(variant, schedule), rows)
  }
}

// ------------------------------------------------------------------------------------------------- definition

export const sac = defineReplayAlgorithm<typeof sacOptions>({
  name: 'sac',
  summary: 'Soft actor-critic: off-policy, twin critics, a policy that is rewarded for its entropy.',
  loop: 'replay',
  options: sacOptions,
  check: softCheck,
  inert: softInert,
  build: (context) => softProgram(context, SAC),
  collection: softCollection,
  replay: replayConfigOf,
  stored: () => ['policyAction'],
  exploration: ({ warmup }) => ({ random: warmup ? 1 : 0 }),
  schedule: (moment) => softSchedule(moment),
  report: reportActorCritic,
})
