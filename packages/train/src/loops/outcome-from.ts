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
