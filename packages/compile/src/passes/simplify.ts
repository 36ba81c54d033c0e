/** All passes in turn, until none changes anything. */
import type { Graph } from '../graph.ts'
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
  const passes = Object.values(PASSES)
  let current = graph
  // Done once every pass, one after the other, found nothing to do.
  for (let turn = 0, idle = 0; turn < ROUNDS * passes.length && idle < passes.length; turn++) {
    const next = passes[turn % passes.length]!(current)
    idle = next === current ? idle + 1 : 0
    current = next
  }
  return deadCode(current)
}
