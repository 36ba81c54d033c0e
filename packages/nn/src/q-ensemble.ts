/** Several action values side by side: twin critics and larger ensembles, in one flat vector, member after member. */
import type { Pcg64 } from '@reprise/core'
import { cast, gather, minimum, reshape, split, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core'
import { activeFraction } from './active-fraction.ts'
import { type Layout, layoutOf, packHost } from './layout.ts'
import { initMlp, type MlpSpec, mlpShapes } from './mlp.ts'
import { type Network, network } from './network.ts'

export interface QEnsemble {
  /** `0/0/weight`, `0/0/bias`, ..., `1/0/weight`: member, layer, kind. */
  readonly layout: Layout
  /** PyTorch's Linear initialisation, each member its own draw. */
  init(rng: Pcg64): Float32Array
  /** [P], [N, inputs] -> per member [N] where it has one output, else [N, outputs]. Differentiable by the parameters. */
  apply(params: Tensor, rows: Tensor): Tensor[]
  /** The same values, differentiable by the rows and not by the parameters; of the first `some` members alone if given. */
  applyToRows(params: Tensor, rows: Tensor, some?: number): Tensor[]
  /** Only the members whose numbers the scalars hold, which may change from call to call. Without a gradient. */
  applySome(params: Tensor, members: readonly Tensor[], rows: Tensor): Tensor[]
  /** Fraction of active units over the hidden layers of all members, a scalar. */
  activeFraction(params: Tensor, rows: Tensor): Tensor
}

export function qEnsemble(count: number, spec: MlpSpec): QEnsemble {
  const members: Network[] = Array.from({ length: count }, (_, i) => network(`${i}`, spec))
  const layout = layoutOf(Object.assign({}, ...members.map((_, i) => mlpShapes(`${i}`, spec))))
  const size = layout.size / count
  const shaped = (values: Tensor) => (spec.outputs === 1 ? reshape(values, [-1]) : values)
  const each = (params: Tensor, apply: (member: Network, part: Tensor) => Tensor[], some = count) => {
    const parts = count === 1 ? [params] : split(params as Tensor1D, count)
    return members.slice(0, some).flatMap((member, i) => apply(member, parts[i]!))
  }
  return {
    layout,
    init(rng) {
      return packHost(
        Object.assign({}, ...members.map((_, i) => initMlp(`${i}`, spec, { kind: 'torch' }, rng))),
        layout,
      )
    },
    apply: (params, rows) => each(params, (member, part) => [shaped(member.apply(part, rows))]),
    applyToRows: (params, rows, some) => each(params, (member, part) => [shaped(member.applyToRows(part, rows))], some),
    applySome(params, chosen, rows) {
      const matrix = reshape(params, [count, size])
      return chosen.map((index) => {
        const part = reshape(gather(matrix, cast(reshape(index, [1]), 'int32')), [size])
        return shaped(members[0]!.apply(part, rows))
      })
    },
    activeFraction: (params, rows) => activeFraction(each(params, (member, part) => member.hidden(part, rows))),
  }
}

/** The smallest of several values, element by element. */
export function smallest(values: readonly Tensor[]): Tensor {
  return values.reduce((a, b) => minimum(a, b))
}
