/** Table and curves of an experiment, from its summary alone. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { curvePlot } from '@reprise/stats'
import type { Reference } from './experiment.ts'
import type { ArmSummary, ExperimentSummary } from './summary.ts'

/** Writes summary.json, table.md and one SVG per environment; returns their paths. */
export function writeReport(folder: string, summary: ExperimentSummary): string[] {
  mkdirSync(folder, { recursive: true })
  const files: [string, string][] = [
    ['summary.json', `${compactJson(summary)}\n`],
    ['table.md', table(summary)],
    ...curves(summary).map(({ env, svg }): [string, string] => [`${env.replaceAll('/', '-')}.svg`, svg]),
  ]
  return files.map(([name, content]) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  })
}

/** A line per arm, every seed shown, beside what others published. */
export function table(summary: ExperimentSummary): string {
  const names = [...new Set(summary.arms.flatMap((arm) => arm.references.map(({ name }) => name)))]
  const head = [
    'arm',
    'steps',
    'score of each seed',
    'IQM [95 % interval]',
    'minimum',
    'bar',
    'met',
    ...names.map((name) => `${name} (${kindOf(summary, name)})`),
    'seconds per run',
    'steps/s',
  ]
  const rows = summary.arms.map((arm) => [
    `${arm.settings.algo.toUpperCase()} ${arm.settings.env}`,
    count(arm.settings.steps),
    seedScores(arm),
    arm.iqm === null ? '-' : `**${score(arm.iqm)}** [${score(arm.interval![0])}, ${score(arm.interval![1])}]`,
    arm.min === null ? '-' : score(arm.min),
    arm.bar === null ? '-' : `>= ${arm.bar}`,
    arm.bar === null ? '-' : arm.met === null ? 'not yet run' : arm.met ? 'yes' : '**no**',
    ...names.map((name) => references(arm.references.filter((reference) => reference.name === name))),
    spread(arm.seeds.map(({ wallSeconds }) => wallSeconds)),
    spread(arm.seeds.map(({ stepsPerSecond }) => stepsPerSecond)),
  ])
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const sources = new Set(summary.arms.flatMap((arm) => arm.references.map(({ name, source }) => `${name}: ${source}`)))
  const provenance = new Set(summary.arms.flatMap((arm) => arm.provenance))
  return `${[
    `Command: \`${summary.command}\`. A score is the mean of ${episodes(summary)} greedy episodes of the final policy on held-out seeds, raw reward.`,
    '',
    line(head),
    line(head.map(() => '---')),
    ...rows.map(line),
    '',
    'An evaluation plays the policy greedily after training; a training return is what exploring episodes gave meanwhile: do not compare one with the other.',
    ...[...sources].map((source) => `- ${source}`),
    ...(provenance.size > 0 ? ['', 'Run with:', ...[...provenance].map((place) => `- ${place}`)] : []),
  ].join('\n')}\n`
}

/** One picture per environment, a line per arm. */
export function curves(summary: ExperimentSummary): { env: string; svg: string }[] {
  const environments = [...new Set(summary.arms.map((arm) => arm.settings.env))]
  return environments.flatMap((env) => {
    const arms = summary.arms.filter((arm) => arm.settings.env === env && arm.curve)
    if (arms.length === 0) return []
    const bars = [...new Set(arms.flatMap(({ bar }) => (bar === null ? [] : [bar])))]
    const seeds = [...new Set(arms.map((arm) => arm.seeds.length))]
    const svg = curvePlot({
      title: arms.length === 1 ? `${arms[0]!.settings.algo.toUpperCase()} on ${env}` : env,
      caption: `greedy evaluations, interquartile mean of ${seeds.join(' or ')} seeds, band: 95 % bootstrap interval`,
      xLabel: 'environment steps',
      yLabel: 'mean return',
      series: arms.map((arm) => ({ name: arm.settings.algo.toUpperCase(), ...arm.curve! })),
      lines: bars.map((bar) => ({ y: bar, label: `bar ${bar}` })),
    })
    return [{ env, svg }]
  })
}

function kindOf(summary: ExperimentSummary, name: string): string {
  const kinds = summary.arms.flatMap((arm) => arm.references.filter((r) => r.name === name).map(({ kind }) => kind))
  return [...new Set(kinds)].join(' or ')
}

function seedScores({ seeds, wanted }: ArmSummary): string {
  const missing = wanted - seeds.length
  return [...seeds.map((seed) => score(seed.score)), ...(missing > 0 ? [`${missing} not run`] : [])].join(', ')
}

function references(list: readonly Reference[]): string {
  const one = ({ score: value, std, steps }: Reference) =>
    `${score(value)}${std === undefined ? '' : ` ± ${score(std)}`} at ${count(steps)}`
  return list.length > 0 ? list.map(one).join(', ') : '-'
}

function episodes(summary: ExperimentSummary): string {
  const counts = new Set(summary.arms.flatMap((arm) => arm.seeds.map((seed) => seed.episodes)))
  return counts.size > 0 ? [...counts].join(' or ') : '100'
}

function score(value: number): string {
  return value.toFixed(1).replace('-', '−')
}

function count(value: number): string {
  return value >= 1e6 ? `${value / 1e6}M` : value >= 1e4 ? `${value / 1e3}k` : String(value)
}

/** `12` or `12 to 15`, in whole numbers. */
function spread(values: readonly number[]): string {
  if (values.length === 0) return '-'
  const [low, high] = [Math.round(Math.min(...values)), Math.round(Math.max(...values))]
  return low === high ? String(low) : `${low} to ${high}`
}

/** JSON with one line per innermost list: numbers in four decimals at least, readable diffs. */
function compactJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/\[[\s\d.,eE+-]*\]/g, (list) => list.replace(/\s+/g, ' '))
}
