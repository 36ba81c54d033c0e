/** Tables of a report, as cells: Markdown and HTML are made from the same. */
import type { Reference } from '../experiment.ts'
import type { ArmSummary, ExperimentSummary } from '../summary.ts'
import { tasksOf } from './figures.ts'
import { count, decimalsOf, ends, fixed, spread } from './format.ts'

export interface Cell {
  readonly text: string
  readonly strong?: boolean
  readonly tone?: 'good' | 'bad'
}

export interface Table {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  /** A sentence below it. */
  readonly note?: string
}

export function tablesOf(summary: ExperimentSummary): Table[] {
  const main = summary.arms.filter((arm) => !arm.isNull)
  const nulls = summary.arms.filter((arm) => arm.isNull)
  return [
    armTable(summary, main, 'Arms'),
    ...(nulls.length > 0 ? [armTable(summary, nulls, 'Null controls')] : []),
    ...overallTable(summary),
    ...comparisonTable(summary),
  ]
}

/** A line per arm, every seed shown, beside what others published. */
function armTable(summary: ExperimentSummary, arms: readonly ArmSummary[], title: string): Table {
  const several = tasksOf(summary).length > 1
  const names = [...new Set(arms.flatMap((arm) => arm.references.map(({ name }) => name)))]
  const barred = arms.some(({ bar }) => bar !== null)
  const updates = arms.some(({ seeds }) => seeds.some((seed) => seed.updates !== undefined))
  const decimals = new Map(
    tasksOf(summary).map((task) => [
      task,
      decimalsOf(arms.filter((arm) => arm.task === task).flatMap(({ seeds }) => seeds.map(({ score }) => score))),
    ]),
  )
  const sign = summary.reading.better === 'higher' ? '>=' : '<='
  const columns: [string, (arm: ArmSummary, digits: number) => Cell][] = [
    ['arm', (arm) => cell(arm.label)],
    ...column(several, 'task', (arm) => cell(arm.task || '-')),
    ...column(!summary.isStudy, 'steps', (arm) => cell(count(arm.settings.steps ?? 0))),
    [`${summary.isStudy ? summary.metric : 'score'} of each seed`, (arm, digits) => cell(seedScores(arm, digits))],
    [
      'IQM [95 % interval]',
      (arm, digits) =>
        arm.iqm === null
          ? cell('-')
          : { text: `${fixed(arm.iqm, digits)} ${ends(arm.interval!, digits)}`, strong: true },
    ],
    ['median', (arm, digits) => number(arm.median, digits)],
    ['worst', (arm, digits) => number(arm.worst, digits)],
    ...column(barred, 'bar', (arm) => cell(arm.bar === null ? '-' : `${sign} ${arm.bar}`)),
    ...column(barred, 'met', (arm) => met(arm)),
    ...names.map((name): [string, (arm: ArmSummary, digits: number) => Cell] => [
      `${name} (${kindOf(summary, name)})`,
      (arm, digits) =>
        cell(
          referenceText(
            arm.references.filter((reference) => reference.name === name),
            digits,
          ),
        ),
    ]),
    ...column(updates, 'gradient updates', (arm) => cell(spread(arm.seeds.flatMap((seed) => seed.updates ?? [])))),
    ['seconds per run', (arm) => cell(spread(arm.seeds.map(({ wallSeconds }) => wallSeconds)))],
    ...column(!summary.isStudy, 'steps/s', (arm) =>
      cell(spread(arm.seeds.flatMap(({ stepsPerSecond }) => stepsPerSecond ?? []))),
    ),
  ]
  return {
    title,
    head: columns.map(([head]) => head),
    rows: arms.map((arm) => columns.map(([, make]) => make(arm, decimals.get(arm.task)!))),
    ...(title === 'Null controls'
      ? { note: 'A null control holds everything but the ingredient under test; it should equal the control.' }
      : {}),
  }
}

