/** All passes, until nothing changes. */
import type { Graph } from '../graph.ts'
import { operationLabel, sameShape } from '../infer.ts'
import { aliases } from './aliases.ts'
import { broadcasts } from './broadcasts.ts'
import { commonSubexpressions } from './common-subexpressions.ts'
import { concats } from './concats.ts'
import { constantFolding } from './constant-folding.ts'
import { deadCode } from './dead-code.ts'
import { identities } from './identities.ts'
import { products } from './products.ts'
import type { Pass } from './rewrite.ts'
import { softmax } from './softmax.ts'

export const PASSES: Readonly<Record<string, Pass>> = {
  deadCode,
  aliases,
  broadcasts,
  constantFolding,
  identities,
  products,
  concats,
  commonSubexpressions,
  softmax,
}

/** Nested views unwrap one level a round; graphs that people write are done after two or three. */
const ROUNDS = 8

export function simplify(graph: Graph): Graph {
  let current = graph
  for (let round = 0; round < ROUNDS; round++) {
    const next = deadCode(Object.values(PASSES).reduce((g, pass) => pass(g), current))
    if (same(next, current)) return next
    current = next
  }
  return current
}

/**
 * Whether a round changed nothing that matters: the same operations on the same operands. Attributes change only together
 * with operands, so they need no look.
 */
function same(a: Graph, b: Graph): boolean {
  return (
    a.nodes.length === b.nodes.length &&
    a.nodes.every((node, i) => {
      const other = b.nodes[i]!
      return (
        operationLabel(node.operation) === operationLabel(other.operation) &&
        sameShape(node.inputs, other.inputs) &&
        sameShape(node.shape, other.shape)
      )
    })
  )
}
