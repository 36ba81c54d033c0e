/** Kernels of two operands that broadcast. The result has the first operand's type, as on the cpu backend. */
import type { BinaryOp, NodeId } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { type Importer, type Importers, type KernelCall, listInputs, unsupported, upcast } from './importer.ts'

const ARITHMETIC: Readonly<Record<string, BinaryOp>> = {
  Add: 'add',
  Sub: 'sub',
  Multiply: 'mul',
  RealDiv: 'div',
  Mod: 'mod',
  Pow: 'pow',
  Maximum: 'max',
  Minimum: 'min',
}
const COMPARISON: Readonly<Record<string, BinaryOp>> = {
  Equal: 'equal',
  NotEqual: 'notEqual',
  Less: 'less',
  LessEqual: 'lessEqual',
  Greater: 'greater',
  GreaterEqual: 'greaterEqual',
}

/** On two bools these are logic: products, largest and smallest of 0 and 1. */
const LOGIC: Partial<Record<BinaryOp, BinaryOp>> = { mul: 'and', min: 'and', max: 'or' }

function operands(g: GraphBuilder, call: KernelCall): [a: NodeId, b: NodeId] {
  const a = call.inputs['a']!
  const b = call.inputs['b']!
  const dtype = upcast(g.dtype(a), g.dtype(b))
  return [g.cast(a, dtype), g.cast(b, dtype)]
}

const arithmetic =
  (fn: BinaryOp): Importer =>
  (g, call) => {
    const [a, b] = operands(g, call)
    if (g.dtype(a) !== 'bool') return g.cast(g.binary(fn, a, b), g.dtype(call.inputs['a']!))
    return g.binary(LOGIC[fn] ?? unsupported(call, 'on bool does not compile: cast it first.'), a, b)
  }

const comparison =
  (fn: BinaryOp): Importer =>
  (g, call) =>
    g.binary(fn, ...operands(g, call))

const logic =
  (fn: BinaryOp): Importer =>
  (g, call) =>
    g.binary(fn, g.cast(call.inputs['a']!, 'bool'), g.cast(call.inputs['b']!, 'bool'))

export const binary: Importers = {
  ...Object.fromEntries(Object.entries(ARITHMETIC).map(([name, fn]) => [name, arithmetic(fn)])),
  ...Object.fromEntries(Object.entries(COMPARISON).map(([name, fn]) => [name, comparison(fn)])),
  LogicalAnd: logic('and'),
  LogicalOr: logic('or'),
  Atan2: (g, call) => {
    const [a, b] = [g.cast(call.inputs['a']!, 'float32'), g.cast(call.inputs['b']!, 'float32')]
    return g.cast(g.binary('atan2', a, b), g.dtype(call.inputs['a']!))
  },
  FloorDiv: (g, call) => g.cast(g.binary('floorDiv', ...operands(g, call)), 'int32'),
  SquaredDifference: (g, call) => {
    const [a, b] = operands(g, call)
    const difference = g.binary('sub', a, b)
    return g.cast(g.binary('mul', difference, difference), g.dtype(call.inputs['a']!))
  },
  AddN: (g, call) => listInputs(call).reduce((sum, x) => g.binary('add', sum, x)),
  Select: (g, call) => {
    const [condition, t, e] = [call.inputs['condition']!, call.inputs['t']!, call.inputs['e']!]
    const dtype = upcast(g.dtype(t), g.dtype(e))
    const [mask, shape] = [g.shape(condition), g.shape(t)]
    // A vector condition picks whole rows.
    const rows = mask.length === 1 && shape.length > 1 ? [...mask, ...shape.slice(1).map(() => 1)] : mask
    return g.select(g.reshape(g.cast(condition, 'bool'), rows), g.cast(t, dtype), g.cast(e, dtype))
  },
}
