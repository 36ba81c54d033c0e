/** Kernels that move values: views, slices, joins, repeats. */
import { backend_util, slice_util, type Tensor, util } from '@tensorflow/tfjs-core'
import type { NodeId } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { attribute, axesOf, axisOf, type Importers, type KernelCall, listInputs, unsupported } from './importer.ts'

type Paddings = readonly (readonly [number, number])[]

/** What tfjs-core's shape helpers want of a tensor. */
const like = (g: GraphBuilder, x: NodeId): Tensor => ({ shape: [...g.shape(x)], rank: g.shape(x).length }) as Tensor

export const shapes: Importers = {
  Identity: (_, call) => call.inputs['x']!,
  Reshape: (g, call) => {
    const x = call.inputs['x']!
    return g.reshape(x, util.inferFromImplicitShape([...attribute<number[]>(call, 'shape')], sizeOf(g.shape(x))))
  },
  ExpandDims: (g, call) => {
    const x = call.inputs['input']!
    const shape = [...g.shape(x)]
    const dim = attribute<number>(call, 'dim')
    shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1)
    return g.reshape(x, shape)
  },
  Transpose: (g, call) => g.transpose(call.inputs['x']!, attribute(call, 'perm')),
  Reverse: (g, call) => g.reverse(call.inputs['x']!, axesOf(call, 'dims', g.shape(call.inputs['x']!).length)),
  Slice: (g, call) => {
    const x = call.inputs['x']!
    const begin = attribute<number[]>(call, 'begin')
    const [start, size] = slice_util.parseSliceParams(like(g, x), begin, call.attributes['size'] as number[])
    return g.slice(x, start, size)
  },
  StridedSlice: (g, call) => stridedSlice(g, call),
  Concat: (g, call) => {
    const inputs = listInputs(call)
    const rank = g.shape(inputs[0]!).length
    const parts = inputs.filter((x) => sizeOf(g.shape(x)) > 0)
    const dtype = g.dtype(inputs[0]!)
    if (parts.length === 0) return g.concat(inputs, axisOf(attribute(call, 'axis', 0), rank))
    return g.concat(
      parts.map((x) => g.cast(x, dtype)),
      axisOf(attribute(call, 'axis', 0), rank),
    )
  },
  SplitV: (g, call) => {
    const x = call.inputs['x']!
    const shape = g.shape(x)
    const axis = axisOf(attribute(call, 'axis', 0), shape.length)
    const sizes = backend_util.prepareSplitSize(like(g, x), attribute<number[]>(call, 'numOrSizeSplits'), axis)
    let start = 0
    return sizes.map((size) => {
      const begin = shape.map((_, i) => (i === axis ? start : 0))
      start += size
      return g.slice(
        x,
        begin,
        shape.map((d, i) => (i === axis ? size : d)),
      )
    })
  },
  Pack: (g, call) => {
    const inputs = listInputs(call)
    const shape = g.shape(inputs[0]!)
    const axis = axisOf(attribute(call, 'axis', 0), shape.length + 1)
    const expanded = [...shape.slice(0, axis), 1, ...shape.slice(axis)]
    return g.concat(
      inputs.map((x) => g.reshape(x, expanded)),
      axis,
    )
  },
  Unpack: (g, call) => {
    const x = call.inputs['value']!
    const shape = g.shape(x)
    const axis = axisOf(attribute(call, 'axis', 0), shape.length)
    const size = shape.map((d, i) => (i === axis ? 1 : d))
    const rest = shape.filter((_, i) => i !== axis)
    return Array.from({ length: shape[axis]! }, (_, k) => {
      const begin = shape.map((_, i) => (i === axis ? k : 0))
      return g.reshape(g.slice(x, begin, size), rest)
    })
  },
  PadV2: (g, call) => {
    const paddings = attribute<Paddings>(call, 'paddings')
    const before = paddings.map(([n]) => n)
    const after = paddings.map(([, n]) => n)
    return g.pad(call.inputs['x']!, before, after, attribute(call, 'constantValue', 0))
  },
  MirrorPad: (g, call) => {
    const edge = attribute<string>(call, 'mode') === 'reflect' ? 1 : 0
    return attribute<Paddings>(call, 'paddings').reduce(
      (x, [before, after], axis) => mirror(g, x, axis, before, after, edge),
      call.inputs['x']!,
    )
  },
  Tile: (g, call) => {
    const x = call.inputs['x']!
    const shape = g.shape(x)
    const reps = attribute<readonly number[]>(call, 'reps')
    const out = shape.map((d, i) => d * reps[i]!)
    if (shape.every((d, i) => d === 1 || reps[i] === 1)) return g.broadcast(x, out)
    const apart = g.reshape(
      x,
      shape.flatMap((d) => [1, d]),
    )
    const repeated = g.broadcast(
      apart,
      shape.flatMap((d, i) => [reps[i]!, d]),
    )
    return g.reshape(repeated, out)
  },
}

/** `edge` 1 leaves the border row out of its reflection. */
function mirror(g: GraphBuilder, x: NodeId, axis: number, before: number, after: number, edge: number): NodeId {
  const shape = g.shape(x)
  const part = (start: number, length: number): NodeId => {
    const begin = shape.map((_, i) => (i === axis ? start : 0))
    const size = shape.map((d, i) => (i === axis ? length : d))
    return g.reverse(g.slice(x, begin, size), [axis])
  }
  const parts = [x]
  if (before > 0) parts.unshift(part(edge, before))
  if (after > 0) parts.push(part(shape[axis]! - after - edge, after))
  return g.concat(parts, axis)
}

function stridedSlice(g: GraphBuilder, call: KernelCall): NodeId {
  const x = call.inputs['x']!
  const list = (name: string): number[] => [...attribute<number[]>(call, name)]
  const mask = (name: string): number => attribute<number>(call, name, 0)
  const info = slice_util.sliceInfo(
    [...g.shape(x)],
    list('begin'),
    list('end'),
    list('strides'),
    mask('beginMask'),
    mask('endMask'),
    mask('ellipsisMask'),
    mask('newAxisMask'),
    mask('shrinkAxisMask'),
  )
  if (info.isIdentity) return g.reshape(x, info.finalShape)
  const { begin, end, strides } = info
  const size = strides.map((stride, i) => Math.max(0, Math.ceil((end[i]! - begin[i]!) / stride)))
  if (size.length !== g.shape(x).length) unsupported(call, 'inserts axes in a way that does not compile.')
  // A backward stride is a forward slice from its last element, reversed.
  const backward = strides.flatMap((stride, i) => (stride < 0 ? [i] : []))
  const start = begin.map((b, i) => (strides[i]! < 0 ? b + (Math.max(1, size[i]!) - 1) * strides[i]! : b))
  const forward = g.slice(x, start, size, strides.map(Math.abs))
  return g.reshape(g.reverse(forward, backward), info.finalShape)
}
