/** Ctrl-C: the first asks the run to save and stop, the second quits at once. */
import type { Io } from './io.ts'

/** Exit code of a process that was interrupted, as shells have it. */
export const INTERRUPTED = 130

export async function interruptible<T>(io: Io, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = io.onInterrupt(() => {
    if (controller.signal.aborted) {
      io.err('Quit at once; the last checkpoint is what resume continues from.')
      io.exit(INTERRUPTED)
      return
    }
    io.err('Stopping: the run is being saved. Ctrl-C again quits at once.')
    controller.abort()
  })
  try {
    return await work(controller.signal)
  } finally {
    stop()
  }
}
