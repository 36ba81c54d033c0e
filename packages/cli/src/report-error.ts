/** How an error reaches a person: one message for what they can put right, everything for what is our fault. */
import { fileURLToPath } from 'node:url'
import { ERROR_CODES } from '@reprise/core'
import type { FailedRun } from '@reprise/train'
import type { Io } from './io.ts'
import { quoted } from './shown.ts'

/** Writes the error and gives the exit code: 2 for a coded error, 1 for any other. */
export function reportError(error: unknown, io: Io): number {
  if (isCoded(error)) {
    io.err(`error ${error.code}: ${error.message}`)
    if (error.code === 'RPR_ENV_FAILED') {
      const place = userPlace(error.cause)
      if (place !== undefined) io.err(`  at ${place}`)
      tellRun(error, io)
    }
    return 2
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  // The loader of users' files marks their URLs.
  io.err(`unexpected error: ${unmarked(stack)}`)
  io.err('This is a fault in Reprise or in an environment, not in how it was called.')
  io.err(
    "If the stack names your environment's file, look there ('check-env' tests it); else please report it with the",
  )
  io.err(`command you ran and what '${io.command} doctor' prints. A run that was going on keeps its last checkpoint.`)
  tellRun(error, io)
  return 1
}

/** The run that the error ended, and how to go on with it. */
function tellRun(error: unknown, io: Io): void {
  // Read off the error itself: importing the training package only to report would be slow.
  const run = error instanceof Error ? (error as Error & { run?: FailedRun }).run : undefined
  if (run === undefined) return
  const folder = quoted(run.folder)
  if (run.checkpoint === undefined) {
    io.err(`The run is in ${folder}; it had no checkpoint yet: start it anew in another folder.`)
    return
  }
  io.err(`The run is in ${folder}; its checkpoint of step ${run.checkpoint} is intact.`)
  io.err(`Once that is put right, continue with: ${io.command} resume ${folder}`)
}

/** Where Reprise itself lies, in a repository; installed it lies in node_modules. */
const OWN = fileURLToPath(new URL('../../', import.meta.url))

/** `file:line:column` of the topmost frame in a user's own file. */
function userPlace(cause: unknown): string | undefined {
  const stack = cause instanceof Error ? (cause.stack ?? '') : ''
  for (const line of unmarked(stack).split('\n')) {
    const frame = /^\s+at (?:.*\()?(?:async )?(file:\/\/)?((?:\/|[A-Za-z]:[\\/]).*:\d+:\d+)\)?$/.exec(line)
    if (!frame) continue
    const place = frame[1] === undefined ? frame[2]! : decodeURI(frame[2]!)
    if (!place.includes('node_modules') && !place.startsWith(OWN)) return place
  }
  return undefined
}

function unmarked(text: string): string {
  return text.replaceAll(/\?reprise-user=[\d.]+/g, '')
}

/** Also an error of another copy of @reprise/core: a user's file may have brought its own. */
function isCoded(error: unknown): error is Error & { code: string } {
  return error instanceof Error && error.name === 'RepriseError' && (error as { code?: string }).code! in ERROR_CODES
}
