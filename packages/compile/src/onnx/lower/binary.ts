/** Two operands of one type that broadcast. ONNX broadcasts by the same rule. */
import type { BinaryOp, Dtype } from '../../graph.ts'
import type { ModelBuilder } from '../builder.ts'
import { constantData, type Lower, type LowerContext } from './context.ts'
import { flooredMod, integerDivision, integerFloorDivision, integerMod, integerPow } from './integer.ts'

type Build = (b: ModelBuilder, x: string, y: string, dtype: Dtype, context: LowerContext) => string

const two =
  (op: string): Build =>
  (b, x, y) =>
    b.op(op, [x, y])

const TABLE: Readonly<Record<BinaryOp, Build>> = {
  add: two('Add'),
  sub: two('Sub'),
  mul: two('Mul'),
  div: (b, x, y, dtype) => (dtype === 'int32' ? integerDivision(b, x, y) : b.op('Div', [x, y])),
  floorDiv: (b, x, y, dtype) => (dtype === 'int32' ? integerFloorDivision(b, x, y) : floorDiv(b, x, y)),
  mod: (b, x, y, dtype) => (dtype === 'int32' ? integerMod(b, x, y) : mod(b, x, y)),
  pow: (b, x, y, dtype, context) => (dtype === 'int32' ? integerPow(b, x, y) : pow(b, x, y, context)),
  max: two('Max'),
  min: two('Min'),
  atan2: (b, y, x) => atan2(b, y, x),
  equal: two('Equal'),
  notEqual: (b, x, y) => b.op('Not', [b.op('Equal', [x, y])]),
  less: ordered('Less'),
  lessEqual: ordered('LessOrEqual'),
  greater: ordered('Greater'),
  greaterEqual: ordered('GreaterOrEqual'),
  and: two('And'),
  or: two('Or'),
}

export const lowerBinary: Lower<'binary'> = (context, { fn }) =>
  TABLE[fn](context.builder, context.names[0]!, context.names[1]!, context.operands[0]!.dtype, context)

/** ONNX orders numbers only. */
function ordered(op: string): Build {
  return (b, x, y, dtype) => b.op(op, dtype === 'bool' ? [b.cast(x, 'int32'), b.cast(y, 'int32')] : [x, y])
}

/** TensorFlow.js divides in double precision before it floors: 1 / 0.1 is 9 there, but 10 in float32. */
function floorDiv(b: ModelBuilder, x: string, y: string): string {
  return b.cast(b.op('Floor', [b.op('Div', [b.cast(x, 'float64'), b.cast(y, 'float64')])]), 'float32')
}

function mod(b: ModelBuilder, x: string, y: string): string {
  return b.cast(flooredMod(b, b.cast(x, 'float64'), b.cast(y, 'float64')), 'float32')
}

/** C's pow gives 1 for 1^NaN and (+-1)^(+-Infinity); JavaScript gives NaN. */
function pow(b: ModelBuilder, x: string, y: string, context: LowerContext): string {
  const power = b.op('Pow', [x, y])
  const exponent = constantData(context.graph, context.operands[1]!)
  if (exponent?.every(Number.isFinite)) return power
  const notFinite = b.op('Not', [b.op('Less', [b.op('Abs', [y]), b.scalar('float32', Number.POSITIVE_INFINITY)])])
  const unit = b.op('Equal', [b.op('Abs', [x]), b.scalar('float32', 1)])
  return b.op('Where', [b.op('And', [notFinite, unit]), b.scalar('float32', Number.NaN), power])
}

/** The angle of |y| / |x| in the first quadrant, then reflected by the signs; signed zeros and infinities as in C. */
function atan2(b: ModelBuilder, y: string, x: string): string {
  const zero = b.scalar('float32', 0)
  const negative = (v: string) => b.op('Or', [b.op('Less', [v, zero]), b.op('Less', [b.op('Reciprocal', [v]), zero])])
  const ay = b.op('Abs', [y])
  const ax = b.op('Abs', [x])
  const ratio = b.op('Where', [b.op('Equal', [ay, ax]), b.op('Sign', [ay]), b.op('Div', [ay, ax])])
  const angle = b.op('Atan', [ratio])
  const left = b.op('Sub', [b.scalar('float32', Math.PI), angle])
  const half = b.op('Where', [negative(x), left, angle])
  return b.op('Where', [negative(y), b.op('Neg', [half]), half])
}
