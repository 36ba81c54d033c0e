/** Functions of one, two or three elements. */
import type { BinaryOp, Dtype, UnaryOp } from '@reprise/compile'
import type { Output, TfGraph } from '../tf-graph.ts'
import { cast, constantData, type Lower, type LowerContext, select, storeInt32, T } from './context.ts'

const UNARY: Readonly<Record<Exclude<UnaryOp, 'sign'>, string>> = {
  neg: 'Neg',
  abs: 'Abs',
  floor: 'Floor',
  ceil: 'Ceil',
  round: 'Round',
  exp: 'Exp',
  expm1: 'Expm1',
  log: 'Log',
  log1p: 'Log1p',
  sqrt: 'Sqrt',
  rsqrt: 'Rsqrt',
  sin: 'Sin',
  cos: 'Cos',
  tan: 'Tan',
  asin: 'Asin',
  acos: 'Acos',
  atan: 'Atan',
  sinh: 'Sinh',
  cosh: 'Cosh',
  tanh: 'Tanh',
  asinh: 'Asinh',
  acosh: 'Acosh',
  atanh: 'Atanh',
  sigmoid: 'Sigmoid',
  softplus: 'Softplus',
  erf: 'Erf',
  not: 'LogicalNot',
  isNaN: 'IsNan',
  isFinite: 'IsFinite',
  isInf: 'IsInf',
}

export const lowerUnary: Lower<'unary'> = ({ tf, operands, values }, { fn }) => {
  const { dtype } = operands[0]!
  const [x] = values as [Output]
  if (fn === 'not') return tf.op('LogicalNot', [x])
  if (fn !== 'sign') return tf.op(UNARY[fn], [x], T(dtype))
  // TensorFlow's own gives NaN for NaN; here it has none.
  const zero = tf.scalar(dtype, 0)
  const [above, below] = ['Greater', 'Less'].map((op) => cast(tf, tf.op(op, [x, zero], T(dtype)), 'bool', dtype))
  return tf.op('Sub', [above!, below!], T(dtype))
}

type Build = (tf: TfGraph, a: Output, b: Output, dtype: Dtype, context: LowerContext) => Output

const two =
  (op: string): Build =>
  (tf, a, b, dtype) =>
    tf.op(op, [a, b], T(dtype))

/** TensorFlow orders numbers only. */
const ordered =
  (op: string): Build =>
  (tf, a, b, dtype) =>
    dtype === 'bool'
      ? tf.op(op, [cast(tf, a, 'bool', 'int32'), cast(tf, b, 'bool', 'int32')], T('int32'))
      : tf.op(op, [a, b], T(dtype))

/** int32 by way of float64, which holds every int32 and every quotient exactly enough. */
const wide =
  (compute: (tf: TfGraph, a: Output, b: Output) => Output): Build =>
  (tf, a, b) =>
    storeInt32(tf, compute(tf, cast(tf, a, 'int32', 'float64'), cast(tf, b, 'int32', 'float64')))

const division = (tf: TfGraph, a: Output, b: Output): Output => tf.op('RealDiv', [a, b], T('float64'))
const floored = (tf: TfGraph, a: Output, b: Output): Output => tf.op('Floor', [division(tf, a, b)], T('float64'))
const power = (tf: TfGraph, a: Output, b: Output): Output => tf.op('Pow', [a, b], T('float64'))

/** The remainder of truncation, moved to the divisor's sign where the signs differ; float64. */
function flooredMod(tf: TfGraph, a: Output, b: Output): Output {
  const d = T('float64')
  const zero = tf.scalar('float64', 0)
  const remainder = tf.op('TruncateMod', [a, b], d)
  const moved = tf.op('TruncateMod', [tf.op('AddV2', [remainder, b], d), b], d)
  const [negativeA, negativeB] = [a, b].map((x) => tf.op('Less', [x, zero], d))
  const same = tf.op('Equal', [negativeA!, negativeB!], T('bool'))
  return select(tf, 'float64', same, remainder, moved)
}

/** C's pow gives 1 for 1^NaN and (+-1)^(+-Infinity); JavaScript gives NaN. */
const floatPower: Build = (tf, a, b, _, { graph, operands }) => {
  const result = tf.op('Pow', [a, b], T('float32'))
  if (constantData(graph, operands[1]!)?.every(Number.isFinite)) return result
  const f = T('float32')
  const odd = tf.op('LogicalNot', [tf.op('IsFinite', [b], f)])
  const unit = tf.op('Equal', [tf.op('Abs', [a], f), tf.scalar('float32', 1)], f)
  return select(tf, 'float32', tf.op('LogicalAnd', [odd, unit]), tf.scalar('float32', Number.NaN), result)
}

/** TensorFlow.js divides in double precision before it floors: 1 / 0.1 is 9 there, but 10 in float32. */
const asDouble =
  (compute: (tf: TfGraph, a: Output, b: Output) => Output): Build =>
  (tf, a, b) =>
    cast(tf, compute(tf, cast(tf, a, 'float32', 'float64'), cast(tf, b, 'float32', 'float64')), 'float64', 'float32')

const byType =
  (float: Build, integer: Build): Build =>
  (tf, a, b, dtype, context) =>
    (dtype === 'int32' ? integer : float)(tf, a, b, dtype, context)

const BINARY: Readonly<Record<BinaryOp, Build>> = {
  add: two('AddV2'),
  sub: two('Sub'),
  mul: two('Mul'),
  div: byType(two('RealDiv'), wide(division)),
  floorDiv: byType(asDouble(floored), wide(floored)),
  mod: byType(asDouble(flooredMod), wide(flooredMod)),
  pow: byType(floatPower, wide(power)),
  max: two('Maximum'),
  min: two('Minimum'),
  atan2: two('Atan2'),
  equal: two('Equal'),
  notEqual: two('NotEqual'),
  less: ordered('Less'),
  lessEqual: ordered('LessEqual'),
  greater: ordered('Greater'),
  greaterEqual: ordered('GreaterEqual'),
  and: (tf, a, b) => tf.op('LogicalAnd', [a, b]),
  or: (tf, a, b) => tf.op('LogicalOr', [a, b]),
}

export const lowerBinary: Lower<'binary'> = (context, { fn }) =>
  BINARY[fn](context.tf, context.values[0]!, context.values[1]!, context.operands[0]!.dtype, context)

export const lowerSelect: Lower<'select'> = ({ tf, node, values }) => {
  const [condition, yes, no] = values as [Output, Output, Output]
  return select(tf, node.dtype, condition, yes, no)
}

export const lowerCast: Lower<'cast'> = ({ tf, node, operands, values }) => {
  const from = operands[0]!.dtype
  const [x] = values as [Output]
  if (node.dtype === 'bool') return tf.op('NotEqual', [x, tf.scalar(from, 0)], T(from))
  if (node.dtype === 'int32' && from === 'float32') return storeInt32(tf, cast(tf, x, 'float32', 'float64'))
  return cast(tf, x, from, node.dtype)
}
