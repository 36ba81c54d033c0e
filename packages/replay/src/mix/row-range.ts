import type { Columns, TypedArray } from '@reprise/core'
import type { Batch } from '../batch.ts'

/** Rows [from, from + rows) of a batch as a batch of its own: the same memory, nothing is copied. */
export function rowRange(batch: Batch, from: number, rows: number): Batch {
  const part = <T extends TypedArray>(array: T): T => {
    const size = array.length / batch.rows
    return array.subarray(from * size, (from + rows) * size) as T
  }
  const columns = (all: Columns): Columns => all.map((column) => ({ ...column, rows, data: part(column.data) }))
  return {
    rows,
    observation: columns(batch.observation),
    nextObservation: columns(batch.nextObservation),
    fields: Object.fromEntries(Object.entries(batch.fields).map(([name, array]) => [name, part(array)])),
    reward: part(batch.reward),
    discount: part(batch.discount),
    steps: part(batch.steps),
    handles: { slots: part(batch.handles.slots), generations: part(batch.handles.generations) },
    probabilities: part(batch.probabilities),
    weights: part(batch.weights),
    source: part(batch.source),
    synthetic: part(batch.synthetic),
  }
}

/** The columns of a batch in words: equal texts, interchangeable batches. */
export function layoutOf(batch: Batch): string {
  const leaf = ({ path, dtype, shape }: Columns[number]) => `${path || 'observation'} ${dtype} [${shape}]`
  const fields = Object.entries(batch.fields).map(([name, array]) => {
    return `${name} ${array.constructor.name} [${array.length / batch.rows}]`
  })
  return [...batch.observation.map(leaf), ...fields.sort()].join(', ')
}
