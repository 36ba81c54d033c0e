import { RepriseError, type TypedArray } from '@reprise/core'

/** A whole episode as plain data: what a rollout of one prompt or task leaves behind. */
export interface StoredEpisode {
  /** Names the episode for ever (run, actor, number): what was stored under a key is not stored again. */
  readonly key: string
  /** [length, ...] by name, flat: observations, actions, log-probabilities, ... */
  readonly columns: Readonly<Record<string, TypedArray>>
  /** Decisions. */
  readonly length: number
  /** Undiscounted. */
  readonly return: number
  /** Success in [0, 1]; NaN where none was reported. */
  readonly outcome: number
  /** Which policy acted: a count of its updates. */
  readonly policyVersion: number
  /** When it was played: a count of the learner's iterations. Absent: 0. */
  readonly iteration?: number
  /** Its advantage in the group that it was played in. Absent: NaN, unknown. */
  readonly advantage?: number
  /** Whether it was cut off. */
  readonly truncated?: boolean
  /** How it began, as JSON {seed, options}: with its actions it can be played again. Absent: unknown. */
  readonly origin?: string
}

/** A copy that shares nothing. All its columns lie in one buffer: one allocation per episode, not one per column. */
export function copyOfEpisode(episode: StoredEpisode): StoredEpisode {
  const { columns, length } = episode
  return { ...episode, columns: copyOfRows({ columns, rows: length, from: 0 }, length, undefined) }
}

export type EpisodeColumns = StoredEpisode['columns']

/** Where an episode lies among others of a batch. */
export interface PackedRows {
  /** [rows of the batch, ...] by name. */
  readonly columns: EpisodeColumns
  readonly rows: number
  /** Its first row. */
  readonly from: number
}

/** Elements from which on the built-in copy is faster than a loop. */
const LONG = 256

/** The columns of `length` rows, in one new buffer, or written over `into`: columns of the same layout and length. */
export function copyOfRows(
  { columns, rows, from }: PackedRows,
  length: number,
  into: EpisodeColumns | undefined,
): EpisodeColumns {
  const out = into ?? emptyLike(columns, rows, length)
  for (const name in columns) {
    const source = columns[name]!
    const target = out[name]!
    const n = target.length
    const start = from * (source.length / rows)
    if (n < LONG) for (let i = 0; i < n; i++) target[i] = source[start + i]!
    else target.set(source.subarray(start, start + n) as never)
  }
  return out
}

/** Names, kinds and sizes of a row of columns: columns of one layout and length can be written over each other. */
export function layoutOf({ columns, rows }: PackedRows): string {
  return Object.entries(columns)
    .map(([name, column]) => `${name} ${column.constructor.name} ${column.length / rows}`)
    .sort()
    .join(', ')
}

function emptyLike(columns: EpisodeColumns, rows: number, length: number): EpisodeColumns {
  let bytes = 0
  for (const name in columns) bytes += aligned((columns[name]!.byteLength / rows) * length)
  const buffer = new ArrayBuffer(bytes)
  const out: Record<string, TypedArray> = {}
  let at = 0
  for (const name in columns) {
    const column = columns[name]!
    const Type = column.constructor as new (buffer: ArrayBuffer, at: number, length: number) => TypedArray
    const view = new Type(buffer, at, (column.length / rows) * length)
    out[name] = view
    at += aligned(view.byteLength)
  }
  return out
}

/** Every kind of element may begin there. */
function aligned(bytes: number): number {
  return (bytes + 7) & ~7
}

/** Bytes of so many rows. */
export function bytesOfRows({ columns, rows }: PackedRows, length: number): number {
  let bytes = 0
  for (const name in columns) bytes += columns[name]!.byteLength
  return (bytes / rows) * length
}

/** Bytes of an episode's columns. */
export function bytesOfEpisode({ columns }: StoredEpisode): number {
  let bytes = 0
  for (const name in columns) bytes += columns[name]!.byteLength
  return bytes
}

/** @throws RepriseError RPR_SHAPE for columns that do not fit the length, RPR_OPTION_RANGE for the rest */
export function checkEpisode(episode: StoredEpisode): void {
  checkFields(episode)
  const { key, columns, length } = episode
  for (const name in columns) {
    const column = columns[name]!
    if (column.length % length === 0) continue
    throw new RepriseError(
      'RPR_SHAPE',
      `Column '${name}' of episode '${key}' has ${column.length} elements, which do not fit ${length} decisions.`,
      { value: column.length, hint: 'Every column holds the same number of elements per decision.' },
    )
  }
}

/** All but the columns. */
export function checkFields(episode: Omit<StoredEpisode, 'columns'>): void {
  const { key, length, outcome, policyVersion } = episode
  if (typeof key !== 'string' || key === '') refuse(key, 'key', key, 'text that names the episode')
  if (!Number.isSafeInteger(length) || length < 1) refuse(key, 'length', length, 'an integer >= 1')
  if (!Number.isFinite(episode.return)) refuse(key, 'return', episode.return, 'a finite number')
  if (!Number.isNaN(outcome) && !(outcome >= 0 && outcome <= 1))
    refuse(key, 'outcome', outcome, 'a number in [0, 1] or NaN')
  if (!Number.isSafeInteger(policyVersion) || policyVersion < 0)
    refuse(key, 'policyVersion', policyVersion, 'an integer >= 0')
}

function refuse(key: string, name: string, value: unknown, range: string): never {
  throw new RepriseError('RPR_OPTION_RANGE', `Episode '${key}' has ${name} = ${String(value)}.`, {
    value,
    hint: `It takes ${range}.`,
  })
}
