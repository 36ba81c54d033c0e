import { RepriseError } from '@reprise/core'

/** @throws RepriseError RPR_SHAPE, naming the array that is not `length` long */
export function checkLengths(what: string, length: number, arrays: Readonly<Record<string, ArrayLike<number>>>): void {
  for (const name in arrays) {
    const given = arrays[name]!.length
    if (given === length) continue
    throw new RepriseError('RPR_SHAPE', `'${name}' of ${what} has ${given} elements instead of ${length}.`, {
      value: given,
      hint: 'All arrays of one call describe the same rows.',
    })
  }
}
