import { expect, test } from 'vitest'
import { definitions, table } from './table.ts'

test('columns are aligned, numbers at the right', () => {
  expect(
    table(
      ['id', 'steps'],
      [
        ['CartPole-v1', '500'],
        ['Taxi-v4', '-'],
      ],
    ),
  ).toEqual(['id           steps', '-----------  -----', 'CartPole-v1    500', 'Taxi-v4          -'])
  expect(table(['id'], [])).toEqual(['id', '--'])
})

test('explanations wrap and hang', () => {
  expect(
    definitions(
      [
        ['a', 'one two three four'],
        ['long', 'five'],
      ],
      '  ',
      22,
    ),
  ).toEqual(['  a     one two three', '        four', '  long  five'])
})
