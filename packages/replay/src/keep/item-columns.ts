import {
  allocate,
  type ColumnArrays,
  type ColumnDtype,
  RepriseError,
  type Serializable,
  type TypedArray,
} from '@reprise/core'
import type { FieldSpec } from '../schema.ts'
import { fit } from '../select/state.ts'
import { copyRowOf } from '../store/rows.ts'

interface ItemColumn {
  readonly name: string
  readonly dtype: ColumnDtype
  readonly size: number
  readonly data: ColumnArrays[ColumnDtype]
}

/** Self-contained rows by slot, one typed array a field. */
export class ItemColumns {
  readonly #columns: readonly ItemColumn[]
  readonly #fields: Readonly<Record<string, FieldSpec>>

  constructor(fields: Readonly<Record<string, FieldSpec>>, capacitySlots: number) {
    this.#fields = fields
    this.#columns = Object.entries(fields).map(([name, { dtype, shape }]) => {
      const size = shape.reduce((a, b) => a * b, 1)
      return { name, dtype, size, data: allocate(dtype, size * capacitySlots) }
    })
  }

  /** The fields of `rows` rows, zeroed. */
  allocate(rows: number): Record<string, ColumnArrays[ColumnDtype]> {
    return Object.fromEntries(this.#columns.map(({ name, dtype, size }) => [name, allocate(dtype, size * rows)]))
  }

  /** @throws RepriseError RPR_SHAPE for a row that has not exactly these fields with their sizes */
  check(row: Readonly<Record<string, ArrayLike<number>>>): void {
    for (const { name, size } of this.#columns) {
      if (row[name]?.length === size) continue
      throw new RepriseError('RPR_SHAPE', `Field '${name}' of an item has ${row[name]?.length ?? 'no'} elements.`, {
        value: row[name]?.length,
        hint: `It takes ${size}, flat.`,
      })
    }
    for (const name of Object.keys(row)) {
      if (Object.hasOwn(this.#fields, name)) continue
      throw new RepriseError('RPR_SHAPE', `An item has a field '${name}' that its store lacks.`, {
        value: name,
        hint: `The store has ${Object.keys(this.#fields).join(', ')}.`,
      })
    }
  }

  write(slot: number, row: Readonly<Record<string, ArrayLike<number>>>): void {
    for (const { name, size, data } of this.#columns) copyRowOf(row[name]!, 0, data, slot, size)
  }

  gather(slots: Int32Array, count: number, out: Readonly<Record<string, TypedArray>>): void {
    for (const { name, size, data } of this.#columns) {
      const target = out[name] as ColumnArrays[ColumnDtype]
      for (let k = 0; k < count; k++) copyRowOf(data, slots[k]!, target, k, size)
    }
  }

  state(): Serializable {
    return Object.fromEntries(this.#columns.map(({ name, data }) => [name, data.slice()]))
  }

  /** Nothing is changed where something does not fit. @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const saved = fit.record(state)
    for (const { name, data } of this.#columns) {
      const column = saved[name]
      if (!ArrayBuffer.isView(column) || column.constructor !== data.constructor || column.length !== data.length)
        throw fit.error(`its field '${name}' has another type or size`)
    }
    for (const { name, data } of this.#columns) data.set(saved[name] as never)
  }
}
