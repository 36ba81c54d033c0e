import { expect, test } from 'vitest'
import { intervalPlot } from './interval-plot.ts'

const base = { title: 'Scores', xLabel: 'return' }

test('seeds, interval and aggregate stand at the right pixels', () => {
  const svg = intervalPlot({
    ...base,
    width: 400,
    range: [0, 100],
    rows: [{ label: 'dqn', value: 50, low: 25, high: 75, points: [20, 50, 80] }],
  })
  // The axis runs from 28 + 3 * 12 * 0.57 + 12 = 60.5 to 376; the row's middle is 38 + 14.
  expect(svg).toContain('<path d="M139.4 52H297.1" stroke="#0072b2" stroke-width="8"')
  expect(svg).toContain('<path d="M218.3 44v16"')
  for (const x of [123.6, 218.3, 312.9]) expect(svg).toContain(`<circle cx="${x}" cy="52"`)
})

test('groups are headed, notes and lines labelled, and a row without a value still stands there', () => {
  const svg = intervalPlot({
    ...base,
    lines: [{ x: 475, label: 'bar 475' }],
    rows: [
      { label: 'a', value: 500, low: 490, high: 500, group: 'CartPole-v1', note: '500.0' },
      { label: 'b', value: null, group: 'CartPole-v1', note: 'not run' },
      { label: 'c', value: 450, group: 'Acrobot-v1' },
    ],
  })
  for (const text of ['CartPole-v1', 'Acrobot-v1', 'bar 475', 'not run', 'a', 'b', 'c'])
    expect(svg).toContain(`>${text}</text>`)
  expect(svg).not.toMatch(/NaN|null|undefined/)
})

test('a logarithmic axis, and long labels that are cut', () => {
  const svg = intervalPlot({ ...base, log: true, rows: [{ label: 'x'.repeat(99), value: 100, points: [10, 1000] }] })
  for (const tick of ['10', '100', '1000']) expect(svg).toContain(`>${tick}</text>`)
  expect(svg).toContain('…</text>')
})

test('what cannot be drawn is refused', () => {
  const shape = expect.objectContaining({ code: 'RPR_SHAPE' })
  expect(() => intervalPlot({ ...base, rows: [] })).toThrow(shape)
  expect(() => intervalPlot({ ...base, rows: [{ label: 'a', value: null }] })).toThrow(shape)
  expect(() => intervalPlot({ ...base, log: true, rows: [{ label: 'a', value: -1 }] })).toThrow(shape)
})
