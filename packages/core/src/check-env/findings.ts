import type { AnyEnv } from '../env.ts'
import type { MaybePromise } from '../types.ts'

export interface Finding {
  readonly level: 'error' | 'warning'
  /** Which check: `reset-determinism`. */
  readonly check: string
  /** What is wrong and what to do. */
  readonly message: string
}

/** What the checks of one environment share. */
export interface Trial {
  readonly findings: Findings
  readonly make: () => AnyEnv
  readonly seed: number
  readonly steps: number
}

/** A fault in every step of a long episode is one finding: numbers aside, each message is kept once. */
export class Findings {
  readonly #kinds = new Set<string>()
  readonly list: Finding[] = []

  error(check: string, message: string): void {
    this.#add('error', check, message)
  }

  warning(check: string, message: string): void {
    this.#add('warning', check, message)
  }

  has(check: string): boolean {
    return this.list.some((finding) => finding.check === check)
  }

  #add(level: Finding['level'], check: string, message: string): void {
    const kind = `${check} ${message.replace(/-?(\d+(\.\d+)?(e[+-]?\d+)?|Infinity|NaN)/g, '#')}`
    if (this.#kinds.has(kind)) return
    this.#kinds.add(kind)
    this.list.push({ level, check, message })
  }
}

/** The result, or undefined and an error finding where `action` throws. */
export async function attempt<T>(
  findings: Findings,
  check: string,
  action: () => MaybePromise<T>,
  advice: string,
): Promise<T | undefined> {
  try {
    return await action()
  } catch (error) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    findings.error(check, `It threw ${what.replace(/\.$/, '')}. ${advice}`)
    return undefined
  }
}

/** Where two values first differ, as a path, or undefined where they are alike. NaN equals NaN. */
export function difference(a: unknown, b: unknown, path = ''): string | undefined {
  if (Object.is(a, b)) return undefined
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return `${path === '' ? 'the value' : path}: ${String(a)} against ${String(b)}`
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  const keys = new Set([...Object.keys(left), ...Object.keys(right)])
  for (const key of keys) {
    const found = difference(left[key], right[key], path === '' ? key : `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}
