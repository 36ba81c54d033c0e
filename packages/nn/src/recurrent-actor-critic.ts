/** Policy and value networks with memory: hidden layers, a GRU, and linear heads on its state. */
import { concat, reshape, split, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core'
import type { ActorCritic, ActorCriticOutput, ActorCriticSpec, Recurrence } from './actor-critic.ts'
import { applyGru, gruShapes, initGru } from './gru.ts'
import { orthogonal } from './init.ts'
import { layoutOf, type NamedTensors, packHost, unpackParams } from './layout.ts'
import { applyMlp, initMlp, linear, type MlpSpec, mlpShapes } from './mlp.ts'

export interface RecurrentSpec extends ActorCriticSpec {
  /** Elements of the state of each GRU. */
  readonly memorySize: number
}

const POLICY_GAIN = 0.01
const VALUE_GAIN = 1

/**
 * As `actorCritic`, with memory: `shared` has one GRU for both heads, `separate` two networks with one each, whose states lie
 * one after the other in `memory`. Rows are time-major: those of E sequences of T steps each are [T E], E from `memory`.
 */
export function recurrentActorCritic(spec: RecurrentSpec): ActorCritic {
  const { head, hidden, activation, layerNorm = false, critic, memorySize: size } = spec
  const trunk: MlpSpec = { inputs: spec.inputs, hidden, outputs: 0, activation, layerNorm }
  const features = hidden.at(-1) ?? spec.inputs
  const bodies = critic === 'separate' ? ['policy', 'value'] : [critic === 'shared' ? 'network' : 'policy']
  const heads: Record<string, number> = { policy: head.outputs, ...(critic === 'none' ? {} : { value: 1 }) }
  const gaussian = head.kind === 'gaussian'
  const shapes: Record<string, readonly number[]> = {}
  for (const body of bodies) Object.assign(shapes, mlpShapes(body, trunk), gruShapes(`${body}/gru`, features, size))
  for (const [name, outputs] of Object.entries(heads))
    Object.assign(shapes, { [`${name}/out/weight`]: [size, outputs], [`${name}/out/bias`]: [outputs] })
  const layout = layoutOf(gaussian ? { ...shapes, logStd: [head.outputs] } : shapes)
  const memorySize = size * bodies.length

  function states(params: NamedTensors, body: string, observation: Tensor, memory: Tensor, keep?: Tensor): Tensor {
    return applyGru(params, `${body}/gru`, applyMlp(params, body, trunk, observation), memory, keep)
  }

  function apply(
    vector: Tensor,
    observation: Tensor,
    mask: Tensor | undefined,
    { memory, keep }: Recurrence,
    withValue: boolean,
  ): ActorCriticOutput {
    const params = unpackParams(vector, layout)
    const own = bodies.length === 1 ? [memory] : split(memory as Tensor2D, bodies.length, 1)
    const policyState = states(params, bodies[0]!, observation, own[0]!, keep)
    // The memory of a critic that is not asked for stays as it is: nobody reads it.
    const valueState =
      bodies.length === 1 ? policyState : withValue ? states(params, 'value', observation, own[1]!, keep) : undefined
    const logStd = gaussian ? params['logStd'] : undefined
    return {
      policy: head.distribution(linear(params, 'policy/out', policyState), logStd, mask),
      memory: bodies.length === 1 ? policyState : concat([policyState, valueState ?? own[1]!], 1),
      ...(withValue && heads['value'] ? { value: reshape(linear(params, 'value/out', valueState!), [-1]) } : {}),
      ...(logStd ? { logStd } : {}),
    }
  }

  return {
    layout,
    memorySize,
    init(rng) {
      const arrays: Record<string, Float32Array> = {}
      for (const body of bodies) {
        Object.assign(arrays, initMlp(body, trunk, { kind: 'orthogonal', outputGain: 1 }, rng))
        Object.assign(arrays, initGru(`${body}/gru`, features, size, rng))
      }
      for (const [name, outputs] of Object.entries(heads)) {
        arrays[`${name}/out/weight`] = orthogonal(rng, size, outputs, name === 'value' ? VALUE_GAIN : POLICY_GAIN)
        arrays[`${name}/out/bias`] = new Float32Array(outputs)
      }
      if (gaussian) arrays['logStd'] = new Float32Array(head.outputs).fill(spec.logStdInit ?? 0)
      return packHost(arrays, layout)
    },
    apply: (params, observation, mask, recurrence) => apply(params, observation, mask, recurrence!, true),
    applyPolicy: (params, observation, mask, recurrence) => apply(params, observation, mask, recurrence!, false),
  }
}
