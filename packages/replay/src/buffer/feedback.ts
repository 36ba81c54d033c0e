import { RepriseError } from '@reprise/core'
import type { Signal } from '../batch.ts'
import type { DrawnRows } from '../view/view.ts'

/** Rows that a message names at most. */
const SHOWN = 16

/**
 * The numbers of a signal. TD errors may have either sign, scores may not be negative.
 * @throws RPR_REPLAY_SCORE, RPR_SHAPE
 */
export function readSignal({ tdError, score }: Signal, rows: number): ArrayLike<number> {
  const values = score ?? tdError
  if (values === undefined || (score !== undefined && tdError !== undefined) || values.length !== rows) {
    throw new RepriseError('RPR_SHAPE', `Feedback needs ${rows} numbers, as 'tdError' or as 'score'.`, {
      value: values?.length,
      hint: 'Give one number per row of the batch, in one of the two.',
    })
  }
  const least = score === undefined ? Number.NEGATIVE_INFINITY : -Number.MIN_VALUE
  for (let i = 0; i < rows; i++) {
    const value = values[i]!
    if (!(value > least && value < Number.POSITIVE_INFINITY)) throw refuseScores(values, rows, least)
  }
  return values
}

function refuseScores(values: ArrayLike<number>, rows: number, least: number): RepriseError {
  const bad: number[] = []
  for (let i = 0; i < rows; i++) if (!(values[i]! > least && values[i]! < Number.POSITIVE_INFINITY)) bad.push(i)
  const range = Number.isFinite(least) ? 'finite numbers >= 0' : 'finite numbers'
  return new RepriseError(
    'RPR_REPLAY_SCORE',
    `Feedback of ${bad.length} rows is not legal: rows ${list(bad)}, the first with ${values[bad[0]!]}.`,
    { value: bad, hint: `It takes ${range}; nothing was changed. Look for a loss that has diverged.` },
  )
}

/** The error of strict mode. */
export function refuseStale(
  batch: DrawnRows,
  isCurrent: (slot: number, generation: number) => boolean,
  count: number,
): RepriseError {
  const { rows, handles, synthetic } = batch
  const stale: number[] = []
  for (let i = 0; i < rows; i++) {
    if (!synthetic[i] && !isCurrent(handles.slots[i]!, handles.generations[i]!)) stale.push(i)
  }
  return new RepriseError(
    'RPR_REPLAY_STALE',
    `${count} rows were overwritten since they were drawn: rows ${list(stale)}.`,
    {
      value: stale,
      hint: 'Give feedback before adding, raise the capacity, or leave strict mode, which ignores and counts such rows.',
    },
  )
}

function list(rows: readonly number[]): string {
  return rows.length <= SHOWN ? rows.join(', ') : `${rows.slice(0, SHOWN).join(', ')}, ...`
}
