/** What the metrics of a run say of the time of training. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

type Row = Readonly<Record<string, number>>
/** Points of a curve, the same in all runs, and how many of the last points' rows each is the mean of. */
const POINTS = 40
const WIDTH = 2

/** `steps`: those of the run; rows come an iteration apart, at other steps in every run. */
export function readCurves(folder: string, steps: number) {
  const rows = readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row)
  const mean = (some: readonly Row[], name: string) =>
    some.reduce((sum, row) => sum + (row[name] ?? 0), 0) / some.length
  const x = Array.from({ length: POINTS }, (_, i) => ((i + 1) * steps) / POINTS)
  const near = x.map((at) => {
    const some = rows.filter((row) => row['step']! <= at && row['step']! > at - (WIDTH * steps) / POINTS)
    return some.length > 0 ? some : [rows.find((row) => row['step']! > at) ?? rows.at(-1)!]
  })
  const curve = (name: string) => ({ x, y: near.map((some) => mean(some, name)) })
  const sum = (name: string) => rows.reduce((total, row) => total + (row[name] ?? 0), 0)
  const failed = sum('replay/groups_all_fail')
  return {
    curves: {
      'success in training': curve('rollout/success_rate'),
      'groups that fail whole': curve('group/frac_all_fail'),
    },
    means: {
      all_fail_share: mean(rows, 'group/frac_all_fail'),
      first_all_fail_share: mean(near[0]!, 'group/frac_all_fail'),
      rescue_rate: failed === 0 ? 0 : sum('replay/groups_rescued') / failed,
      replayed_share: mean(rows, 'replay/injected_fraction'),
    },
  }
}
