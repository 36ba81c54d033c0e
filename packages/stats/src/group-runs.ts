/** Which runs are seeds of one setting. */
import type { Run } from './run.ts'

export interface RunGroup {
  /** What tells it from the others: algorithm, environment where they differ, up to three options. */
  readonly name: string
  readonly members: readonly Run[]
}

/** Runs that differ only in their seed, together. Folders' order is kept. */
export function groupRuns(runs: readonly Run[]): RunGroup[] {
  const groups = new Map<string, Run[]>()
  for (const run of runs) {
    const { algo, env, options } = run.config
    const key = JSON.stringify([algo, env.id, env.options, { ...options, seed: null }])
    groups.set(key, [...(groups.get(key) ?? []), run])
  }
  const all = [...groups.values()].map((members) => ({ members, config: members[0]!.config }))
  const environments = new Set(all.map(({ config }) => config.env.id)).size
  const short = all.map(({ config }) => (environments > 1 ? `${config.algo} on ${config.env.id}` : config.algo))
  return all.map(({ members, config }, i) => {
    // The same algorithm twice: what differs is told apart by an option, or by the runs' names.
    const rivals = all.filter((_, j) => short[j] === short[i])
    const detail =
      rivals.length > 1
        ? difference(
            optionsOf(config),
            rivals.map((rival) => optionsOf(rival.config)),
          )
        : ''
    const name = rivals.length > 1 ? `${short[i]} ${detail || members[0]!.name}` : short[i]!
    return { name, members }
  })
}

function optionsOf({ env, options }: Run['config']): Record<string, unknown> {
  return { ...env.options, ...options }
}

/** The options in which `own` differs from any of `others`, at most three: `numEnvs=8 learningRate=0.001`. */
function difference(
  own: Readonly<Record<string, unknown>>,
  others: readonly Readonly<Record<string, unknown>>[],
): string {
  return Object.keys(own)
    .filter((key) => key !== 'seed' && others.some((other) => JSON.stringify(other[key]) !== JSON.stringify(own[key])))
    .slice(0, 3)
    .map((key) => `${key}=${typeof own[key] === 'string' ? own[key] : JSON.stringify(own[key])}`)
    .join(' ')
}
