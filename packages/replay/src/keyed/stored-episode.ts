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
  let bytes = 0
  for (const name in episode.columns) bytes += aligned(episode.columns[name]!.byteLength)
  const buffer = new ArrayBuffer(bytes)
  const columns: Record<string, TypedArray> = {}
  let at = 0
  for (const name in episode.columns) {
    const column = episode.columns[name]!
    const Type = column.constructor as new (buffer: ArrayBuffer, at: number, length: number) => TypedArray
    const copy = new Type(buffer, at, column.length)
    copy.set(column as never)
    columns[name] = copy
    at += aligned(column.byteLength)
  }
  return { ...episode, columns }
}

/** Every kind of element may begin there. */
function aligned(bytes: number): number {
  return (bytes + 7) & ~7
}

/** Bytes of an episode's columns. */
export function bytesOfEpisode({ columns }: StoredEpisode): number {
  let bytes = 0
  for (const name in columns) bytes += columns[name]!.byteLength
  return bytes
}

/** @throws RepriseError RPR_SHAPE for columns that do not fit the length, RPR_OPTION_RANGE for the rest */
export function checkEpisode(episode: StoredEpisode): void {
  const { key, columns, length, outcome, policyVersion } = episode
  const refuse = (name: string, value: unknown, range: string): never => {
    throw new RepriseError('RPR_OPTION_RANGE', `Episode '${key}' has ${name} = ${String(value)}.`, {
      value,
      hint: `It takes ${range}.`,
    })
  }
  if (typeof key !== 'string' || key === '') refuse('key', key, 'text that names the episode')
  if (!Number.isSafeInteger(length) || length < 1) refuse('length', length, 'an integer >= 1')
  if (!Number.isFinite(episode.return)) refuse('return', episode.return, 'a finite number')
  if (!Number.isNaN(outcome) && !(outcome >= 0 && outcome <= 1)) refuse('outcome', outcome, 'a number in [0, 1] or NaN')
  if (!Number.isSafeInteger(policyVersion) || policyVersion < 0)
    refuse('policyVersion', policyVersion, 'an integer >= 0')
  for (const [name, column] of Object.entries(columns)) {
    if (column.length % length === 0) continue
    throw new RepriseError(
      'RPR_SHAPE',
      `Column '${name}' of episode '${key}' has ${column.length} elements, which do not fit ${length} decisions.`,
      { value: column.length, hint: 'Every column holds the same number of elements per decision.' },
    )
  }
}
