import { allocateColumns, type Column } from './columns.ts'
import { RepriseError } from './errors.ts'
import type { Space } from './space.ts'
import type { Serializable } from './types.ts'
import type { VectorColumns } from './vector-env.ts'

/** Zeroed columns for `rows` environments; with mask columns where `maskSize` > 0. Outcomes and task ids are NaN. */
export function createVectorColumns(
  observationSpace: Space,
  actionSpace: Space,
  rows: number,
  maskSize: number,
): VectorColumns {
  return {
    actions: allocateColumns(actionSpace.leaves, rows),
    observations: allocateColumns(observationSpace.leaves, rows),
    finalObservations: allocateColumns(observationSpace.leaves, rows),
    rewards: new Float64Array(rows),
    terminated: new Uint8Array(rows),
    truncated: new Uint8Array(rows),
    skipped: new Uint8Array(rows),
    failed: new Uint8Array(rows),
    episodeReturns: new Float64Array(rows),
    episodeLengths: new Int32Array(rows),
    ...(maskSize > 0
      ? { actionMasks: new Uint8Array(rows * maskSize), finalActionMasks: new Uint8Array(rows * maskSize) }
      : {}),
    outcomes: new Float64Array(rows).fill(Number.NaN),
    taskIds: new Float64Array(rows).fill(Number.NaN),
    finalTaskIds: new Float64Array(rows).fill(Number.NaN),
  }
}

/** Copies of every column, by name: plain data. */
export function saveVectorColumns(columns: VectorColumns): Serializable {
  return Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [name, arraysOf(column).map((a) => a.slice())]),
  )
}

/** @throws RepriseError RPR_STATE_MISMATCH for columns of other names or lengths */
export function loadVectorColumns(columns: VectorColumns, saved: Serializable): void {
  const arrays = saved as Readonly<Record<string, readonly Column['data'][]>>
  for (const [name, column] of Object.entries(columns)) {
    for (const [i, data] of arraysOf(column).entries()) {
      const from = arrays?.[name]?.[i]
      if (from?.length !== data.length)
        throw new RepriseError('RPR_STATE_MISMATCH', `Saved column '${name}' does not fit ${data.length} elements.`, {
          value: from?.length,
          hint: 'Make the environment with the width and the spaces that the snapshot was taken from.',
        })
      data.set(from)
    }
  }
}

function arraysOf(column: VectorColumns[keyof VectorColumns]): Column['data'][] {
  return Array.isArray(column) ? column.map(({ data }) => data) : [column as Column['data']]
}