function overallTable(summary: ExperimentSummary): Table[] {
  const { overall } = summary
  if (!overall) return []
  const compared = overall.methods.some(({ improvement }) => improvement !== null)
  const both = (value: { value: number; low: number; high: number } | null, digits: number) =>
    cell(value === null ? '-' : `${fixed(value.value, digits)} ${ends(value, digits)}`)
  const scales = overall.tasks.map((task) => {
    const [zero, one] = overall.scales[task]!
    return `${task}: 0 is ${Number(zero.toPrecision(4))}, 1 is ${Number(one.toPrecision(4))}${overall.given[task] ? '' : ' (least and greatest score of all runs)'}`
  })
  const left = overall.incomplete.length > 0 ? ` Without runs of every task: ${overall.incomplete.join(', ')}.` : ''
  return [
    {
      title: `Over all ${overall.tasks.length} tasks, normalised`,
      head: [
        ...['method', 'runs x tasks', 'IQM [95 % interval]', 'mean', 'median'],
        ...(compared ? [`P(better than ${controlLabel(summary)})`, 'paired difference'] : []),
      ],
      rows: overall.methods.map((method) => [
        cell(method.isNull ? `${method.label} (null control)` : method.label),
        cell(`${method.runs} x ${overall.tasks.length}`),
        { ...both(method.iqm, 3), strong: true },
        both(method.mean, 3),
        both(method.median, 3),
        ...(compared ? [both(method.improvement, 2), both(method.difference, 3)] : []),
      ]),
      note: `Scale of each task: ${scales.join('; ')}.${left}`,
    },
  ]
}

function comparisonTable(summary: ExperimentSummary): Table[] {
  const { comparisons, arms, reading } = summary
  if (comparisons.length === 0) return []
  const several = tasksOf(summary).length > 1
  const label = (name: string) => {
    const arm = arms.find((one) => one.name === name)!
    return arm.isNull ? `${arm.label} (null control)` : arm.label
  }
  return [
    {
      title: `Against the control, ${controlLabel(summary)}`,
      head: [
        'arm',
        ...(several ? ['task'] : []),
        'control',
        'difference of each seed',
        'mean difference [95 % interval]',
        'better in',
        'P(improvement) [95 % interval]',
      ],
      rows: comparisons.map((one) => {
        const digits = decimalsOf(one.differences)
        return [
          cell(label(one.arm)),
          ...(several ? [cell(one.task)] : []),
          cell(label(one.control)),
          cell(one.differences.map((value) => fixed(value, digits)).join(', ')),
          { text: `${fixed(one.difference.value, digits)} ${ends(one.difference, digits)}`, strong: true },
          cell(`${one.better} of ${one.seeds.length}${one.equal > 0 ? `, ${one.equal} equal` : ''}`),
          cell(`${fixed(one.improvement.value, 2)} ${ends(one.improvement, 2)}`),
        ]
      }),
      note:
        'Seeds are paired: the difference is taken seed by seed (arm minus control), and whole pairs are drawn again for the interval.' +
        (reading.better === 'lower' ? ' Lower is better here.' : ''),
    },
  ]
}

/** The control by its label, where it has the same one in every task. */
function controlLabel({ arms, reading: { control } }: ExperimentSummary): string {
  const labels = new Set(
    arms.filter(({ name, method }) => method === control || name === control).map(({ label }) => label),
  )
  return labels.size === 1 ? [...labels][0]! : String(control)
}

function column(
  wanted: boolean,
  head: string,
  make: (arm: ArmSummary, digits: number) => Cell,
): [string, (arm: ArmSummary, digits: number) => Cell][] {
  return wanted ? [[head, make]] : []
}

function cell(text: string): Cell {
  return { text }
}

function number(value: number | null, digits: number): Cell {
  return cell(value === null ? '-' : fixed(value, digits))
}

function met(arm: ArmSummary): Cell {
  if (arm.bar === null) return cell('-')
  if (arm.met === null) return { text: 'seeds missing', strong: true, tone: 'bad' }
  return arm.met ? { text: 'pass', tone: 'good' } : { text: 'fail', strong: true, tone: 'bad' }
}

function seedScores({ seeds, missing, wanted }: ArmSummary, digits: number): string {
  const begun = missing.filter(({ state, reason }) => state === 'begun' || reason !== null).length
  const absent = wanted - seeds.length - begun
  return [
    ...seeds.map(({ score, failedEpisodes }) => `${fixed(score, digits)}${failedEpisodes ? '*' : ''}`),
    ...(begun > 0 ? [`${begun} not finished`] : []),
    ...(absent > 0 ? [`${absent} not run`] : []),
  ].join(', ')
}

function kindOf(summary: ExperimentSummary, name: string): string {
  const kinds = summary.arms.flatMap((arm) => arm.references.filter((r) => r.name === name).map(({ kind }) => kind))
  return [...new Set(kinds)].join(' or ')
}

function referenceText(list: readonly Reference[], digits: number): string {
  const one = ({ score, std, steps }: Reference) =>
    `${fixed(score, digits)}${std === undefined ? '' : ` ± ${fixed(std, digits)}`} at ${count(steps)}`
  return list.length > 0 ? list.map(one).join(', ') : '-'
}
