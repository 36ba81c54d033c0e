import { Buffer, constants } from 'node:buffer'

/** The array itself where it is float32 already, else a copy: what kernels take. */
export function toFloat32(values: ArrayLike<number>): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values)
}

/** Smaller arrays are as soon made the plain way. */
const LARGE_BYTES = 2 ** 16

/** An array whose elements are anything: for results that are written whole. Filling one with zeros first takes as long. */
export function unfilled<T extends Float32Array | Float64Array>(
  type: { new (buffer: ArrayBuffer): T; new (length: number): T; readonly BYTES_PER_ELEMENT: number },
  length: number,
): T {
  const bytes = length * type.BYTES_PER_ELEMENT
  if (bytes < LARGE_BYTES || bytes > constants.MAX_LENGTH) return new type(length)
  // Not from a pool: the buffer is all of it.
  return new type(Buffer.allocUnsafeSlow(bytes).buffer)
}

/** The largest difference of two arrays relative to the largest finite magnitude of the second, NaN and infinities equal. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  let scale = 0
  for (let i = 0; i < expected.length; i++)
    if (Number.isFinite(expected[i])) scale = Math.max(scale, Math.abs(expected[i]!))
  let worst = 0
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i]) || actual[i] === expected[i]) continue
    const error = Math.abs(actual[i]! - expected[i]!)
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error)
  }
  return worst === 0 ? 0 : worst / Math.max(scale, 1e-30)
}
