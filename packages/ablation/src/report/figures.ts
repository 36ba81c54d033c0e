/** Every figure of a report, from its summary alone. Long because it is a list: one function per kind of figure, none calling another. */
import {
  curvePlot,
  type IntervalRow,
  interpolate,
  intervalPlot,
  type PlotSeries,
  profilePlot,
  sampleEfficiency,
  singleTask,
} from '@reprise/stats'
import type { ArmSummary, ExperimentSummary } from '../summary.ts'
import { decimalsOf, ends, fixed, plural, slug } from './format.ts'

export interface Figure {
  /** File name. */
  readonly file: string
  readonly section: 'scores' | 'curves' | 'factor' | 'comparison' | 'profile' | 'overall'
  readonly title: string
  readonly svg: string
}

/** More lines than this and each seed's would hide the rest. */
const MOST_WITH_SEEDS = 3

export function figuresOf(summary: ExperimentSummary): Figure[] {
  return [
    ...scoreFigures(summary),
    ...factorFigures(summary),
    ...curveFigures(summary),
    ...differenceFigures(summary),
    ...improvementFigure(summary),
    ...overallFigures(summary),
    ...profileFigures(summary),
  ]
}

export function tasksOf({ arms }: ExperimentSummary): string[] {
  return [...new Set(arms.map(({ task }) => task))]
}

export function scoreName({ metric, isStudy }: ExperimentSummary): string {
  return isStudy ? metric : metric === 'successRate' ? 'success rate' : 'mean return of the final policy'
}

/** Arms with the same label have the same colour in all figures. */
function colours({ arms }: ExperimentSummary): (arm: Pick<ArmSummary, 'label'>) => number {
  const labels = [...new Set(arms.map(({ label }) => label))]
  return ({ label }) => labels.indexOf(label)
}

function nameOf(arm: Pick<ArmSummary, 'label' | 'isNull'>): string {
  return arm.isNull ? `${arm.label} (null control)` : arm.label
}

/** Tasks whose scores mean the same stand on one axis. */
function panels(summary: ExperimentSummary): { task: string | null; arms: readonly ArmSummary[] }[] {
  const tasks = tasksOf(summary)
  const together = tasks.length === 1 || summary.isStudy || summary.metric === 'successRate'
  if (together) return [{ task: null, arms: summary.arms }]
  return tasks.map((task) => ({ task, arms: summary.arms.filter((arm) => arm.task === task) }))
}

function fileOf(kind: string, task: string | null): string {
  return `${kind}${task === null || task === '' ? '' : `-${slug(task)}`}.svg`
}

function titleOf(what: string, task: string | null): string {
  return task === null || task === '' ? what : `${what}: ${task}`
}

function scoreFigures(summary: ExperimentSummary): Figure[] {
  const color = colours(summary)
  const several = tasksOf(summary).length > 1
  return panels(summary).flatMap(({ task, arms }): Figure[] => {
    if (arms.every((arm) => arm.iqm === null)) return []
    const decimals = decimalsOf(arms.flatMap(({ seeds }) => seeds.map(({ score }) => score)))
    const shown = [...arms.filter((arm) => !arm.isNull), ...arms.filter((arm) => arm.isNull)]
    const rows = shown.map((arm): IntervalRow => {
      const missing = arm.missing.length > 0 ? ` (${arm.missing.length} missing)` : ''
      const group = [task === null && several ? arm.task : '', arm.isNull ? 'null controls' : '']
      const heading = group.filter((part) => part !== '').join(', ')
      return {
        label: arm.label,
        value: arm.iqm,
        low: arm.interval?.[0],
        high: arm.interval?.[1],
        points: arm.seeds.map(({ score }) => score),
        color: color(arm),
        note: arm.iqm === null ? 'no result' : `${fixed(arm.iqm, decimals)}${missing}`,
        ...(heading === '' ? {} : { group: heading }),
      }
    })
    const positive = arms.every(({ seeds }) => seeds.every(({ score }) => score > 0))
    const bars = [...new Set(arms.flatMap(({ bar }) => (bar === null ? [] : [bar])))]
    const title = titleOf('Scores', task)
    const svg = intervalPlot({
      title,
      caption: 'dots: seeds; mark: interquartile mean; band: 95 % bootstrap interval',
      xLabel: scoreName(summary),
      rows,
      lines: bars.map((bar) => ({ x: bar, label: `bar ${bar}` })),
      log: summary.reading.logY && positive,
    })
    return [{ file: fileOf('scores', task), section: 'scores', title, svg }]
  })
}

