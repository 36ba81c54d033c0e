/** Copies of rows between columns: the loops that adding and gathering spend their time in. */
import type { Column } from '@reprise/core'

type Data = Column['data']

/** From this many elements on, a copy by the runtime is worth the two small views it needs. */
const WIDE = 64

/** Copies row `from` of `source` to row `to` of `target`, rows of `size` elements; converts element types. */
export function copyRowOf(source: ArrayLike<number>, from: number, target: Data, to: number, size: number): void {
  const a = from * size
  const b = to * size
  if (size >= WIDE && ArrayBuffer.isView(source) && source.constructor === target.constructor) {
    target.set((source as Data).subarray(a, a + size), b)
    return
  }
  for (let i = 0; i < size; i++) target[b + i] = source[a + i]!
}

/** Takes what touching passes read, so that no compiler leaves them out. */
const touched = new Float64Array(1)

/**
 * Reads one element of every row in [0, rows) and does nothing else: drawn rows lie anywhere in memory, and in so short
 * a loop many cache misses are under way at once. What comes after then finds its rows in the cache. Negative indices
 * are passed over: they lie in small tables.
 */
function touchRows(data: Data, size: number, index: Int32Array, rows: number): void {
  touched[0] =
    data instanceof Float32Array ? touchFloat32(data, size, index, rows) : touchOther(data, size, index, rows)
}

function touchFloat32(data: Float32Array, size: number, index: Int32Array, rows: number): number {
  let sum = 0
  for (let i = 0; i < rows; i++) if (index[i]! >= 0) sum += data[index[i]! * size]!
  return sum
}

function touchOther(data: Data, size: number, index: Int32Array, rows: number): number {
  let sum = 0
  for (let i = 0; i < rows; i++) if (index[i]! >= 0) sum += data[index[i]! * size]!
  return sum
}

/**
 * out[i * stride + offset ...] = row index[i] of `data`, or row ~index[i] of `finals` where the index is negative.
 * Where `index[i]` rows lie anywhere, `rows` of them are copied.
 */
export function gatherRows(
  data: Data,
  finals: Data,
  size: number,
  index: Int32Array,
  rows: number,
  out: Data,
  stride: number,
  offset: number,
): void {
  touchRows(data, size, index, rows)
  if (size >= WIDE) gatherWide(data, finals, size, index, rows, out, stride, offset)
  else if (data instanceof Float32Array)
    gatherFloat32(data, finals as Float32Array, size, index, rows, out as Float32Array, stride, offset)
  else gatherOther(data, finals, size, index, rows, out, stride, offset)
}

/** One element type only, so that the compiler makes one fast loop of it; most columns are float32. */
function gatherFloat32(
  data: Float32Array,
  finals: Float32Array,
  size: number,
  index: Int32Array,
  rows: number,
  out: Float32Array,
  stride: number,
  offset: number,
): void {
  if (size === 1) {
    for (let i = 0; i < rows; i++) {
      const s = index[i]!
      out[i * stride + offset] = s >= 0 ? data[s]! : finals[~s]!
    }
    return
  }
  for (let i = 0; i < rows; i++) {
    const s = index[i]!
    const to = i * stride + offset
    if (s >= 0) {
      const at = s * size
      for (let j = 0; j < size; j++) out[to + j] = data[at + j]!
    } else {
      const at = ~s * size
      for (let j = 0; j < size; j++) out[to + j] = finals[at + j]!
    }
  }
}

function gatherOther(
  data: Data,
  finals: Data,
  size: number,
  index: Int32Array,
  rows: number,
  out: Data,
  stride: number,
  offset: number,
): void {
  for (let i = 0; i < rows; i++) {
    const s = index[i]!
    const to = i * stride + offset
    const from = s >= 0 ? data : finals
    const at = (s >= 0 ? s : ~s) * size
    for (let j = 0; j < size; j++) out[to + j] = from[at + j]!
  }
}

function gatherWide(
  data: Data,
  finals: Data,
  size: number,
  index: Int32Array,
  rows: number,
  out: Data,
  stride: number,
  offset: number,
): void {
  for (let i = 0; i < rows; i++) {
    const s = index[i]!
    const at = (s >= 0 ? s : ~s) * size
    out.set((s >= 0 ? data : finals).subarray(at, at + size), i * stride + offset)
  }
}
