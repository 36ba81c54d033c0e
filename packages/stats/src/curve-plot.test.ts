import { expect, test } from 'vitest'
import { curvePlot } from './curve-plot.ts'

const base = { title: 'CartPole-v1', xLabel: 'environment steps', yLabel: 'return' }

test('a line with its band runs through the right pixels', () => {
  const svg = curvePlot({
    ...base,
    width: 402,
    height: 302,
    series: [{ name: 'ppo', x: [0, 50, 100], y: [0, 50, 100], low: [0, 40, 90], high: [10, 60, 100] }],
  })
  // The axes go from 78 to 378 and, with a margin of 5 above, from 248 (0) up to 48 (105).
  expect(svg).toContain('<path d="M78 248L228 152.8L378 57.5" fill="none" stroke="#0072b2"')
  expect(svg).toContain(
    '<path d="M78 229L228 133.7L378 57.5L378 76.6L228 171.8L78 248Z" fill="#0072b2" fill-opacity="0.18"/>',
  )
  expect(svg).toContain('fill="#ffffff"')
  expect(svg).toMatch(/>environment steps<\/text>/)
})

test('a gap splits the line, and a lone point is a dot', () => {
  const y = [1, 2, Number.NaN, 3, Number.NaN, 4, 5]
  const svg = curvePlot({ ...base, series: [{ name: 'a', x: [0, 1, 2, 3, 4, 5, 6], y }] })
  expect(svg.match(/stroke-linejoin/g)).toHaveLength(2)
  expect(svg.match(/<circle/g)).toHaveLength(1)
  expect(svg).not.toContain('NaN')
})

test('several series have a legend, one has none; reference lines are labelled', () => {
  const one = { name: 'first', x: [0, 1], y: [1, 2] }
  const lines = [{ y: 1.5, label: 'bar 1.5' }]
  expect(curvePlot({ ...base, series: [one], lines })).not.toContain('>first<')
  const svg = curvePlot({ ...base, series: [one, { ...one, name: 'second' }], lines, caption: 'two' })
  for (const text of ['first', 'second', 'bar 1.5', 'two']) expect(svg).toContain(`>${text}</text>`)
  const many = curvePlot({ ...base, series: Array.from({ length: 9 }, (_, i) => ({ ...one, name: `run ${i}` })) })
  expect(many.match(/stroke-dasharray="7 3"/g)).toHaveLength(4)
})

test('texts cannot break out of the markup', () => {
  const svg = curvePlot({ ...base, title: '<script>&"\u0000', series: [{ name: 'a', x: [0], y: [1] }] })
  expect(svg).toContain('<title>&lt;script&gt;&amp;&quot; </title>')
})

test('what cannot be drawn is refused', () => {
  const shape = expect.objectContaining({ code: 'RPR_SHAPE' })
  expect(() => curvePlot({ ...base, series: [] })).toThrow(shape)
  expect(() => curvePlot({ ...base, series: [{ name: 'a', x: [1, 2], y: [1] }] })).toThrow(
    "'a' has 2 steps and 1 values",
  )
  expect(() => curvePlot({ ...base, series: [{ name: 'a', x: [1], y: [Number.NaN] }] })).toThrow(shape)
})

test('logarithmic axes, thin lines of each run, and markers with bars', () => {
  const one = { name: 'a', x: [1, 10, 100], y: [10, 100, 1000], low: [9, 90, 900], high: [11, 110, 1100] }
  const svg = curvePlot({
    ...base,
    logX: true,
    logY: true,
    markers: true,
    series: [
      { ...one, runs: [{ x: [1, 100], y: [5, 2000] }] },
      { ...one, name: 'b' },
    ],
  })
  expect(svg.match(/<circle/g)).toHaveLength(6)
  expect(svg.match(/stroke-opacity="0.35"/g)).toHaveLength(1)
  expect(svg).not.toMatch(/NaN|Infinity/)
  expect(() => curvePlot({ ...base, logY: true, series: [{ name: 'a', x: [1], y: [0] }] })).toThrow(
    'A logarithmic axis cannot show 0.',
  )
})
