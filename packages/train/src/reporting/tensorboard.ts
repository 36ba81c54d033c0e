/** Writer and reader of TensorBoard event files, without TensorFlow. */
import { existsSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { RepriseError } from '@reprise/core'
import { AppendFile } from '../run/append-file.ts'
import { decodeEvent, type EventRecord, encodeEvent, FILE_VERSION } from './event-record.ts'

export type { EventRecord } from './event-record.ts'

export interface EventFileOptions {
  /** Keep this many bytes of an existing file and drop what follows: the length that a checkpoint recorded. */
  length?: number
  /** Bytes that are gathered before they are written by themselves. */
  bufferBytes?: number
  /** Seconds since 1970, for the records' wall time. */
  now?: () => number
}

/** `events.out.tfevents.<seconds>.reprise`: TensorBoard finds a file by the middle part. */
export function eventFileName(seconds: number): string {
  return `events.out.tfevents.${String(Math.floor(seconds)).padStart(10, '0')}.reprise`
}

/**
 * Appends scalars and texts to an event file, whole records at a time. Records are gathered and written when
 * `bufferBytes` are reached and by `flush()`; a new file gets its version record at once.
 */
export class EventFileWriter {
  readonly path: string
  readonly #file: AppendFile
  readonly #limit: number
  readonly #now: () => number
  #pending: Uint8Array[] = []
  #pendingBytes = 0

  /**
   * Opens `path` for appending, or creates it.
   * @throws RepriseError RPR_RUN_INVALID where the file is shorter than `length`; RPR_FILE_UNWRITABLE
   */
  constructor(path: string, options: EventFileOptions = {}) {
    this.path = path
    this.#limit = options.bufferBytes ?? 65536
    this.#now = options.now ?? (() => Date.now() / 1000)
    if (options.length !== undefined) cut(path, options.length)
    this.#file = new AppendFile(path)
    if (this.#file.length === 0) {
      this.#append(encodeEvent({ wallTime: this.#now(), fileVersion: FILE_VERSION }))
      this.flush()
    }
  }

  /** One event with all `values` of a log row. `step`: an integer >= 0. */
  scalars(values: Readonly<Record<string, number>>, step: number): void {
    this.#append(encodeEvent({ wallTime: this.#now(), step, scalars: values }))
  }

  /** Markdown text, shown in TensorBoard's Text tab. */
  text(tag: string, text: string, step: number): void {
    this.#append(encodeEvent({ wallTime: this.#now(), step, texts: { [tag]: text } }))
  }

  /** Writes what is gathered; returns the file's length in bytes, for a checkpoint. */
  flush(): number {
    if (this.#pendingBytes > 0) {
      const bytes = Buffer.concat(this.#pending, this.#pendingBytes)
      this.#pending = []
      this.#pendingBytes = 0
      this.#file.append(bytes)
    }
    return this.#file.length
  }

  close(): void {
    this.flush()
    this.#file.close()
  }

  #append(record: Uint8Array): void {
    this.#pending.push(record)
    this.#pendingBytes += record.length
    if (this.#pendingBytes >= this.#limit) this.flush()
  }
}

function cut(path: string, length: number): void {
  const size = existsSync(path) ? statSync(path).size : 0
  if (size < length) {
    throw new RepriseError('RPR_RUN_INVALID', `'${path}' has ${size} bytes where ${length} were written.`, {
      value: path,
      hint: 'Restore the file, or resume from an earlier checkpoint.',
    })
  }
  if (size > length) truncateSync(path, length)
}

export interface EventFile {
  readonly events: readonly EventRecord[]
  /** Length of the whole records; less than the file's where the last one is incomplete. */
  readonly validBytes: number
}

/**
 * Reads every whole record of an event file.
 * @throws RepriseError RPR_FILE_MISSING; RPR_RUN_INVALID where a checksum is wrong
 */
export function readEventFile(path: string): EventFile {
  if (!existsSync(path)) {
    throw new RepriseError('RPR_FILE_MISSING', `There is no file '${path}'.`, { value: path })
  }
  const file = readFileSync(path)
  const events: EventRecord[] = []
  let at = 0
  try {
    for (let found = decodeEvent(file, at); found; found = decodeEvent(file, at)) {
      events.push(found.event)
      at = found.next
    }
  } catch (cause) {
    throw new RepriseError('RPR_RUN_INVALID', `'${path}' is damaged: ${(cause as Error).message}.`, {
      value: path,
      hint: 'Delete it: the same values are in metrics.jsonl.',
      cause,
    })
  }
  return { events, validBytes: at }
}
