import type { Column, Columns } from './columns.ts'
import { RepriseError } from './errors.ts'
import type { Space } from './space.ts'

/** Refuses the first illegal action of a row that does not wait. Allocates nothing where all are legal. */
export type ActionCheck = () => void

/**
 * The cheapest check that keeps dynamics from undefined behaviour: the range of Discrete and MultiDiscrete actions,
 * finite values of Box ones, membership for anything else.
 */
export function actionCheck(space: Space, actions: Columns, waiting: Uint8Array, id: string): ActionCheck {
  const refuse: Refuse = (row) => {
    const value = space.read(actions, row)
    const text = ArrayBuffer.isView(value) ? `[${Array.from(value as unknown as ArrayLike<number>)}]` : String(value)
    throw new RepriseError('RPR_ENV_ACTION', `${id}: action ${text} of row ${row} is not legal.`, {
      value,
      hint: `It takes an element of ${space}.`,
    })
  }
  const column = actions[0]!
  if (space.kind === 'Discrete') {
    const { n, start } = space as Space & { n: number; start: number }
    const data = column.data as Int32Array
    return () => checkRange(data, start, start + n - 1, waiting, refuse)
  }
  if (space.kind === 'MultiDiscrete') {
    const nvec = Int32Array.from((space as Space & { nvec: readonly number[] }).nvec)
    const data = column.data as Int32Array
    return () => checkRanges(data, nvec, waiting, refuse)
  }
  if (space.kind === 'Box' && column.dtype.startsWith('float')) return () => checkFinite(column, waiting, refuse)
  return () => {
    for (let row = 0; row < waiting.length; row++) {
      if (waiting[row] === 0 && !space.contains(space.read(actions, row))) refuse(row)
    }
  }
}

type Refuse = (row: number) => never

function checkRange(data: Int32Array, low: number, high: number, waiting: Uint8Array, refuse: Refuse): void {
  for (let row = 0; row < data.length; row++) {
    const action = data[row]!
    if ((action < low || action > high) && waiting[row] === 0) refuse(row)
  }
}

function checkRanges(data: Int32Array, nvec: Int32Array, waiting: Uint8Array, refuse: Refuse): void {
  const size = nvec.length
  for (let row = 0; row < waiting.length; row++) {
    for (let i = 0; i < size; i++) {
      const action = data[row * size + i]!
      if ((action < 0 || action >= nvec[i]!) && waiting[row] === 0) refuse(row)
    }
  }
}

function checkFinite({ data, size }: Column, waiting: Uint8Array, refuse: Refuse): void {
  for (let i = 0; i < data.length; i++) {
    // x - x is 0 for finite x and NaN otherwise.
    if (data[i]! - data[i]! !== 0 && waiting[Math.floor(i / size)] === 0) refuse(Math.floor(i / size))
  }
}
