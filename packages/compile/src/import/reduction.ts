/** Reductions, softmax, arg and cumulative kernels. */
import type { NodeId, ReduceOp } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { attribute, axesOf, axisOf, type Importer, type Importers, unsupported } from './importer.ts'

/** float32 or int32: bool sums and products count in int32. */
const counted = (g: GraphBuilder, x: NodeId): NodeId => (g.dtype(x) === 'bool' ? g.cast(x, 'int32') : x)

function reduction(fn: ReduceOp, axisName: string, prepare: (g: GraphBuilder, x: NodeId) => NodeId): Importer {
  return (g, call) => {
    const x = prepare(g, call.inputs['x']!)
    const axes = axesOf(call, axisName, g.shape(x).length)
    return g.reduce(fn, x, axes, attribute(call, 'keepDims', false))
  }
}

/** The largest of bools is whether any is set. */
function extreme(fn: 'max' | 'min', logical: 'any' | 'all', axisName: string): Importer {
  return (g, call) => {
    const operation = g.dtype(call.inputs['x']!) === 'bool' ? logical : fn
    return reduction(operation, axisName, (_, x) => x)(g, call)
  }
}

const arg =
  (op: 'argmax' | 'argmin'): Importer =>
  (g, call) => {
    const x = counted(g, call.inputs['x']!)
    return g[op](x, axesOf(call, 'axis', g.shape(x).length)[0]!)
  }

const cumulative =
  (op: 'cumsum' | 'cumprod'): Importer =>
  (g, call) => {
    const x = counted(g, call.inputs['x']!)
    const axis = axisOf(attribute(call, 'axis', 0), g.shape(x).length)
    return g.cumulative(op, x, axis, attribute(call, 'exclusive', false), attribute(call, 'reverse', false))
  }

export const reductions: Importers = {
  Sum: reduction('sum', 'axis', counted),
  Prod: reduction('prod', 'axis', counted),
  Max: extreme('max', 'any', 'reductionIndices'),
  Min: extreme('min', 'all', 'axis'),
  All: reduction('all', 'axis', (g, x) => g.cast(x, 'bool')),
  Any: reduction('any', 'axis', (g, x) => g.cast(x, 'bool')),
  Mean: (g, call) => {
    const x = g.cast(call.inputs['x']!, 'float32')
    const axes = axesOf(call, 'axis', g.shape(x).length)
    const count = sizeOf(axes.map((axis) => g.shape(x)[axis]!))
    const sum = g.reduce('sum', x, axes, attribute(call, 'keepDims', false))
    return g.binary('div', sum, g.scalar(count))
  },
  ArgMax: arg('argmax'),
  ArgMin: arg('argmin'),
  Cumsum: cumulative('cumsum'),
  Cumprod: cumulative('cumprod'),
  Softmax: (g, call) => {
    const x = g.cast(call.inputs['logits']!, 'float32')
    const rank = g.shape(x).length
    if (axisOf(attribute(call, 'dim', -1), rank) !== rank - 1) unsupported(call, 'needs the last axis.')
    return g.softmax(x)
  },
  LogSoftmax: (g, call) => {
    const x = g.cast(call.inputs['logits']!, 'float32')
    const rank = g.shape(x).length
    if (axisOf(attribute(call, 'axis', -1), rank) !== rank - 1) unsupported(call, 'needs the last axis.')
    return g.logSoftmax(x)
  },
}
