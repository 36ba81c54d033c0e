/** Moving to another target when one fails: what counts as failing, and where a program goes. */
import { RepriseError } from '@reprise/core'
import { type Choice, refusalOf } from './choose-target.ts'
import type { ProgramRequest, Target } from './target.ts'
import type { Warn } from './warn.ts'

/** A program left one target for another. */
export interface TargetMove {
  readonly from: string
  readonly to: string
  /** One sentence: what the first could not do. */
  readonly reason: string
}

/** Whether another target may do better: not where the function itself, or the call, is wrong. */
function canHelp(error: unknown): boolean {
  return (
    !(error instanceof RepriseError) ||
    error.code === 'RPR_COMPILE_UNSUPPORTED' ||
    error.code === 'RPR_EXECUTOR_MISSING'
  )
}

/** Where a program can still go, and where it has been. */
export class Rescue {
  readonly moves: TargetMove[] = []
  #rest: readonly Target[]
  readonly #warn: Warn

  constructor({ rest }: Choice, warn: Warn) {
    this.#rest = rest
    this.#warn = warn
  }

  /**
   * The first of the remaining targets that takes the program.
   * @throws `error` where there is none, or where none would help
   */
  next(from: Target, error: unknown, request: ProgramRequest): { target: Target; move: TargetMove } {
    const reasons = [error instanceof Error ? error.message : String(error)]
    for (const target of canHelp(error) ? this.#rest : []) {
      const refusal = refusalOf(target, request)
      if (refusal === undefined) {
        return { target, move: { from: from.name, to: target.name, reason: reasons.join(' ') } }
      }
      reasons.push(`${target.name} cannot: ${refusal}`)
    }
    throw error
  }

  /** Remembers a move and says it. A target that was tried is not tried again. */
  moved(target: Target, move: TargetMove): void {
    this.#rest = this.#rest.filter((other) => other !== target)
    this.moves.push(move)
    const message = `Moves from ${move.from} to ${move.to}, with its state. ${move.reason}`
    this.#warn({ code: 'RPR_COMPILE_FALLBACK', message })
  }
}
