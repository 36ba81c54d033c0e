/** What success is: an outcome of the environment, or a mapping from returns. */
import type { EpisodeGroups } from '@reprise/algorithms'
import { RepriseError } from '@reprise/core'

/**
 * `text` as the option `outcomeFrom` gives it: `none` (the environment's own outcome), or `return>x`: 1 where the return of
 * an episode is greater than x, else 0.
 * @throws RepriseError RPR_OPTION_RANGE
 */
export function outcomeFrom(text: string): ((episodeReturn: number) => number) | undefined {
  if (text === 'none') return undefined
  const found = /^return\s*>\s*(\S+)$/.exec(text)
  const bound = Number(found?.[1])
  if (found && Number.isFinite(bound)) return (episodeReturn) => (episodeReturn > bound ? 1 : 0)
  throw new RepriseError('RPR_OPTION_RANGE', `Option 'outcomeFrom' = '${text}' is not legal.`, {
    value: text,
    hint: "It takes none, or return>x with a number x, e.g. 'return>0'.",
  })
}

/** Where tasks are judged, an outcome of at least this is a success. */
export const SUCCESS_AT = 0.5

export function isSuccess(outcome: number): boolean {
  return outcome >= SUCCESS_AT
}

/** @throws RPR_ENV_UNSUPPORTED where an episode ended without an outcome; `what`: the option that needs one */
export function refuseUnknown({ outcomes }: Pick<EpisodeGroups, 'outcomes'>, what: string): void {
  if (!outcomes.some(Number.isNaN)) return
  throw new RepriseError(
    'RPR_ENV_UNSUPPORTED',
    `Option ${what} needs to know what a success is, and the environment reported no outcome for an episode.`,
    { hint: "Let its last step return 'outcome', or say it with the option outcomeFrom, e.g. outcomeFrom='return>0'." },
  )
}
