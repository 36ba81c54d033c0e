/** Episodes whose environment threw, where that is tolerated: each kind of failure is made known once. */
import { SyncVectorEnv, type VectorEnv, VectorWrapper } from '@reprise/core'

/** Distinct messages that are made known at most: some name a time or a number that never comes again. */
const MOST = 20

export class Failures {
  readonly #known = new Set<string>()
  readonly #tell: (error: unknown, text: string) => void

  /** `tell`: called with the first error of each distinct message. */
  constructor(tell: (error: unknown, text: string) => void) {
    this.#tell = tell
  }

  note(error: unknown): void {
    const text = describeThrown(error)
    if (this.#known.has(text) || this.#known.size >= MOST) return
    this.#known.add(text)
    this.#tell(error, text)
  }
}

/** [N] what each row threw last under `onError: 'fail'`, below the wrappers; empty where rows cannot throw. */
export function rowErrors(env: VectorEnv): readonly unknown[] {
  if (env instanceof SyncVectorEnv) return env.errors
  return env instanceof VectorWrapper ? rowErrors(env.inner) : []
}

export function describeThrown(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.replace(/\.$/, '')}` : String(error)
}
