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
export { type BootstrapOptions, type Interval, interval, intervals } from './bootstrap.ts'
export { aggregateCurves, alignCurves, type Band, type Curve, type CurveOptions, sampleEfficiency } from './curve.ts'
export { type CurvePlotOptions, curvePlot, type PlotSeries } from './curve-plot.ts'
export { improvementInterval, probabilityOfImprovement } from './improvement.ts'
export { type PlotRunsOptions, type PlottedRuns, plotRuns } from './plot-runs.ts'
export { performanceProfile, profileIntervals } from './profile.ts'
export { findRuns, type MetricRow, type Run, type RunEvaluation, readRun, runCurve, runMetrics } from './run.ts'
export { checkScores, type Scores, singleTask } from './scores.ts'
