/**
 * Shape and type of a node from its operation and operands, and every check that an operation makes. One function, so
 * that the builder and the validator cannot disagree. Explains itself at this length: one case per operation.
 */
import { RepriseError } from '@reprise/core'
import {
  type BinaryOp,
  type Dtype,
  type Operation,
  type Shape,
  sizeOf,
  type TensorSpec,
  type UnaryOp,
} from './graph.ts'

const PREDICATES: ReadonlySet<UnaryOp> = new Set(['isNaN', 'isFinite', 'isInf'])
/** Unary functions that int32 has too. */
const INTEGER_UNARY: ReadonlySet<UnaryOp> = new Set(['neg', 'abs', 'sign'])
const COMPARISONS: ReadonlySet<BinaryOp> = new Set([
  'equal',
  'notEqual',
  'less',
  'lessEqual',
  'greater',
  'greaterEqual',
])
const FLOAT_BINARY: ReadonlySet<BinaryOp> = new Set(['atan2'])

/**
 * @param declared what the operation leaves open: the shape of input, state, constant, reshape, broadcast, slice and
 * scatterAdd; the type of input, state, constant, cast and oneHot. Checked where the operation determines it.
 * @throws RPR_COMPILE_GRAPH
 */
export function infer(
  operation: Operation,
  inputs: readonly TensorSpec[],
  declared: Partial<TensorSpec> = {},
): TensorSpec {
  const spec = inferred(operation, inputs, declared)
  if (declared.shape !== undefined && !sameShape(declared.shape, spec.shape)) {
    fail(operation, `has shape [${spec.shape}], not [${declared.shape}].`)
  }
  if (declared.dtype !== undefined && declared.dtype !== spec.dtype) {
    fail(operation, `gives ${spec.dtype}, not ${declared.dtype}.`)
  }
  return spec
}

