/** Rows of whole columns, gathered into arrays that are used again for every minibatch. */
import type { HostArray, HostRecord, InputSpecs } from './executor.ts'
import { allocateHost, sizeOf } from './tensor-io.ts'

export class RowGatherer {
  readonly #specs: InputSpecs
  #rows = 0
  #arrays: Record<string, HostArray> = {}

  constructor(specs: InputSpecs) {
    this.#specs = specs
  }

  /** Row `indices[from + i]` of each column in row i; -1 gives a row of zeros. Holds until the next call. */
  gather(columns: HostRecord, indices: Int32Array, from: number, rows: number): HostRecord {
    if (rows !== this.#rows) {
      this.#rows = rows
      this.#arrays = {}
      for (const [name, { dtype, shape }] of Object.entries(this.#specs)) {
        this.#arrays[name] = allocateHost(dtype, rows * sizeOf(shape))
      }
    }
    for (const name in this.#specs) {
      const column = columns[name]!
      const out = this.#arrays[name]!
      const size = out.length / rows
      for (let i = 0; i < rows; i++) {
        const row = indices[from + i]!
        const to = i * size
        if (row < 0) out.fill(0, to, to + size)
        else for (let k = 0, at = row * size; k < size; k++) out[to + k] = column[at + k]!
      }
    }
    return this.#arrays
  }
}
