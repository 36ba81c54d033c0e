/** Policy and value networks over lists of elements: self-attention, then a perceptron on what became of them. */
import { add, concat, matMul, reshape, slice, type Tensor, type Tensor2D, zeros } from '@tensorflow/tfjs-core'
import type { ActorCritic, ActorCriticOutput, ActorCriticSpec } from './actor-critic.ts'
import { type AttentionSpec, applyAttention, attentionShapes, initAttention, tokenCount } from './attention-encoder.ts'
import { orthogonal } from './init.ts'
import { layoutOf, type NamedTensors, packHost, unpackParams } from './layout.ts'
import { applyMlp, initMlp, linear, type MlpSpec, mlpShapes } from './mlp.ts'

export interface AttentionActorCriticSpec extends ActorCriticSpec, AttentionSpec {
  /**
   * Number of the list whose element i choice i points at; further choices point nowhere. The logit of such a choice is the
   * perceptron's plus one that is read off its element, in the same way for all. undefined: nothing points.
   */
  readonly pointAt: number | undefined
}

const POLICY_GAIN = 0.01
const VALUE_GAIN = 1
/** Numbers of each element that the perceptron is given. */
const GIVEN = 4

/** As `actorCritic`: `shared` has one trunk for both heads, `separate` two networks. */
export function attentionActorCritic(spec: AttentionActorCriticSpec): ActorCritic {
  const { head, hidden, activation, layerNorm = false, critic, lists, width, pointAt } = spec
  const tokens = tokenCount(spec)
  const inputs = tokens * GIVEN + width
  const trunk: MlpSpec = { inputs, hidden, outputs: 0, activation, layerNorm }
  const features = hidden.at(-1) ?? inputs
  const bodies = critic === 'separate' ? ['policy', 'value'] : [critic === 'shared' ? 'network' : 'policy']
  const heads: Record<string, number> = { policy: head.outputs, ...(critic === 'none' ? {} : { value: 1 }) }
  const gaussian = head.kind === 'gaussian'
  const shapes: Record<string, readonly number[]> = {}
  for (const body of bodies) {
    Object.assign(shapes, attentionShapes(`${body}/attention`, spec), mlpShapes(body, trunk))
    Object.assign(shapes, { [`${body}/given/weight`]: [width, GIVEN], [`${body}/given/bias`]: [GIVEN] })
  }
  for (const [name, outputs] of Object.entries(heads))
    Object.assign(shapes, { [`${name}/out/weight`]: [features, outputs], [`${name}/out/bias`]: [outputs] })
  if (pointAt !== undefined) shapes['policy/point/out/weight'] = [width, 1]
  const layout = layoutOf(gaussian ? { ...shapes, logStd: [head.outputs] } : shapes)

  /** [N, tokens, width] and the perceptron's last layer. */
  function read(params: NamedTensors, body: string, observation: Tensor) {
    const n = observation.shape[0]!
    const attended = applyAttention(params, `${body}/attention`, spec, observation)
    const given = linear(params, `${body}/given`, reshape(attended, [n * tokens, width]))
    const rest = reshape(slice(attended, [0, tokens - 1, 0], [n, 1, width]), [n, width])
    return { attended, out: applyMlp(params, body, trunk, concat([reshape(given, [n, tokens * GIVEN]), rest], 1)) }
  }

  /** [N, outputs] what the elements say for the choices that point at them. */
  function pointed(params: NamedTensors, list: number, attended: Tensor): Tensor {
    const n = attended.shape[0]!
    const { count } = lists[list]!
    const from = tokenCount({ lists: lists.slice(0, list) }) - 1
    const elements = reshape(slice(attended, [0, from, 0], [n, count, width]), [n * count, width])
    const weight = params['policy/point/out/weight']!
    const logits = reshape(matMul(elements, weight as Tensor2D), [n, count])
    return count === head.outputs ? logits : concat([logits, zeros([n, head.outputs - count])], 1)
  }

  function apply(vector: Tensor, observation: Tensor, mask: Tensor | undefined, withValue: boolean): ActorCriticOutput {
    const params = unpackParams(vector, layout)
    const own = read(params, bodies[0]!, observation)
    const plain = linear(params, 'policy/out', own.out)
    const outputs = pointAt === undefined ? plain : add(plain, pointed(params, pointAt, own.attended))
    const logStd = gaussian ? params['logStd'] : undefined
    let value: Tensor | undefined
    if (withValue && critic !== 'none')
      value = linear(params, 'value/out', critic === 'shared' ? own.out : read(params, 'value', observation).out)
    return {
      policy: head.distribution(outputs, logStd, mask),
      ...(value ? { value: reshape(value, [-1]) } : {}),
      ...(logStd ? { logStd } : {}),
    }
  }

  return {
    layout,
    memorySize: 0,
    init(rng) {
      const arrays: Record<string, Float32Array> = {}
      for (const body of bodies) {
        Object.assign(arrays, initAttention(`${body}/attention`, spec, rng))
        Object.assign(arrays, initMlp(body, trunk, { kind: 'orthogonal', outputGain: 1 }, rng))
        arrays[`${body}/given/weight`] = orthogonal(rng, width, GIVEN, 1)
        arrays[`${body}/given/bias`] = new Float32Array(GIVEN)
      }
      for (const [name, outputs] of Object.entries(heads)) {
        arrays[`${name}/out/weight`] = orthogonal(rng, features, outputs, name === 'value' ? VALUE_GAIN : POLICY_GAIN)
        arrays[`${name}/out/bias`] = new Float32Array(outputs)
      }
      if (pointAt !== undefined) arrays['policy/point/out/weight'] = orthogonal(rng, width, 1, POLICY_GAIN)
      if (gaussian) arrays['logStd'] = new Float32Array(head.outputs).fill(spec.logStdInit ?? 0)
      return packHost(arrays, layout)
    },
    apply: (params, observation, mask) => apply(params, observation, mask, true),
    applyPolicy: (params, observation, mask) => apply(params, observation, mask, false),
  }
}
