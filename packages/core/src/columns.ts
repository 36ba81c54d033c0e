import { RepriseError } from './errors.ts'

/** Element types of a column. `bool` is stored as one byte, 0 or 1. */
export type ColumnDtype = 'float32' | 'float64' | 'int32' | 'uint8' | 'bool'

export interface ColumnArrays {
  float32: Float32Array
  float64: Float64Array
  int32: Int32Array
  uint8: Uint8Array
  bool: Uint8Array
}

/** One fixed-size leaf of a space: where it lies in a nested value, its element type and its shape without the row axis. */
export interface LeafSpec {
  /** '' for a space that is its own leaf, else keys joined by '/': `camera`, `pose/0`. */
  readonly path: string
  readonly dtype: ColumnDtype
  readonly shape: readonly number[]
  /** Elements per row: the product of `shape`, 1 for a scalar. */
  readonly size: number
}

/** A leaf for many rows: `data` has rows x size elements, row-major. */
export interface Column extends LeafSpec {
  readonly rows: number
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array
}

/** The columns of a space, in the order of its leaves. */
export type Columns = readonly Column[]

export function leaf(path: string, dtype: ColumnDtype, shape: readonly number[]): LeafSpec {
  return { path, dtype, shape, size: shape.reduce((a, b) => a * b, 1) }
}

const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const

/** A zeroed typed array for `length` elements of `dtype`. */
export function allocate<D extends ColumnDtype>(dtype: D, length: number): ColumnArrays[D] {
  return new constructors[dtype](length) as ColumnArrays[D]
}

/** Zeroed columns of `rows` rows for each leaf. */
export function allocateColumns(leaves: readonly LeafSpec[], rows: number): Columns {
  return leaves.map((spec) => ({ ...spec, rows, data: allocate(spec.dtype, rows * spec.size) }))
}

/** Copies row `from` of `source` to row `to` of `target`; both must have the same leaves. */
export function copyRow(source: Columns, from: number, target: Columns, to: number): void {
  for (let c = 0; c < source.length; c++) {
    const { size, data } = source[c]!
    const out = target[c]!.data
    for (let i = 0; i < size; i++) out[to * size + i] = data[from * size + i]!
  }
}

/** Copies every row of `source` into `target`. */
export function copyColumns(source: Columns, target: Columns): void {
  if (source.length !== target.length)
    throw new RepriseError('RPR_SHAPE', `Columns differ: ${source.length} leaves against ${target.length}.`)
  for (let c = 0; c < source.length; c++) target[c]!.data.set(source[c]!.data)
}
