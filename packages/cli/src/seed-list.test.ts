import { expect, test } from 'vitest'
import { parseSeeds } from './seed-list.ts'

test.each([
  ['1..5', [1, 2, 3, 4, 5]],
  ['3', [3]],
  ['1,2,3', [1, 2, 3]],
  ['0..2, 10', [0, 1, 2, 10]],
])('%s', (text, seeds) => {
  expect(parseSeeds(text)).toEqual(seeds)
})

test.each([
  ['5..1', 'RPR_OPTION_RANGE'],
  ['1,1', 'RPR_OPTION_RANGE'],
  ['1..3,2', 'RPR_OPTION_RANGE'],
  ['0..5000000000', 'RPR_OPTION_RANGE'],
  ['1..2000', 'RPR_OPTION_RANGE'],
  ['4294967296', 'RPR_OPTION_RANGE'],
  ['', 'RPR_OPTION_TYPE'],
  ['one', 'RPR_OPTION_TYPE'],
  ['1...5', 'RPR_OPTION_TYPE'],
  ['-1', 'RPR_OPTION_TYPE'],
  ['1.5', 'RPR_OPTION_TYPE'],
])('%s is refused', (text, code) => {
  expect(() => parseSeeds(text)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(`'${text}'`) }),
  )
})
