/** One float32, int32 or bool operand, element by element. */
import type { Dtype, UnaryOp } from '../../graph.ts'
import type { ModelBuilder } from '../builder.ts'
import type { Lower } from './context.ts'

type Build = (b: ModelBuilder, x: string, dtype: Dtype) => string

const one =
  (op: string): Build =>
  (b, x) =>
    b.op(op, [x])
const f32 = (b: ModelBuilder, value: number): string => b.scalar('float32', value)

const TABLE: Readonly<Record<UnaryOp, Build>> = {
  neg: one('Neg'),
  abs: one('Abs'),
  sign,
  floor: one('Floor'),
  ceil: one('Ceil'),
  round: one('Round'),
  exp: one('Exp'),
  expm1,
  log: one('Log'),
  log1p,
  sqrt: one('Sqrt'),
  rsqrt: (b, x) => b.op('Reciprocal', [b.op('Sqrt', [x])]),
  sin: one('Sin'),
  cos: one('Cos'),
  tan: one('Tan'),
  asin: one('Asin'),
  acos: one('Acos'),
  atan: one('Atan'),
  sinh: one('Sinh'),
  cosh: one('Cosh'),
  tanh: one('Tanh'),
  asinh: one('Asinh'),
  acosh: one('Acosh'),
  atanh: one('Atanh'),
  sigmoid,
  softplus: one('Softplus'),
  erf: one('Erf'),
  not: one('Not'),
  isNaN: one('IsNaN'),
  isFinite: (b, x) => b.op('Less', [b.op('Abs', [x]), f32(b, Number.POSITIVE_INFINITY)]),
  isInf: one('IsInf'),
}

export const lowerUnary: Lower<'unary'> = ({ builder, node, names }, { fn }) =>
  TABLE[fn](builder, names[0]!, node.dtype)

/** The sign of NaN is 0 in TensorFlow.js. */
function sign(b: ModelBuilder, x: string, dtype: Dtype): string {
  const signs = b.op('Sign', [x])
  return dtype === 'int32' ? signs : b.op('Where', [b.op('Equal', [x, x]), signs, f32(b, 0)])
}

/** ONNX Runtime's own Sigmoid is right within 6e-8 absolute only: off by 1e-5 at -5, and 0 from -18 on. */
function sigmoid(b: ModelBuilder, x: string): string {
  return b.op('Reciprocal', [b.op('Add', [b.op('Exp', [b.op('Neg', [x])]), f32(b, 1)])])
}

/** exp(x) - 1 = tanh(x / 2) (exp(x) + 1): no cancellation near 0, and right at both ends. */
function expm1(b: ModelBuilder, x: string): string {
  const tanh = b.op('Tanh', [b.op('Mul', [x, f32(b, 0.5)])])
  return b.op('Mul', [tanh, b.op('Add', [b.op('Exp', [x]), f32(b, 1)])])
}

/** 2 atanh(x / (x + 2)) near 0, where 1 + x loses x; else log(1 + x). */
function log1p(b: ModelBuilder, x: string): string {
  const near = b.op('Less', [b.op('Abs', [x]), f32(b, 0.5)])
  const ratio = b.op('Div', [x, b.op('Add', [x, f32(b, 2)])])
  const small = b.op('Mul', [b.op('Atanh', [ratio]), f32(b, 2)])
  return b.op('Where', [near, small, b.op('Log', [b.op('Add', [x, f32(b, 1)])])])
}