/** Scores against the factor that is the x axis. */
function factorFigures(summary: ExperimentSummary): Figure[] {
  const { xName, logX, logY } = summary.reading
  if (xName === null) return []
  const arms = summary.arms.filter((arm) => arm.x !== null && arm.iqm !== null)
  const lines = [...new Set(summary.arms.map(({ line }) => line))]
  return [...new Set(arms.map(({ panel }) => panel))].map((panel) => {
    const own = arms.filter((arm) => arm.panel === panel)
    const series = lines.flatMap((line): PlotSeries[] => {
      const points = own.filter((arm) => arm.line === line).sort((a, b) => a.x! - b.x!)
      if (points.length === 0) return []
      return [
        {
          name: points.every(({ isNull }) => isNull) ? `${line} (null control)` : line,
          x: points.map(({ x }) => x!),
          y: points.map(({ iqm }) => iqm!),
          low: points.map(({ interval }) => interval![0]),
          high: points.map(({ interval }) => interval![1]),
          color: lines.indexOf(line),
        },
      ]
    })
    const positive = own.every((arm) => arm.seeds.every(({ score }) => score > 0))
    const title = titleOf(`Score against ${xName}`, panel)
    const svg = curvePlot({
      title,
      caption: 'dot: interquartile mean over the seeds; bar: 95 % bootstrap interval',
      xLabel: xName,
      yLabel: scoreName(summary),
      series,
      markers: true,
      logX,
      logY: logY && positive,
    })
    return { file: fileOf(`against-${slug(xName)}`, panel), section: 'factor', title, svg }
  })
}

/** A figure per task and curve: equal budgets of steps, of gradient updates, and whatever a study returns. */
function curveFigures(summary: ExperimentSummary): Figure[] {
  const color = colours(summary)
  const several = tasksOf(summary).length > 1
  const names = [...new Set(summary.arms.flatMap(({ curves }) => curves.map(({ name }) => name)))]
  return tasksOf(summary).flatMap((task) =>
    names.flatMap((name): Figure[] => {
      const arms = summary.arms.filter((arm) => arm.task === task && arm.curves.some((curve) => curve.name === name))
      if (arms.length === 0 || (name === 'eval by updates' && !updatesDiffer(arms))) return []
      const first = arms[0]!.curves.find((curve) => curve.name === name)!
      const bars = summary.isStudy ? [] : [...new Set(arms.flatMap(({ bar }) => (bar === null ? [] : [bar])))]
      const seeds = [...new Set(arms.map((arm) => arm.seeds.length))].join(' or ')
      const withSeeds =
        arms.length <= MOST_WITH_SEEDS && arms.some(({ curves }) => curves.some(({ runs }) => runs.length > 1))
      const place = task === '' ? '' : slug(task)
      const title = summary.isStudy
        ? titleOf(name, several ? task : null)
        : `${arms.length === 1 ? `${arms[0]!.label} on ` : ''}${task || summary.name}${name === 'eval by updates' ? ', equal updates' : ''}`
      const svg = curvePlot({
        title,
        caption: `interquartile mean of ${seeds} seeds, band: 95 % bootstrap interval${withSeeds ? ', thin: each seed' : ''}`,
        xLabel: first.xLabel,
        yLabel: first.yLabel,
        logY: first.logY,
        series: arms.map((arm): PlotSeries => {
          const { band, runs } = arm.curves.find((curve) => curve.name === name)!
          return { name: nameOf(arm), ...band, color: color(arm), ...(withSeeds ? { runs } : {}) }
        }),
        lines: bars.map((bar) => ({ y: bar, label: `bar ${bar}` })),
      })
      const suffix = name === 'eval by updates' ? '-by-updates' : summary.isStudy ? `-${slug(name)}` : ''
      const prefix = summary.isStudy ? (several ? `curve-${place}` : 'curve') : place || 'curve'
      return [{ file: `${prefix}${suffix}.svg`, section: 'curves', title, svg }]
    }),
  )
}

/** Updates are a second axis for comparing arms; with as many in all of them it shows what the first one does. */
function updatesDiffer(arms: readonly ArmSummary[]): boolean {
  const updates = arms.flatMap(({ seeds }) => seeds.flatMap((seed) => seed.updates ?? []))
  return arms.length > 1 && Math.max(...updates) > 1.02 * Math.min(...updates)
}

/** Every pair of seeds, arm minus control. */
function differenceFigures(summary: ExperimentSummary): Figure[] {
  const color = colours(summary)
  const several = tasksOf(summary).length > 1
  return panels(summary).flatMap(({ task, arms }): Figure[] => {
    const shown = summary.comparisons.filter(({ arm }) => arms.some(({ name }) => name === arm))
    if (shown.length === 0) return []
    const decimals = decimalsOf(shown.flatMap(({ differences }) => differences))
    const controls = [...new Set(shown.map(({ control }) => arms.find(({ name }) => name === control)!.label))]
    const title = titleOf('Paired differences', task)
    const svg = intervalPlot({
      title,
      caption: `arm minus control (${controls.join(', ')}), dots: pairs of the same seed; mark: their mean; band: 95 % interval`,
      xLabel: `difference in ${scoreName(summary)}${summary.reading.better === 'lower' ? ' (lower is better)' : ''}`,
      lines: [{ x: 0, label: 'no difference' }],
      rows: shown.map(({ arm: name, difference, differences, better, seeds }): IntervalRow => {
        const arm = arms.find((one) => one.name === name)!
        return {
          label: nameOf(arm),
          ...difference,
          points: differences,
          color: color(arm),
          note: `${fixed(difference.value, decimals)} (better in ${better} of ${seeds.length})`,
          ...(task === null && several ? { group: arm.task } : {}),
        }
      }),
    })
    return [{ file: fileOf('paired', task), section: 'comparison', title, svg }]
  })
}

