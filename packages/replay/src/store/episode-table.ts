import { allocate, allocateColumns, type ColumnDtype, type Columns, type LeafSpec, RepriseError } from '@reprise/core'
import { bytesOf } from './memory.ts'

/** Bytes per row beside the final observation. */
const ROW_BYTES = 4 + 4 + 8 + 1 + 8 + 4

/**
 * One row per episode of which a step is still stored, and the observation after its last step. Rows are reused, and
 * there are more of them as more are needed: an episode keeps its row until its last step is evicted.
 */
export class EpisodeTable {
  /** Slot of the first step, which need not be live any more. */
  start: Int32Array
  /** Steps so far. */
  length: Int32Array
  /** Undiscounted return so far. */
  returns: Float64Array
  /** 1 where the episode ended or was cut. */
  finished: Uint8Array
  /** Number of the episode, counted up over all streams. */
  number: Float64Array
  /** [rows, ...] the observation after the last step, and the fields of that observation; valid where finished. */
  finals: Columns
  /** Rows that are free, as a stack. */
  free: Int32Array
  freeCount: number
  readonly #leaves: readonly LeafSpec[]
  readonly #rowBytes: number
  readonly #maxRows: number

  /** `maxRows`: what the memory allows. */
  constructor(leaves: readonly LeafSpec[], rows: number, maxRows: number) {
    this.#leaves = leaves
    this.#rowBytes = EpisodeTable.rowBytes(leaves)
    this.#maxRows = maxRows
    this.start = new Int32Array(rows)
    this.length = new Int32Array(rows)
    this.returns = new Float64Array(rows)
    this.finished = new Uint8Array(rows)
    this.number = new Float64Array(rows)
    this.finals = allocateColumns(leaves, rows)
    this.free = new Int32Array(rows)
    for (let i = 0; i < rows; i++) this.free[i] = rows - 1 - i
    this.freeCount = rows
  }

  static rowBytes(leaves: readonly LeafSpec[]): number {
    return ROW_BYTES + bytesOf(leaves)
  }

  get rows(): number {
    return this.start.length
  }

  /** Bytes held. */
  get bytes(): number {
    return this.rows * this.#rowBytes
  }

  /** Makes sure that `count` rows are free. @throws RPR_REPLAY_TOO_LARGE, before anything changes */
  reserve(count: number): void {
    if (this.freeCount < count) this.grow(Math.max(this.rows - this.freeCount + count, 2 * this.rows), count)
  }

  /** At least as many rows as are in use and `count` more, at best `wanted`. */
  grow(wanted: number, count: number): void {
    const old = this.rows
    const rows = Math.min(wanted, this.#maxRows)
    if (rows - old + this.freeCount < count) {
      const needed = (old - this.freeCount + count) * this.#rowBytes
      throw new RepriseError(
        'RPR_REPLAY_TOO_LARGE',
        `The final observations of ${old - this.freeCount + count} stored episodes need ${needed} bytes, more than is left of maxBytes.`,
        { value: needed, hint: 'Lower capacity, raise maxBytes, or store smaller observations.' },
      )
    }
    this.start = enlarge(this.start, 'int32', rows)
    this.length = enlarge(this.length, 'int32', rows)
    this.returns = enlarge(this.returns, 'float64', rows)
    this.finished = enlarge(this.finished, 'uint8', rows)
    this.number = enlarge(this.number, 'float64', rows)
    const finals = allocateColumns(this.#leaves, rows)
    for (let c = 0; c < finals.length; c++) finals[c]!.data.set(this.finals[c]!.data)
    this.finals = finals
    this.free = enlarge(this.free, 'int32', rows)
    for (let i = rows - 1; i >= old; i--) this.free[this.freeCount++] = i
  }

  /** Row for an episode that begins in `slot`. A row must be free. */
  open(slot: number, number: number): number {
    const row = this.free[--this.freeCount]!
    this.start[row] = slot
    this.length[row] = 0
    this.returns[row] = 0
    this.finished[row] = 0
    this.number[row] = number
    return row
  }

  release(row: number): void {
    this.free[this.freeCount++] = row
  }
}

function enlarge<T extends Float64Array | Int32Array | Uint8Array>(array: T, dtype: ColumnDtype, length: number): T {
  const larger = allocate(dtype, length) as T
  larger.set(array)
  return larger
}
