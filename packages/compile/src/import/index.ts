/** Every kernel that compiles, by name. */
import type { NodeId } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { activation } from './activation.ts'
import { binary } from './binary.ts'
import { blocks } from './block.ts'
import { constants } from './constant.ts'
import { convolutions } from './convolution.ts'
import { type Importers, type KernelCall, unsupported } from './importer.ts'
import { indexing } from './indexing.ts'
import { matrices } from './matrix.ts'
import { pooling } from './pooling.ts'
import { reductions } from './reduction.ts'
import { shapes } from './shape.ts'
import { unary } from './unary.ts'

export const importers: Importers = {
  ...unary,
  ...activation,
  ...binary,
  ...reductions,
  ...matrices,
  ...shapes,
  ...indexing,
  ...constants,
  ...convolutions,
  ...pooling,
  ...blocks,
}

/** Appends the nodes of one kernel call. @throws RPR_COMPILE_UNSUPPORTED naming the kernel */
export function importKernel(g: GraphBuilder, call: KernelCall): readonly NodeId[] {
  const importer = importers[call.name] ?? unsupported(call, 'does not compile.')
  const result = importer(g, call)
  return typeof result === 'number' ? [result] : result
}
