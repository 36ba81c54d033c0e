import { expect, test } from 'vitest'
import { golden } from './golden.ts'
import { performanceProfile } from './profile.ts'
import { profilePlot } from './profile-plot.ts'

test('a profile per method between 0 and 1, at the values of performanceProfile', () => {
  const svg = profilePlot({
    title: 'Profile',
    xLabel: 'score',
    thresholds: golden.thresholds,
    width: 402,
    height: 302,
    methods: [{ name: 'a', scores: golden.a }],
  })
  // The axes go from 78 to 378 (0 to 1.25) and from 248 (0) up to 66 (1).
  const points = performanceProfile(golden.a, golden.thresholds).map(
    (y, i) => `${78 + 60 * i} ${Math.round((248 - 182 * y) * 10) / 10}`,
  )
  expect(svg).toContain(`<path d="M${points.join('L')}" fill="none"`)
})

test('without thresholds the whole range of scores is covered', () => {
  const scores = [[0], [10]]
  const methods = ['a', 'b'].map((name) => ({ name, scores }))
  expect(profilePlot({ title: 't', xLabel: 'x', methods })).toContain('>fraction of runs above</text>')
  expect(() => profilePlot({ title: 't', xLabel: 'x', methods: [{ name: 'a', scores: [] }] })).toThrow(
    expect.objectContaining({ code: 'RPR_SHAPE' }),
  )
})