function inferred(operation: Operation, inputs: readonly TensorSpec[], declared: Partial<TensorSpec>): TensorSpec {
  const need = (count: number): void => {
    if (inputs.length !== count) fail(operation, `takes ${count} operands, not ${inputs.length}.`)
  }
  const check = (condition: boolean, message: string | (() => string)): void => {
    if (!condition) fail(operation, typeof message === 'string' ? message : message())
  }
  const [a, b, c] = inputs as [TensorSpec, TensorSpec, TensorSpec]
  switch (operation.op) {
    case 'input':
    case 'state':
    case 'constant': {
      need(0)
      const { shape, dtype } = declared
      if (shape === undefined || dtype === undefined) return fail(operation, 'needs a shape and a type.')
      check(
        shape.every((d) => Number.isInteger(d) && d >= 0),
        () => `has the impossible shape [${shape}].`,
      )
      if (operation.op === 'constant') {
        const length = sizeOf(shape)
        check(operation.data.length === length, () => `holds ${operation.data.length} values, not ${length}.`)
        check(
          operation.data instanceof ARRAYS[dtype],
          () => `of type ${dtype} holds a ${operation.data.constructor.name}.`,
        )
      }
      return { shape, dtype }
    }
    case 'unary': {
      need(1)
      const { fn } = operation
      if (fn === 'not') check(a.dtype === 'bool', () => `takes bool, not ${a.dtype}.`)
      else if (INTEGER_UNARY.has(fn)) check(a.dtype !== 'bool', 'takes numbers, not bool.')
      else check(a.dtype === 'float32', () => `takes float32, not ${a.dtype}.`)
      return { shape: a.shape, dtype: PREDICATES.has(fn) ? 'bool' : a.dtype }
    }
    case 'binary': {
      need(2)
      const { fn } = operation
      check(a.dtype === b.dtype, () => `mixes ${a.dtype} and ${b.dtype}.`)
      const shape = broadcastShapes(operation, a.shape, b.shape)
      if (fn === 'and' || fn === 'or') {
        check(a.dtype === 'bool', () => `takes bool, not ${a.dtype}.`)
        return { shape, dtype: 'bool' }
      }
      if (COMPARISONS.has(fn)) return { shape, dtype: 'bool' }
      check(a.dtype !== 'bool', 'takes numbers, not bool.')
      if (FLOAT_BINARY.has(fn)) check(a.dtype === 'float32', () => `takes float32, not ${a.dtype}.`)
      return { shape, dtype: a.dtype }
    }
    case 'select': {
      need(3)
      check(a.dtype === 'bool', () => `needs a bool condition, not ${a.dtype}.`)
      check(b.dtype === c.dtype, () => `mixes ${b.dtype} and ${c.dtype}.`)
      return {
        shape: broadcastShapes(operation, broadcastShapes(operation, a.shape, b.shape), c.shape),
        dtype: b.dtype,
      }
    }
    case 'cast':
      need(1)
      return { shape: a.shape, dtype: declared.dtype ?? fail(operation, 'needs a type.') }
    case 'reduce': {
      need(1)
      checkAxes(operation, operation.axes, a.shape)
      const logical = operation.fn === 'any' || operation.fn === 'all'
      check(logical === (a.dtype === 'bool'), () => `cannot reduce ${a.dtype}.`)
      return { shape: a.shape.filter((_, axis) => !operation.axes.includes(axis)), dtype: a.dtype }
    }
    case 'argmax':
    case 'argmin':
      need(1)
      checkAxes(operation, [operation.axis], a.shape)
      check(a.dtype !== 'bool', 'takes numbers, not bool.')
      return { shape: a.shape.filter((_, axis) => axis !== operation.axis), dtype: 'int32' }
    case 'matmul': {
      need(2)
      check(a.dtype === 'float32' && b.dtype === 'float32', () => `multiplies float32, not ${a.dtype} and ${b.dtype}.`)
      check(a.shape.length >= 2 && b.shape.length >= 2, () => `needs matrices, not [${a.shape}] and [${b.shape}].`)
      const [m, k] = matrixSides(a.shape, operation.transposeA)
      const [k2, n] = matrixSides(b.shape, operation.transposeB)
      check(k === k2, () => `cannot multiply ${m} x ${k} by ${k2} x ${n}.`)
      const lead = broadcastShapes(operation, a.shape.slice(0, -2), b.shape.slice(0, -2))
      return { shape: [...lead, m, n], dtype: 'float32' }
    }
    case 'softmax':
    case 'logSoftmax':
      need(1)
      check(a.dtype === 'float32' && a.shape.length > 0, `takes float32 of rank 1 or more.`)
      return a
    case 'reshape': {
      need(1)
      const shape = declared.shape ?? fail(operation, 'needs a shape.')
      check(sizeOf(shape) === sizeOf(a.shape), () => `cannot view [${a.shape}] as [${shape}].`)
      return { shape, dtype: a.dtype }
    }
    case 'broadcast': {
      need(1)
      const shape = declared.shape ?? fail(operation, 'needs a shape.')
      const lead = shape.length - a.shape.length
      check(
        lead >= 0 && a.shape.every((d, i) => d === 1 || d === shape[lead + i]),
        () => `cannot spread [${a.shape}] over [${shape}].`,
      )
      return { shape, dtype: a.dtype }
    }
    case 'transpose': {
      need(1)
      const { permutation } = operation
      check(
        isPermutation(permutation, a.shape.length),
        () => `[${permutation}] does not permute ${a.shape.length} axes.`,
      )
      return { shape: permutation.map((axis) => a.shape[axis]!), dtype: a.dtype }
    }
    case 'slice': {
      need(1)
      const shape = declared.shape ?? fail(operation, 'needs a shape.')
      const { begin, strides } = operation
      const rank = a.shape.length
      check(
        begin.length === rank && strides.length === rank && shape.length === rank,
        () => `needs begin, strides and shape of ${rank} axes.`,
      )
      for (let axis = 0; axis < rank; axis++) {
        const first = begin[axis]!
        const stride = strides[axis]!
        const last = first + stride * (shape[axis]! - 1)
        check(stride >= 1, 'needs strides of 1 or more: use reverse.')
        check(shape[axis] === 0 || (first >= 0 && last < a.shape[axis]!), () => `leaves axis ${axis} of [${a.shape}].`)
      }
      return { shape, dtype: a.dtype }
    }
    case 'concat': {
      check(inputs.length > 0, 'needs operands.')
      checkAxes(operation, [operation.axis], a.shape)
      for (const x of inputs) {
        check(x.dtype === a.dtype, () => `mixes ${a.dtype} and ${x.dtype}.`)
        check(
          x.shape.length === a.shape.length && x.shape.every((d, i) => i === operation.axis || d === a.shape[i]),
          () => `cannot join [${a.shape}] and [${x.shape}] along axis ${operation.axis}.`,
        )
      }
      const total = inputs.reduce((sum, x) => sum + x.shape[operation.axis]!, 0)
      return { shape: a.shape.map((d, i) => (i === operation.axis ? total : d)), dtype: a.dtype }
    }
    case 'pad': {
      need(1)
      const { before, after } = operation
      const rank = a.shape.length
      check(before.length === rank && after.length === rank, () => `needs before and after for ${rank} axes.`)
      check([...before, ...after].every(isCount), 'needs non-negative amounts.')
      return { shape: a.shape.map((d, i) => d + before[i]! + after[i]!), dtype: a.dtype }
    }
    case 'reverse':
      need(1)
      checkAxes(operation, operation.axes, a.shape)
      return a
    case 'gather': {
      need(2)
      const { axis, batchDims } = operation
      check(b.dtype === 'int32', () => `needs int32 indices, not ${b.dtype}.`)
      checkAxes(operation, [axis], a.shape)
      check(batchDims >= 0 && batchDims <= axis && batchDims <= b.shape.length, () => `cannot share ${batchDims} axes.`)
      for (let i = 0; i < batchDims; i++) check(a.shape[i] === b.shape[i], () => `shares unequal axes ${i}.`)
      const shape = [...a.shape.slice(0, axis), ...b.shape.slice(batchDims), ...a.shape.slice(axis + 1)]
      return { shape, dtype: a.dtype }
    }
    case 'scatterAdd': {
      need(2)
      const shape = declared.shape ?? fail(operation, 'needs a shape.')
      check(b.dtype === 'int32' && b.shape.length === 1, 'needs a vector of int32 indices.')
      check(a.dtype !== 'bool', 'sums numbers, not bool.')
      check(a.shape.length >= 1 && a.shape[0] === b.shape[0], () => `has ${a.shape[0]} rows and ${b.shape[0]} indices.`)
      check(
        shape.length === a.shape.length && sameShape(shape.slice(1), a.shape.slice(1)),
        () => `cannot sum rows of [${a.shape}] into [${shape}].`,
      )
      return { shape, dtype: a.dtype }
    }
    case 'oneHot':
      need(1)
      check(a.dtype === 'int32', () => `needs int32 indices, not ${a.dtype}.`)
      check(isCount(operation.depth), () => `has the impossible depth ${operation.depth}.`)
      return { shape: [...a.shape, operation.depth], dtype: declared.dtype ?? 'float32' }
    case 'cumsum':
    case 'cumprod':
      need(1)
      checkAxes(operation, [operation.axis], a.shape)
      check(a.dtype !== 'bool', 'takes numbers, not bool.')
      return a
    case 'conv2d': {
      need(2)
      check(a.dtype === 'float32' && b.dtype === 'float32', 'takes float32.')
      check(a.shape.length === 4 && b.shape.length === 4, 'needs an image batch NHWC and a filter HWIO.')
      const [n, height, width, channels] = a.shape as [number, number, number, number]
      const [kh, kw, inner, out] = b.shape as [number, number, number, number]
      check(channels === inner, () => `has ${channels} channels and a filter for ${inner}.`)
      const [top, bottom, left, right] = operation.padding
      const side = (size: number, kernel: number, axis: 0 | 1): number =>
        Math.floor((size - (kernel - 1) * operation.dilations[axis] - 1) / operation.strides[axis]) + 1
      const h = side(height + top + bottom, kh, 0)
      const w = side(width + left + right, kw, 1)
      check(h >= 0 && w >= 0, `has a filter larger than its image.`)
      return { shape: [n, h, w, out], dtype: 'float32' }
    }
  }
}

