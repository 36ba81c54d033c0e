/** Kernels that use int32 values as places. */
import type { NodeId } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { stridesOf } from '../interpreter/strides.ts'
import { attribute, axisOf, dtypeOf, type Importers, unsupported } from './importer.ts'

export const indexing: Importers = {
  GatherV2: (g, call) => {
    const x = call.inputs['x']!
    const axis = axisOf(attribute(call, 'axis', 0), g.shape(x).length)
    const indices = g.cast(call.inputs['indices']!, 'int32')
    const batchDims = axisOf(attribute(call, 'batchDims', 0), g.shape(indices).length)
    return g.gather(x, indices, axis, batchDims)
  },
  OneHot: (g, call) => {
    const { depth, onValue, offValue, dtype } = call.attributes as Record<string, number>
    const indices = g.cast(call.inputs['indices']!, 'int32')
    return g.oneHot(indices, depth!, onValue, offValue, dtypeOf(call, dtype ?? 'int32'))
  },
  UnsortedSegmentSum: (g, call) => {
    const ids = call.inputs['segmentIds']!
    if (g.shape(ids).length !== 1) unsupported(call, 'needs a vector of segment ids.')
    return g.scatterAdd(
      g.cast(call.inputs['x']!, 'float32'),
      g.cast(ids, 'int32'),
      attribute<number>(call, 'numSegments'),
    )
  },
  GatherNd: (g, call) => {
    const x = call.inputs['params']!
    const shape = g.shape(x)
    const indices = call.inputs['indices']!
    const depth = g.shape(indices).at(-1)!
    const rows = g.reshape(x, [sizeOf(shape.slice(0, depth)), ...shape.slice(depth)])
    return g.gather(rows, flatIndex(g, indices, shape.slice(0, depth)))
  },
  ScatterNd: (g, call) => {
    const shape = attribute<readonly number[]>(call, 'shape')
    const given = call.inputs['indices']!
    // A vector of indices means rows.
    const indices = g.shape(given).length === 1 ? g.reshape(given, [...g.shape(given), 1]) : given
    const depth = g.shape(indices).at(-1)!
    const lead = shape.slice(0, depth)
    const rest = shape.slice(depth)
    const at = flatIndex(g, indices, lead)
    const count = sizeOf(g.shape(at))
    const updates = g.reshape(call.inputs['updates']!, [count, ...rest])
    if (g.dtype(updates) === 'bool') unsupported(call, 'on bool does not compile.')
    return g.reshape(g.scatterAdd(updates, g.reshape(at, [count]), sizeOf(lead)), shape)
  },
}

/** Coordinates in the last axis -> row-major place. */
function flatIndex(g: GraphBuilder, indices: NodeId, shape: readonly number[]): NodeId {
  const strides = g.constant(stridesOf(shape), [shape.length], 'int32')
  return g.reduce('sum', g.binary('mul', g.cast(indices, 'int32'), strides), [-1])
}
