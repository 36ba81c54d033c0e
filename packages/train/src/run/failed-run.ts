/** What stands of a run that an error ended. */
export interface FailedRun {
  readonly folder: string
  /** Step of its newest checkpoint, from which it resumes; undefined where it never came to one. */
  readonly checkpoint: number | undefined
}

/** Hangs on the error which run it ended: the command line says how to go on. */
export function tellRun(error: unknown, run: FailedRun): void {
  if (error instanceof Error && Object.isExtensible(error)) Object.defineProperty(error, 'run', { value: run })
}

/** The run that an error ended, if it ended one. */
export function failedRunOf(error: unknown): FailedRun | undefined {
  return error instanceof Error ? (error as Error & { run?: FailedRun }).run : undefined
}
