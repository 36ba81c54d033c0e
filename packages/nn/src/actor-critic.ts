/** Policy and value networks over one flat parameter vector. */
import type { Pcg64 } from '@reprise/core'
import { reshape, split, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core'
import type { ActionHead } from './action-head.ts'
import type { ActivationName } from './activation.ts'
import type { Distribution } from './heads/distribution.ts'
import { orthogonal } from './init.ts'
import { type Layout, layoutOf, packHost } from './layout.ts'
import { initMlp, type MlpSpec, mlpShapes } from './mlp.ts'
import { columns, network } from './network.ts'

export interface ActorCriticSpec {
  /** Encoded observation size. */
  readonly inputs: number
  readonly head: ActionHead
  readonly hidden: readonly number[]
  readonly activation: ActivationName
  readonly layerNorm?: boolean
  /** `none`: policy only. `shared`: one trunk with two heads. `separate`: two networks of the same size. */
  readonly critic: 'none' | 'shared' | 'separate'
  /** Initial log standard deviation of a Gaussian head. */
  readonly logStdInit?: number
}

export interface ActorCriticOutput {
  readonly policy: Distribution
  /** [N]; absent without a critic. */
  readonly value?: Tensor
  /** [A] for Gaussian heads. */
  readonly logStd?: Tensor
  /** [N, memorySize] the memory after each row; only with memory. */
  readonly memory?: Tensor
}

/** What a network with memory needs beside its rows, which are time-major: row t E + e is step t of sequence e. */
export interface Recurrence {
  /** [E, memorySize] before the first step: zeros where an episode begins. E = N: each row is one step. */
  readonly memory: Tensor
  /** [N, 1] 0 in rows with which an episode begins, 1 elsewhere; absent: only first steps begin episodes. */
  readonly keep?: Tensor
}

export interface ActorCritic {
  readonly layout: Layout
  /** Elements of memory per row; 0 for networks without. */
  readonly memorySize: number
  /** Orthogonal weights with gain sqrt 2 in hidden layers, 0.01 at the policy head and 1 at the value head; biases 0. */
  init(rng: Pcg64): Float32Array
  /** `observation` [N, inputs]; `mask` bool [N, head outputs]; `recurrence` where there is memory. */
  apply(params: Tensor, observation: Tensor, mask?: Tensor, recurrence?: Recurrence): ActorCriticOutput
  /** The policy alone: for a separate critic this leaves its network out. */
  applyPolicy(params: Tensor, observation: Tensor, mask?: Tensor, recurrence?: Recurrence): ActorCriticOutput
}

const POLICY_GAIN = 0.01
const VALUE_GAIN = 1

export function actorCritic(spec: ActorCriticSpec): ActorCritic {
  const { head, hidden, activation, layerNorm = false, critic } = spec
  const net = (outputs: number): MlpSpec => ({ inputs: spec.inputs, hidden, outputs, activation, layerNorm })
  const shared = critic === 'shared'
  const specs: Record<string, MlpSpec> = shared
    ? { network: net(head.outputs + 1) }
    : { policy: net(head.outputs), ...(critic === 'separate' ? { value: net(1) } : {}) }
  const [policyNet, valueNet] = Object.entries(specs).map(([prefix, net]) => network(prefix, net))
  const gaussian = head.kind === 'gaussian'
  const shapes = Object.assign({}, ...Object.entries(specs).map(([prefix, net]) => mlpShapes(prefix, net)))
  const layout = layoutOf(gaussian ? { ...shapes, logStd: [head.outputs] } : shapes)
  /** The vector of each network and of logStd, one after the other. */
  const sections = [
    policyNet!.layout.size,
    ...(valueNet ? [valueNet.layout.size] : []),
    ...(gaussian ? [head.outputs] : []),
  ]

  function apply(params: Tensor, observation: Tensor, mask: Tensor | undefined, withValue: boolean): ActorCriticOutput {
    const parts = sections.length === 1 ? [params] : split(params as Tensor1D, sections)
    const outputs = policyNet!.apply(parts[0]!, observation)
    const logStd = gaussian ? parts[parts.length - 1]! : undefined
    const forPolicy = shared ? columns(outputs, 0, head.outputs) : outputs
    let value: Tensor | undefined
    if (withValue && shared) value = columns(outputs, head.outputs, 1)
    else if (withValue && valueNet) value = valueNet.apply(parts[1]!, observation)
    return {
      policy: head.distribution(forPolicy, logStd, mask),
      ...(value ? { value: reshape(value, [-1]) } : {}),
      ...(logStd ? { logStd } : {}),
    }
  }

  return {
    layout,
    memorySize: 0,
    init(rng) {
      const arrays: Record<string, Float32Array> = {}
      for (const [prefix, net] of Object.entries(specs)) {
        const outputGain = prefix === 'value' ? VALUE_GAIN : POLICY_GAIN
        Object.assign(arrays, initMlp(prefix, net, { kind: 'orthogonal', outputGain }, rng))
      }
      if (shared) {
        // Both heads are one matrix: policy columns first, the value last.
        const features = hidden.length > 0 ? hidden[hidden.length - 1]! : spec.inputs
        const policy = orthogonal(rng, features, head.outputs, POLICY_GAIN)
        const value = orthogonal(rng, features, 1, VALUE_GAIN)
        arrays['network/out/weight'] = joinColumns(policy, head.outputs, value, 1)
      }
      if (gaussian) arrays['logStd'] = new Float32Array(head.outputs).fill(spec.logStdInit ?? 0)
      return packHost(arrays, layout)
    },
    apply: (params, observation, mask) => apply(params, observation, mask, true),
    applyPolicy: (params, observation, mask) => apply(params, observation, mask, false),
  }
}

function joinColumns(a: Float32Array, aColumns: number, b: Float32Array, bColumns: number): Float32Array {
  const columns = aColumns + bColumns
  const rows = a.length / aColumns
  const out = new Float32Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    out.set(a.subarray(row * aColumns, (row + 1) * aColumns), row * columns)
    out.set(b.subarray(row * bColumns, (row + 1) * bColumns), row * columns + aColumns)
  }
  return out
}
