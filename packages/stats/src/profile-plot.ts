import { curvePlot } from './curve-plot.ts'
import { profileIntervals } from './profile.ts'
import { checkScores, type Scores } from './scores.ts'

export interface ProfilePlotOptions {
  title: string
  /** What a score is: `return`, `normalised score`. */
  xLabel: string
  methods: readonly { readonly name: string; readonly scores: Scores; readonly color?: number }[]
  caption?: string
  /** Scores at which the fraction is taken; 81 between the least and the greatest score by default. */
  thresholds?: readonly number[]
  width?: number
  height?: number
}

/**
 * Performance profiles: the fraction of runs (of all tasks) above each score, with 95 % bands. A curve that lies above
 * another everywhere belongs to the better method.
 * @throws RepriseError RPR_SHAPE
 */
export function profilePlot(options: ProfilePlotOptions): string {
  const { title, xLabel, methods, caption, width, height } = options
  for (const { scores } of methods) checkScores(scores)
  const thresholds = options.thresholds ?? between(methods.flatMap(({ scores }) => scores.flat()))
  return curvePlot({
    title,
    caption: caption ?? 'higher is better; band: 95 % bootstrap interval',
    xLabel,
    yLabel: 'fraction of runs above',
    yRange: [0, 1],
    width,
    height,
    series: methods.map(({ name, scores, color }) => {
      const profile = profileIntervals(scores, thresholds)
      return {
        name,
        color,
        x: thresholds,
        y: profile.map(({ value }) => value),
        low: profile.map(({ low }) => low),
        high: profile.map(({ high }) => high),
      }
    }),
  })
}

function between(values: readonly number[], count = 81): number[] {
  const low = Math.min(...values)
  const high = Math.max(...values)
  const room = (high - low || Math.abs(high) || 1) * 0.02
  return Array.from({ length: count }, (_, i) => low - room + ((high - low + 2 * room) * i) / (count - 1))
}
