import { Pcg64, RepriseError } from '@reprise/core'
import { type Aggregate, iqm, sortedQuantile } from './aggregate.ts'
import { type BootstrapOptions, COMPARISON_REPS } from './bootstrap.ts'
import { checkScores, type Scores } from './scores.ts'

/** One run's values over environment steps, `x` ascending. */
export interface Curve {
  readonly x: readonly number[]
  readonly y: readonly number[]
}

/** An aggregate over runs with its interval at each point. */
export interface Band extends Curve {
  readonly low: readonly number[]
  readonly high: readonly number[]
}

export interface CurveOptions extends BootstrapOptions {
  aggregate?: Aggregate
  /** Points at which curves of different steps are compared. */
  points?: number
}

/**
 * Sample efficiency over several runs of one task: the aggregate (IQM) at each step with its interval. Runs whose
 * steps differ are interpolated linearly onto common steps, within the range that all of them cover.
 * @throws RepriseError RPR_SHAPE where a curve is empty or ragged, or the runs share no range
 */
export function aggregateCurves(runs: readonly Curve[], options: CurveOptions = {}): Band {
  const { x, curves } = alignCurves(runs, options.points)
  return {
    x,
    ...sampleEfficiency(
      curves.map((y) => [y]),
      options,
    ),
  }
}

/**
 * The aggregate over runs and tasks at each of several points: `values[run][task][point]`. Runs are drawn again per
 * task, each with its whole curve (rliable draws anew at every point: each point's interval has the same distribution).
 * @throws RepriseError RPR_SHAPE
 */
export function sampleEfficiency(
  values: readonly (readonly (readonly number[])[])[],
  options: CurveOptions = {},
): { y: number[]; low: number[]; high: number[] } {
  const { aggregate = iqm, reps = COMPARISON_REPS, confidence = 0.95, seed = 0 } = options
  const points = values[0]?.[0]?.length ?? 0
  const at = (point: number): Scores => values.map((run) => run.map((curve) => curve[point] ?? Number.NaN))
  const slices = Array.from({ length: points }, (_, point) => at(point))
  const shapes = slices.map(checkScores)
  const shape = shapes[0]
  if (!shape) throw new RepriseError('RPR_SHAPE', 'There are no points to aggregate.', { value: values })
  const { runs, tasks } = shape

  const rng = new Pcg64(seed)
  const chosen = new Int32Array(runs * tasks)
  const resampled = Array.from({ length: runs }, () => new Array<number>(tasks).fill(0))
  const draws = slices.map(() => new Float64Array(reps))
  for (let rep = 0; rep < reps; rep++) {
    for (let i = 0; i < chosen.length; i++) chosen[i] = rng.integers(runs)
    for (let point = 0; point < points; point++) {
      for (let i = 0; i < chosen.length; i++) {
        const task = i % tasks
        resampled[(i - task) / tasks]![task] = slices[point]![chosen[i]!]![task]!
      }
      draws[point]![rep] = aggregate(resampled)
    }
  }
  const tail = (1 - confidence) / 2
  for (const draw of draws) draw.sort()
  return {
    y: slices.map(aggregate),
    low: draws.map((draw) => sortedQuantile(draw, tail)),
    high: draws.map((draw) => sortedQuantile(draw, 1 - tail)),
  }
}

/** The runs' values at common steps: their own where all agree, else `points` steps over the range that all cover. */
export function alignCurves(runs: readonly Curve[], points = 100): { x: number[]; curves: number[][] } {
  for (const { x, y } of runs) {
    if (x.length === 0 || x.length !== y.length) {
      throw new RepriseError('RPR_SHAPE', `A curve has ${x.length} steps and ${y.length} values.`)
    }
  }
  const first = runs[0]
  if (!first) throw new RepriseError('RPR_SHAPE', 'There are no curves.', { value: runs })
  if (runs.every(({ x }) => x.length === first.x.length && x.every((step, i) => step === first.x[i]))) {
    return { x: [...first.x], curves: runs.map(({ y }) => [...y]) }
  }
  const from = Math.max(...runs.map(({ x }) => x[0]!))
  const to = Math.min(...runs.map(({ x }) => x.at(-1)!))
  if (from > to) throw new RepriseError('RPR_SHAPE', 'The curves share no steps.', { value: [from, to] })
  const count = from === to ? 1 : points
  const x = Array.from({ length: count }, (_, i) => (count === 1 ? from : from + ((to - from) * i) / (count - 1)))
  return { x, curves: runs.map((curve) => x.map((step) => interpolate(curve, step))) }
}

/** The value at `step` on the straight line between its neighbours; the nearest end's beyond the curve. */
export function interpolate({ x, y }: Curve, step: number): number {
  const right = x.findIndex((value) => value >= step)
  if (right === -1) return y.at(-1)!
  if (right === 0 || x[right] === step) return y[right]!
  const part = (step - x[right - 1]!) / (x[right]! - x[right - 1]!)
  return y[right - 1]! + part * (y[right]! - y[right - 1]!)
}
