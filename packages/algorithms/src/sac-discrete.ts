/**
 * Soft actor-critic for a Discrete space (Christodoulou 2019): a categorical policy, critics with one value per action, and
 * expectations over the policy in place of samples. Action masks count everywhere. Options and the rest: soft-actor-critic.ts.
 */
import type { LearnerProgram } from '@reprise/backend'
import { RepriseError } from '@reprise/core'
import { adam, initMlp, logSoftmax, network, packHost, pick, qEnsemble, smallest, valueAndGradient } from '@reprise/nn'
import { add, cast, exp, expandDims, log, mean, mul, neg, sub, sum, type Tensor } from '@tensorflow/tfjs-core'
import type { BuildContext } from './algorithm.ts'
import { criticLoss, largestError } from './critic-loss.ts'
import { PER_ROW, policyInputs } from './policy-inputs.ts'
import { isWeighted } from './replay-options.ts'
import {
  membersOf,
  policyValueOf,
  type SoftOptions,
  type SoftState,
  type SoftVariant,
  softHostState,
  softScheduleNames,
  softStep,
} from './soft-actor-critic.ts'
import { temperatureOf } from './temperature.ts'

/** What illegal actions get added to their logit, as in the categorical head: their probability is exactly 0. */
const ILLEGAL = 1e9

/** @throws RepriseError RPR_ALGO_UNSUPPORTED for spaces of several choices */
export function discreteSacProgram(
  { spaces, options, rng }: BuildContext<SoftOptions>,
  variant: SoftVariant,
): LearnerProgram {
  const { hidden, activation, entropyCoef } = options
  const { head, state: stateInputs } = policyInputs(spaces)
  if (head.sizes.length !== 1 || head.action.shape.length > 0) {
    throw new RepriseError('RPR_ALGO_UNSUPPORTED', `${variant.name} cannot act in ${spaces.action}.`, {
      value: String(spaces.action),
      hint: 'It takes a Box of floats or one Discrete choice; PPO takes several choices.',
    })
  }
  const count = head.outputs
  const spec = { inputs: spaces.observationSize, hidden, outputs: count, activation }
  const actor = network('policy', spec)
  const critics = qEnsemble(variant.critics, spec)
  const { observation, mask } = stateInputs

  const logitsOf = (params: Tensor, observations: Tensor, legal: Tensor | undefined) => {
    const logits = actor.apply(params, observations)
    return legal ? add(logits, mul(sub(cast(legal, 'float32'), 1), ILLEGAL)) : logits
  }
  /** [N] the expectation over the policy. */
  const expected = (probs: Tensor, values: Tensor) => sum(mul(probs, values), 1)
  const targetEntropyOf = (legal: Tensor | undefined): Tensor | number => {
    if (options.targetEntropy !== null) return options.targetEntropy
    const ratio = options.targetEntropyRatio
    return legal ? mul(log(sum(cast(legal, 'float32'), 1)), ratio) : ratio * Math.log(count)
  }

  return {
    state: softHostState(
      packHost(initMlp('policy', spec, { kind: 'torch' }, rng), actor.layout),
      critics.init(rng),
      entropyCoef,
    ),
    usualRows: options.batchSize,
    inputs: {
      act: { ...stateInputs, noise: head.noise, random: PER_ROW },
      decide: stateInputs,
      batch: {
        ...stateInputs,
        nextObservation: observation!,
        ...(mask ? { nextMask: mask } : {}),
        policyAction: head.action,
        reward: PER_ROW,
        discount: PER_ROW,
        ...(isWeighted(options) ? { weight: PER_ROW } : {}),
      },
      noise: {},
      schedule: softScheduleNames(options, variant),
    },

    act(state, { observation, mask, noise, random }) {
      // Equal logits where the step is a random one: every legal action is then as likely.
      const logits = mul(actor.apply((state as SoftState).actor, observation!), expandDims(sub(1, random!), 1))
      const action = head.distribution(logits, undefined, mask).sample(noise!)
      return { action, policyAction: action }
    },

    decide(state, { observation, mask }) {
      const logits = actor.apply((state as SoftState).actor, observation!)
      return { action: head.distribution(logits, undefined, mask).mode() }
    },

    update(tree, batch, _, schedule) {
      const state = tree as SoftState
      const alpha = temperatureOf(entropyCoef, state)

      const nextLogProbs = logSoftmax(logitsOf(state.actor, batch['nextObservation']!, batch['nextMask']))
      const nextValues = smallest(
        variant.subset === undefined
          ? critics.apply(state.target, batch['nextObservation']!)
          : critics.applySome(state.target, membersOf(variant, schedule), batch['nextObservation']!),
      )
      const nextValue = expected(exp(nextLogProbs), sub(nextValues, mul(alpha, nextLogProbs)))
      const target = add(batch['reward']!, mul(batch['discount']!, nextValue))
      const critic = valueAndGradient(state.critic, (params) => {
        const values = critics
          .apply(params, batch['observation']!)
          .map((values) => pick(values, batch['policyAction']!))
        const errors = values.map((value) => sub(value, target))
        const tdError = largestError(errors)
        return { loss: criticLoss(errors, tdError, batch['weight'], options), aux: { tdError, value: values[0]! } }
      })
      const criticStep = adam(state.critic, critic.gradient, state.criticOptimizer, schedule['learningRate']!)

      const values = policyValueOf(critics.apply(criticStep.params, batch['observation']!), variant)
      const policy = valueAndGradient(state.actor, (params) => {
        const logProbs = logSoftmax(logitsOf(params, batch['observation']!, batch['mask']))
        const loss = mean(expected(exp(logProbs), sub(mul(alpha, logProbs), values)))
        return { loss, aux: { logProbs } }
      })
      const { logProbs } = policy.aux
      const entropy = neg(expected(exp(logProbs), logProbs))

      return {
        ...softStep(state, {
          options,
          variant,
          schedule,
          critic: criticStep,
          actorGradient: policy.gradient,
          excess: sub(entropy, targetEntropyOf(batch['mask'])),
          metrics: {
            criticLoss: critic.loss,
            actorLoss: policy.loss,
            entropy: mean(entropy),
            qMean: mean(critic.aux.value),
            ...(options.gradientStepsLater === null
              ? {}
              : { fau: critics.activeFraction(state.critic, batch['observation']!) }),
          },
        }),
        rows: { tdError: critic.aux.tdError },
      }
    },
  }
}
