/** A verb of the command as data: parsing, checks, `--help` and the documentation all come from it. */
import type { Args } from './args.ts'
import type { Io } from './io.ts'

export interface FlagSpec {
  /** `switch` takes no value; `list` takes a text and `pairs` `name=value`, and both may be repeated. */
  readonly kind: 'text' | 'integer' | 'switch' | 'pairs' | 'list'
  /** What stands for the value in help: `<file>`. */
  readonly value?: string
  readonly doc: string
  /** Least legal value of an integer. */
  readonly min?: number
}

export interface ArgumentSpec {
  readonly name: string
  readonly doc: string
  readonly optional?: boolean
  /** Takes every argument that is left; the last of a verb only. */
  readonly many?: boolean
}

export interface VerbSpec {
  readonly name: string
  readonly summary: string
  readonly arguments: readonly ArgumentSpec[]
  readonly flags: Readonly<Record<string, FlagSpec>>
  /** [arguments after the verb, what it does] */
  readonly examples: readonly (readonly [string, string])[]
  /** Pairs of flags that contradict each other. */
  readonly conflicts?: readonly (readonly [string, string])[]
  /** Loaded only when the verb runs, so that help and usage errors start fast. Resolves to the exit code. */
  readonly load: () => Promise<(args: Args, io: Io) => Promise<number>>
  /** Hands everything after its name on as it is, `--help` too. */
  readonly passesOn?: boolean
  /** Started by other verbs, not by people: in no list. */
  readonly hidden?: boolean
  /** More help that depends on the arguments, such as the options of an algorithm. */
  readonly more?: (args: Args) => Promise<readonly string[]>
}

/** Flags of every verb. */
export const COMMON_FLAGS: Readonly<Record<string, FlagSpec>> = {
  help: { kind: 'switch', doc: 'Show this help' },
}
