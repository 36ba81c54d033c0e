/** What a collector thread and the thread that trains say to each other: plain data. */
import type { HostTree } from '@reprise/backend'
import { type ErrorCode, RepriseError } from '@reprise/core'
import type { Played } from './group-collector.ts'
import type { Task } from './tasks.ts'

export type CollectorRequest = PlayRequest | 'close'

export interface PlayRequest {
  /** The executor's state: the policy to play with. */
  readonly state: HostTree
  readonly tasks: readonly Task[]
  readonly size: number
  /** Of the policy's noise: a thread keeps nothing from one request to the next. */
  readonly seed: number
}

export interface PlayedReply {
  readonly played: Omit<Played, 'tasks'>
  /** Return, length and outcome of one episode that ended after the other: as one array it is cloned in no time. */
  readonly ended: Float64Array
  readonly failures: readonly Thrown[]
}

export type PlayReply = PlayedReply | { readonly error: Thrown }

/** An error between threads: cloning it would lose its name and what it carries. */
export interface Thrown {
  readonly name: string
  readonly message: string
  readonly stack?: string | undefined
  readonly code?: ErrorCode
  readonly hint?: string | undefined
}

export function thrownOf(error: unknown): Thrown {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, stack } = error
  return { name, message, stack, ...(error instanceof RepriseError ? { code: error.code, hint: error.hint } : {}) }
}

export function errorOf({ name, message, stack, code, hint }: Thrown): Error {
  if (code !== undefined) {
    // Its message ends with the hint already.
    const text = hint === undefined ? message : message.slice(0, -hint.length - 1)
    return withStack(new RepriseError(code, text, hint === undefined ? {} : { hint }), stack)
  }
  const error = new Error(message)
  error.name = name
  return withStack(error, stack)
}

function withStack(error: Error, stack: string | undefined): Error {
  if (stack !== undefined) error.stack = stack
  return error
}

/** Buffers of what was played, which may change hands instead of being copied. */
export function buffersOf({ played, ended }: PlayedReply): ArrayBuffer[] {
  const { columns, offsets, group, returns, outcomes, truncated, taskIds } = played.episodes
  const arrays = [...Object.values(columns), offsets, group, returns, outcomes, truncated, taskIds, ended]
  return arrays.map(({ buffer }) => buffer as ArrayBuffer)
}
