/** How an error reaches a person: one message for what they can put right, everything for what is our fault. */
import { ERROR_CODES } from '@reprise/core'
import type { Io } from './io.ts'

/** Writes the error and gives the exit code: 2 for a coded error, 1 for any other. */
export function reportError(error: unknown, io: Io): number {
  if (isCoded(error)) {
    io.err(`error ${error.code}: ${error.message}`)
    return 2
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  // The loader of users' files marks their URLs.
  io.err(`unexpected error: ${stack.replaceAll(/\?reprise-user=[\d.]+/g, '')}`)
  io.err('This is a fault in Reprise or in an environment, not in how it was called.')
  io.err(
    "If the stack names your environment's file, look there ('check-env' tests it); else please report it with the",
  )
  io.err("command you ran and what 'reprise doctor' prints. A run that was going on keeps its last checkpoint.")
  return 1
}

/** Also an error of another copy of @reprise/core: a user's file may have brought its own. */
function isCoded(error: unknown): error is Error & { code: string } {
  return error instanceof Error && error.name === 'RepriseError' && (error as { code?: string }).code! in ERROR_CODES
}
