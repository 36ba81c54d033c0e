/** Kernels of one operand, element by element. */
import type { Dtype, NodeId, UnaryOp } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { attribute, type Importer, type Importers, type KernelCall, unsupported } from './importer.ts'

const FLOAT: Readonly<Record<string, UnaryOp>> = {
  Acos: 'acos',
  Acosh: 'acosh',
  Asin: 'asin',
  Asinh: 'asinh',
  Atan: 'atan',
  Atanh: 'atanh',
  Cos: 'cos',
  Cosh: 'cosh',
  Erf: 'erf',
  Expm1: 'expm1',
  Log: 'log',
  Log1p: 'log1p',
  Rsqrt: 'rsqrt',
  Sigmoid: 'sigmoid',
  Sin: 'sin',
  Sinh: 'sinh',
  Softplus: 'softplus',
  Sqrt: 'sqrt',
  Tan: 'tan',
  Tanh: 'tanh',
}
const ROUNDING: Readonly<Record<string, UnaryOp>> = { Ceil: 'ceil', Floor: 'floor', Round: 'round' }
const NUMERIC: Readonly<Record<string, UnaryOp>> = { Abs: 'abs', Neg: 'neg', Sign: 'sign' }
const PREDICATE: Readonly<Record<string, UnaryOp>> = { IsNan: 'isNaN', IsFinite: 'isFinite', IsInf: 'isInf' }

/** Computes in float32 and stores in the operand's type, as a kernel on an int32 array does. */
export function inFloat(g: GraphBuilder, x: NodeId, compute: (x: NodeId) => NodeId): NodeId {
  return g.cast(compute(g.cast(x, 'float32')), g.dtype(x))
}

const operand = (call: KernelCall): NodeId => call.inputs['x']!

/** A kernel whose result has its operand's type; bool results of arithmetic have no meaning here. */
function numeric(compute: (g: GraphBuilder, x: NodeId, call: KernelCall) => NodeId): Importer {
  return (g, call) => {
    const x = operand(call)
    if (g.dtype(x) === 'bool') unsupported(call, 'on bool does not compile: cast it first.')
    return compute(g, x, call)
  }
}

function floatOnly(fn: UnaryOp): Importer {
  return numeric((g, x) => inFloat(g, x, (y) => g.unary(fn, y)))
}

export const unary: Importers = {
  ...mapValues(FLOAT, floatOnly),
  ...mapValues(ROUNDING, (fn) => numeric((g, x) => (g.dtype(x) === 'int32' ? x : g.unary(fn, x)))),
  ...mapValues(NUMERIC, (fn) => numeric((g, x) => g.unary(fn, x))),
  ...mapValues(
    PREDICATE,
    (fn): Importer =>
      (g, call) =>
        g.unary(fn, g.cast(operand(call), 'float32')),
  ),
  Exp: (g, call) => g.unary('exp', g.cast(operand(call), 'float32')),
  LogicalNot: (g, call) => g.unary('not', g.cast(operand(call), 'bool')),
  Reciprocal: numeric((g, x) => inFloat(g, x, (y) => g.binary('div', g.scalar(1), y))),
  Square: numeric((g, x) => g.binary('mul', x, x)),
  Step: numeric((g, x, call) => {
    const dtype = g.dtype(x)
    const alpha = attribute<number>(call, 'alpha', 0)
    const step = g.select(g.binary('greater', x, g.scalar(0, dtype)), g.scalar(1, dtype), g.scalar(alpha, dtype))
    return dtype === 'float32' ? g.select(g.unary('isNaN', x), x, step) : step
  }),
  ClipByValue: numeric((g, x, call) => {
    const low = attribute<number>(call, 'clipValueMin')
    const high = attribute<number>(call, 'clipValueMax')
    const clip = (y: NodeId, dtype: Dtype): NodeId =>
      g.binary('min', g.binary('max', y, g.scalar(low, dtype)), g.scalar(high, dtype))
    const whole = Number.isInteger(low) && Number.isInteger(high)
    return g.dtype(x) === 'int32' && !whole ? inFloat(g, x, (y) => clip(y, 'float32')) : clip(x, g.dtype(x))
  }),
  Cast: (g, call) => {
    const dtype = call.attributes['dtype']
    if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') unsupported(call, `to ${dtype} does not compile.`)
    return g.cast(operand(call), dtype as Dtype)
  },
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, fn: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, fn(value)]))
}
