import { option, RepriseError } from '@reprise/core'

/** Reset options `low` and `high` of the start distribution, after Gymnasium. */
export function boundsOptions(low: number, high: number, what: string) {
  return {
    low: option.number({ default: low, doc: `Lower bound of the start distribution of ${what}.` }),
    high: option.number({ default: high, doc: `Upper bound of the start distribution of ${what}.` }),
  }
}

/** @throws RepriseError RPR_OPTION_CONFLICT where low > high */
export function checkBounds({ low, high }: { readonly low: number; readonly high: number }): void {
  if (low <= high) return
  throw new RepriseError('RPR_OPTION_CONFLICT', `Reset options low = ${low} and high = ${high} leave no range.`, {
    value: { low, high },
    hint: 'Choose low <= high.',
  })
}