function improvementFigure(summary: ExperimentSummary): Figure[] {
  const { comparisons, arms } = summary
  if (comparisons.length === 0) return []
  const color = colours(summary)
  const several = tasksOf(summary).length > 1
  const title = 'Probability of improvement over the control'
  const svg = intervalPlot({
    title,
    caption: 'that a run of the arm is better than one of the control, ties count half; band: 95 % interval',
    xLabel: 'probability',
    range: [0, 1],
    lines: [{ x: 0.5, label: 'no difference' }],
    rows: comparisons.map(({ arm: name, improvement }): IntervalRow => {
      const arm = arms.find((one) => one.name === name)!
      return {
        label: nameOf(arm),
        ...improvement,
        color: color(arm),
        note: `${fixed(improvement.value, 2)} ${ends(improvement, 2)}`,
        ...(several ? { group: arm.task } : {}),
      }
    }),
  })
  return [{ file: 'improvement.svg', section: 'comparison', title, svg }]
}

function overallFigures(summary: ExperimentSummary): Figure[] {
  const { overall } = summary
  if (!overall || overall.methods.length === 0) return []
  const color = colours(summary)
  const title = `All ${plural(overall.tasks.length, 'task')}: normalised score`
  const svg = intervalPlot({
    title,
    caption: 'interquartile mean over runs and tasks with its 95 % stratified bootstrap interval',
    xLabel: 'normalised score',
    rows: overall.methods.map((method): IntervalRow => {
      const { value, low, high } = method.iqm
      const note = `${fixed(value, 3)} ${ends(method.iqm, 3)}`
      return { label: nameOf(method), value, low, high, color: color(method), note }
    }),
  })
  return [{ file: 'overall.svg', section: 'overall', title, svg }, ...overallCurve(summary)]
}

/** Normalised evaluations over the part of each task's steps that was done. */
function overallCurve(summary: ExperimentSummary): Figure[] {
  const { tasks, scales, methods } = summary.overall!
  const color = colours(summary)
  const points = 20
  const series = methods.flatMap((method): PlotSeries[] => {
    const curves = tasks.map((task) => {
      const arm = summary.arms.find((one) => one.method === method.method && one.task === task)!
      return arm.curves.find(({ name }) => name === 'eval')?.runs ?? []
    })
    const runs = Math.min(...curves.map((own) => own.length))
    if (runs === 0) return []
    const ends = curves.map((own) => Math.min(...own.map(({ x }) => x.at(-1)!)))
    const from = Math.max(...curves.map((own, task) => Math.max(...own.map(({ x }) => x[0]!)) / ends[task]!))
    if (!(from < 1)) return []
    const x = Array.from({ length: points }, (_, i) => from + ((1 - from) * i) / (points - 1))
    const values = Array.from({ length: runs }, (_, run) =>
      tasks.map((task, t) => {
        const [zero, one] = scales[task]!
        const own = curves[t]![run]!
        return x.map((part) => (interpolate(own, part * ends[t]!) - zero) / (one - zero))
      }),
    )
    return [{ name: nameOf(method), x, ...sampleEfficiency(values, { reps: 1000 }), color: color(method) }]
  })
  if (series.length === 0) return []
  const title = `All ${plural(tasks.length, 'task')}: sample efficiency`
  const svg = curvePlot({
    title,
    caption: 'normalised evaluations, interquartile mean over runs and tasks, band: 95 % bootstrap interval',
    xLabel: 'part of the environment steps of each task',
    yLabel: 'normalised score',
    series,
  })
  return [{ file: 'overall-curve.svg', section: 'overall', title, svg }]
}

function profileFigures(summary: ExperimentSummary): Figure[] {
  const { overall, reading } = summary
  const color = colours(summary)
  if (overall && overall.methods.length > 1) {
    const title = `All ${plural(overall.tasks.length, 'task')}: performance profile`
    const methods = overall.methods.map((method) => ({
      name: nameOf(method),
      scores: method.scores,
      color: color(method),
    }))
    return [
      {
        file: 'profile.svg',
        section: 'profile',
        title,
        svg: profilePlot({ title, xLabel: 'normalised score', methods }),
      },
    ]
  }
  return tasksOf(summary).flatMap((task): Figure[] => {
    const arms = summary.arms.filter((arm) => arm.task === task && arm.seeds.length > 0)
    if (arms.length < 2) return []
    // Turned round where less is better, so that higher curves are better in every profile.
    const sign = reading.better === 'higher' ? 1 : -1
    const title = titleOf('Performance profile', task)
    const svg = profilePlot({
      title,
      xLabel: sign === 1 ? scoreName(summary) : `${scoreName(summary)}, negated`,
      methods: arms.map((arm) => ({
        name: nameOf(arm),
        scores: singleTask(arm.seeds.map(({ score }) => sign * score)),
        color: color(arm),
      })),
    })
    return [{ file: fileOf('profile', task), section: 'profile', title, svg }]
  })
}
