/** Matrix products, plain, fused with bias and activation, and by einsum. */
import { backend_util } from '@tensorflow/tfjs-core'
import type { NodeId, Shape } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { activate } from './activation.ts'
import { attribute, type Importers, type KernelCall, listInputs, unsupported } from './importer.ts'

function product(g: GraphBuilder, call: KernelCall): NodeId {
  const a = call.inputs['a']!
  const b = call.inputs['b']!
  const transposeA = attribute(call, 'transposeA', false)
  const transposeB = attribute(call, 'transposeB', false)
  const result = g.matmul(g.cast(matrix(g, a), 'float32'), g.cast(matrix(g, b), 'float32'), { transposeA, transposeB })
  const lead = backend_util.assertAndGetBroadcastShape(g.shape(a).slice(0, -2), g.shape(b).slice(0, -2))
  // The result has the first operand's type.
  return g.cast(g.reshape(result, [...lead, ...g.shape(result).slice(-2)]), g.dtype(a))
}

/** Leading ones go: a plain product is cheaper than a batch of one. */
function matrix(g: GraphBuilder, x: NodeId): NodeId {
  const shape = g.shape(x)
  return shape.slice(0, -2).every((d) => d === 1) ? g.reshape(x, shape.slice(-2)) : x
}

export const matrices: Importers = {
  BatchMatMul: product,
  _FusedMatMul: (g, call) => {
    const result = product(g, call)
    const bias = call.inputs['bias']
    return activate(g, call, bias === undefined ? result : g.binary('add', result, bias))
  },
  Einsum: (g, call) => {
    const operands = listInputs(call).map((x) => g.cast(x, 'float32'))
    const [left, output] = attribute<string>(call, 'equation').replace(/\s/g, '').split('->') as [string, string?]
    const terms = left.split(',')
    if (output === undefined || /[^a-zA-Z,]/.test(left)) unsupported(call, 'needs letters and an arrow.')
    if (terms.some((term) => new Set(term).size !== term.length)) unsupported(call, 'takes no diagonals.')
    const sizes = new Map<string, number>()
    terms.forEach((term, i) => {
      for (const [axis, letter] of [...term].entries()) sizes.set(letter, g.shape(operands[i]!)[axis]!)
    })
    let [value, letters] = [operands[0]!, terms[0]!]
    for (let i = 1; i < operands.length; i++) {
      const later = terms.slice(i + 1).join('') + output
      ;[value, letters] = contract(g, [value, letters], [operands[i]!, terms[i]!], later, sizes)
    }
    const summed = [...letters].flatMap((letter, axis) => (output!.includes(letter) ? [] : [axis]))
    if (summed.length > 0) value = g.reduce('sum', value, summed)
    const kept = [...letters].filter((letter) => output!.includes(letter))
    return g.transpose(
      value,
      [...output!].map((letter) => kept.indexOf(letter)),
    )
  },
}

/** Two factors of an einsum as one batched product: shared and kept letters lead, shared and dropped ones contract. */
function contract(
  g: GraphBuilder,
  [a, lettersA]: readonly [NodeId, string],
  [b, lettersB]: readonly [NodeId, string],
  later: string,
  sizes: ReadonlyMap<string, number>,
): [NodeId, string] {
  const split = (letters: string, other: string) => ({
    batch: [...letters].filter((l) => other.includes(l) && later.includes(l)),
    inner: [...letters].filter((l) => other.includes(l) && !later.includes(l)),
    free: [...letters].filter((l) => !other.includes(l)),
  })
  const { batch, inner, free: rows } = split(lettersA, lettersB)
  const columns = split(lettersB, lettersA).free
  const dims = (letters: readonly string[]): Shape => letters.map((l) => sizes.get(l)!)
  const arrange = (x: NodeId, from: string, groups: readonly (readonly string[])[]): NodeId => {
    const order = groups.flat()
    const turned = g.transpose(
      x,
      order.map((l) => from.indexOf(l)),
    )
    return g.reshape(turned, [...dims(batch), ...groups.slice(1).map((group) => sizeOf(dims(group)))])
  }
  const left = arrange(a, lettersA, [batch, rows, inner])
  const right = arrange(b, lettersB, [batch, inner, columns])
  const letters = [...batch, ...rows, ...columns]
  return [g.reshape(g.matmul(left, right), dims(letters)), letters.join('')]
}
