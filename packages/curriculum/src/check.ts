import { RepriseError } from '@reprise/core'

/** @throws RepriseError RPR_OPTION_RANGE */
export function checkInteger(name: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  refuse(name, value, max === Number.MAX_SAFE_INTEGER ? `an integer >= ${min}` : `an integer from ${min} to ${max}`)
}

/** @throws RepriseError RPR_OPTION_RANGE */
export function checkNumber(name: string, value: number, min: number, max = Number.MAX_VALUE): void {
  if (Number.isFinite(value) && value >= min && value <= max) return
  refuse(name, value, max === Number.MAX_VALUE ? `a number >= ${min}` : `a number in [${min}, ${max}]`)
}

export function refuse(name: string, value: unknown, range: string): never {
  throw new RepriseError('RPR_OPTION_RANGE', `${name} = ${value} is not legal.`, { value, hint: `It takes ${range}.` })
}
