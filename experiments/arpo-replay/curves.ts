/** What the metrics of a run say of the time of training. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

type Row = Readonly<Record<string, number>>
/** A curve keeps this many points: means of equally many rows. */
const POINTS = 40

export function readCurves(folder: string) {
  const rows = readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row)
  const mean = (some: readonly Row[], name: string) =>
    some.reduce((sum, row) => sum + (row[name] ?? 0), 0) / some.length
  const points = Math.min(POINTS, rows.length)
  const parts = Array.from({ length: points }, (_, i) =>
    rows.slice(Math.floor((i * rows.length) / points), Math.floor(((i + 1) * rows.length) / points)),
  )
  const x = parts.map((part) => part.at(-1)!['step']!)
  const curve = (name: string) => ({ x, y: parts.map((part) => mean(part, name)) })
  const failed = rows.reduce((sum, row) => sum + (row['replay/groups_all_fail'] ?? 0), 0)
  const rescued = rows.reduce((sum, row) => sum + (row['replay/groups_rescued'] ?? 0), 0)
  return {
    curves: {
      'success in training': curve('rollout/success_rate'),
      'groups that fail whole': curve('group/frac_all_fail'),
    },
    means: {
      all_fail_share: mean(rows, 'group/frac_all_fail'),
      first_all_fail_share: mean(parts[0]!, 'group/frac_all_fail'),
      rescue_rate: failed === 0 ? 0 : rescued / failed,
      replayed_share: mean(rows, 'replay/injected_fraction'),
    },
  }
}
