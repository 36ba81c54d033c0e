/** What the command reads and writes apart from files: the process in earnest, something smaller in tests. */
import { repriseCommand } from '@reprise/core'
import type { SessionResult } from '@reprise/train'

export interface Io {
  /** Without the line break. */
  out(line: string): void
  err(line: string): void
  readonly isTTY: boolean
  /** How a user starts the command here: `reprise`, or `npx --no reprise` in a repository. */
  readonly command: string
  /** Calls `listener` at every Ctrl-C (and SIGTERM) until the returned function is called. */
  onInterrupt(listener: () => void): () => void
  /** Ends the process at once. */
  exit(code: number): void
  /** In a child of `train --seeds`: hands the outcome to the parent, which speaks to the person. */
  report?(session: SessionResult): void
}

/** Set for the child processes of `train --seeds`. */
export const SEED_CHILD = 'REPRISE_SEED_CHILD'

export function processIo(): Io {
  const io: Io = {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    isTTY: process.stdout.isTTY === true,
    command: repriseCommand(),
    onInterrupt(listener) {
      const signals = ['SIGINT', 'SIGTERM'] as const
      for (const signal of signals) process.on(signal, listener)
      return () => {
        for (const signal of signals) process.removeListener(signal, listener)
      }
    },
    exit: (code) => process.exit(code),
  }
  return process.env[SEED_CHILD] === '1' && process.send ? seedChildIo(io, process.send.bind(process)) : io
}

/**
 * A child takes its orders from the parent: a Ctrl-C at the terminal reaches both, and would count twice. Where the
 * parent is gone, the child saves and stops by itself.
 */
function seedChildIo(io: Io, send: (message: object) => boolean): Io {
  process.on('SIGINT', () => {})
  return {
    ...io,
    onInterrupt(listener) {
      let asked = false
      const ask = () => {
        asked = true
        listener()
      }
      const terminate = () => {
        if (!asked) ask()
      }
      process.on('message', ask)
      process.on('disconnect', ask)
      process.on('SIGTERM', terminate)
      // Without its listeners the channel no longer keeps the process alive.
      return () => {
        process.removeListener('message', ask)
        process.removeListener('disconnect', ask)
        process.removeListener('SIGTERM', terminate)
      }
    },
    report: (session) => send(session),
  }
}
