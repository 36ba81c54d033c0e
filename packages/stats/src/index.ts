export {
  type Aggregate,
  average,
  iqm,
  mean,
  median,
  optimalityGap,
  quantile,
  taskMeans,
} from './aggregate.ts'
export { shortNumber } from './axis.ts'
export { type BootstrapOptions, type Interval, interval, intervals } from './bootstrap.ts'
export {
  aggregateCurves,
  alignCurves,
  type Band,
  type Curve,
  type CurveOptions,
  interpolate,
  sampleEfficiency,
} from './curve.ts'
export { type CurvePlotOptions, curvePlot, type PlotSeries } from './curve-plot.ts'
export { groupRuns, type RunGroup } from './group-runs.ts'
export { improvementInterval, probabilityOfImprovement } from './improvement.ts'
export { type IntervalPlotOptions, type IntervalRow, intervalPlot } from './interval-plot.ts'
export { type PairedDifference, pairedDifference } from './paired.ts'
export { type PlotRunsOptions, type PlottedRuns, plotRuns } from './plot-runs.ts'
export { performanceProfile, profileIntervals } from './profile.ts'
export { type ProfilePlotOptions, profilePlot } from './profile-plot.ts'
export { findRuns, type MetricRow, type Run, type RunEvaluation, readRun, runCurve, runMetrics } from './run.ts'
export { checkScores, type Scores, singleTask } from './scores.ts'
export { escapeText, FAINT, GRID, INK, PAPER, SERIES_COLORS } from './svg.ts'