export const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

/** A zeroed array for values of `dtype`. */
export function arrayFor(dtype: Dtype, length: number): Float32Array | Int32Array | Uint8Array {
  return new ARRAYS[dtype](length)
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i])
}

function matrixSides(shape: Shape, transposed: boolean): [rows: number, columns: number] {
  const rows = shape[shape.length - 2]!
  const columns = shape[shape.length - 1]!
  return transposed ? [columns, rows] : [rows, columns]
}

function broadcastShapes(operation: Operation, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1
    const y = b[b.length - rank + i] ?? 1
    if (x !== y && x !== 1 && y !== 1) return fail(operation, `cannot broadcast [${a}] with [${b}].`)
    return x === 1 ? y : x
  })
}

function checkAxes(operation: Operation, axes: readonly number[], shape: Shape): void {
  const legal = axes.every((axis, i) => isCount(axis) && axis < shape.length && (i === 0 || axis > axes[i - 1]!))
  if (!legal) fail(operation, `has axes [${axes}] on [${shape}]: they ascend within the rank.`)
}

function isPermutation(permutation: readonly number[], rank: number): boolean {
  return (
    permutation.length === rank && new Set(permutation).size === rank && permutation.every((p) => p >= 0 && p < rank)
  )
}

const isCount = (n: number): boolean => Number.isInteger(n) && n >= 0

/** 'binary add', 'reduce sum', 'matmul': what messages call an operation. */
export function operationLabel(operation: Operation): string {
  return 'fn' in operation ? `${operation.op} ${operation.fn}` : operation.op
}

function fail(operation: Operation, message: string): never {
  throw new RepriseError('RPR_COMPILE_GRAPH', `${operationLabel(operation)} ${message}`, { value: operation })
}
