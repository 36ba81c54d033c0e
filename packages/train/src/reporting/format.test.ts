import { expect, test } from 'vitest'
import {
  formatCount,
  formatDuration,
  formatMetric,
  formatRate,
  formatReward,
  plainLine,
  sparkline,
  truncate,
} from './format.ts'

test.each([
  [formatCount, 0, '0'],
  [formatCount, 999, '999'],
  [formatCount, 1234567, '1,234,567'],
  [formatRate, 0, '0.0'],
  [formatRate, 99.94, '99.9'],
  [formatRate, 950, '950'],
  [formatRate, 999.9, '1.00k'],
  [formatRate, 12345, '12.3k'],
  [formatRate, 4561234, '4.56M'],
  [formatRate, Number.NaN, '-'],
  [formatDuration, 0, '0:00'],
  [formatDuration, 59.6, '1:00'],
  [formatDuration, 3723, '1:02:03'],
  [formatDuration, 183600, '2d 03h'],
  [formatDuration, Number.NaN, '-'],
  [formatDuration, Number.POSITIVE_INFINITY, '-'],
  [formatMetric, 0, '0'],
  [formatMetric, 3e-4, '3.00e-4'],
  [formatMetric, -0.00123, '-0.0012'],
  [formatMetric, 1.5, '1.500'],
  [formatMetric, 482.14, '482.1'],
  [formatMetric, Number.NaN, 'NaN'],
  [formatMetric, Number.NEGATIVE_INFINITY, '-inf'],
  [formatReward, -170.36, '-170.4'],
  [formatReward, 0.73, '0.7300'],
] as const)('%o of %d', (format, value, text) => {
  expect(format(value)).toBe(text)
})

test('a sparkline spans its values and its width', () => {
  expect(sparkline([], 10)).toBe('')
  expect(sparkline([1, 1, 1], 10)).toBe('▄▄▄')
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe('▁▂▃▄▅▆▇█')
  expect(sparkline([0, 0, Number.NaN, 7, 7], 2)).toBe('▁█')
  expect(
    sparkline(
      Array.from({ length: 999 }, (_, i) => i),
      40,
    ),
  ).toHaveLength(40)
})

test('truncate counts characters, plainLine removes control characters', () => {
  expect(truncate('abcdef', 6)).toBe('abcdef')
  expect(truncate('abcdef', 4)).toBe('abc…')
  expect(truncate('🙂🙂🙂', 2)).toBe('🙂…')
  expect(truncate('abc', 0)).toBe('')
  expect(plainLine('a\x1b[31mb\nc')).toBe('a [31mb c')
})
