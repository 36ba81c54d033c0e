/** One lowering per operation: an operation that is missing here does not compile. */

import type { OperationName } from '../../graph.ts'
import { lowerBinary } from './binary.ts'
import { lowerCast, lowerSelect } from './choose.ts'
import type { Lower, LowerContext, OperationOf } from './context.ts'
import { lowerConv2d } from './conv.ts'
import { lowerCumulative } from './cumulative.ts'
import { lowerMatmul } from './matmul.ts'
import {
  lowerBroadcast,
  lowerConcat,
  lowerPad,
  lowerReshape,
  lowerReverse,
  lowerSlice,
  lowerTranspose,
} from './moves.ts'
import { lowerArg, lowerReduce, lowerSoftmax } from './reduce.ts'
import { lowerGather, lowerOneHot, lowerScatterAdd } from './rows.ts'
import { lowerUnary } from './unary.ts'

/** input, state and constant become graph inputs and initialisers, not nodes. */
type Computed = Exclude<OperationName, 'input' | 'state' | 'constant'>

const TABLE: { readonly [Name in Computed]: Lower<Name> } = {
  unary: lowerUnary,
  binary: lowerBinary,
  select: lowerSelect,
  cast: lowerCast,
  reduce: lowerReduce,
  argmax: lowerArg,
  argmin: lowerArg,
  matmul: lowerMatmul,
  softmax: lowerSoftmax,
  logSoftmax: lowerSoftmax,
  reshape: lowerReshape,
  broadcast: lowerBroadcast,
  transpose: lowerTranspose,
  slice: lowerSlice,
  concat: lowerConcat,
  pad: lowerPad,
  reverse: lowerReverse,
  gather: lowerGather,
  scatterAdd: lowerScatterAdd,
  oneHot: lowerOneHot,
  cumsum: lowerCumulative,
  cumprod: lowerCumulative,
  conv2d: lowerConv2d,
}

/** Undefined where the operation has no lowering (a newer graph than this file). */
export function lowerNode(context: LowerContext): string | undefined {
  const { operation } = context.node
  const lower = (TABLE as Record<string, Lower<Computed> | undefined>)[operation.op]
  return lower?.(context, operation as OperationOf<Computed>)
}
