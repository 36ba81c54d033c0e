/** What a report says in words; the same in Markdown and HTML. */
import type { ExperimentSummary } from '../summary.ts'
import { plural } from './format.ts'

/** Everything that is missing or failed, seeds that ended alike in a line: a report never leaves one out. */
export function gaps({ arms }: ExperimentSummary): string[] {
  return arms.flatMap(({ name, missing, seeds }) => {
    const ends = new Map<string, number[]>()
    for (const { seed, state, reason } of missing) {
      const what = reason ? `failed: ${reason}` : state === 'begun' ? 'begun, not finished' : 'not run'
      ends.set(what, [...(ends.get(what) ?? []), seed])
    }
    return [
      ...[...ends].map(([what, own]) => `${name}, seed${own.length === 1 ? '' : 's'} ${own.join(', ')}: ${what}`),
      ...seeds
        .filter(({ failedEpisodes }) => failedEpisodes)
        .map(
          ({ seed, failedEpisodes, episodes }) =>
            `${name}, seed ${seed}: ${failedEpisodes} final episodes failed and are not in the score, which is of ${episodes}`,
        ),
    ]
  })
}

export function verdict({ arms }: ExperimentSummary): { text: string; good: boolean } | null {
  const barred = arms.filter(({ bar }) => bar !== null)
  if (barred.length === 0) return null
  const pass = barred.filter(({ met }) => met === true).length
  const fail = barred.filter(({ met }) => met === false).map(({ name }) => name)
  const open = barred.filter(({ met }) => met === null).map(({ name }) => name)
  const parts = [
    `${pass} of ${barred.length} bars met`,
    ...(fail.length > 0 ? [`failed: ${fail.join(', ')}`] : []),
    ...(open.length > 0 ? [`not decided, seeds are missing: ${open.join(', ')}`] : []),
  ]
  return { text: `${parts.join('; ')}.`, good: pass === barred.length }
}

export function reading(summary: ExperimentSummary): string[] {
  const { isStudy, metric, reading: how } = summary
  const counts = [...new Set(summary.arms.flatMap((arm) => arm.seeds.map((seed) => seed.episodes ?? 0)))]
  const episodes = counts.length > 0 ? counts.join(' or ') : '100'
  const what = isStudy
    ? `The score of a run is the metric \`${metric}\` that its study returns.`
    : metric === 'successRate'
      ? `A score is the part of ${episodes} greedy episodes of the final policy, on held-out seeds, that succeeded.`
      : `A score is the mean of ${episodes} greedy episodes of the final policy on held-out seeds, raw reward.`
  const references = summary.arms.some((arm) => arm.references.length > 0)
  return [
    `${what}${how.better === 'lower' ? ' Lower is better.' : ''}`,
    'IQM is the mean of the middle half of the seeds; intervals are 95 % percentile intervals of a stratified bootstrap (method of rliable). With few seeds they cannot show what has not been seen: look at every seed and the worst.',
    ...(summary.arms.some((arm) => arm.seeds.length === 1)
      ? ['With one seed an interval has no width and says nothing.']
      : []),
    ...(references
      ? [
          'An evaluation plays the policy greedily after training; a training return is what exploring episodes gave meanwhile: do not compare one with the other.',
        ]
      : []),
  ]
}

export function sources({ arms }: ExperimentSummary): string[] {
  return [...new Set(arms.flatMap((arm) => arm.references.map(({ name, source }) => `${name}: ${source}`)))]
}

export function provenance({ arms }: ExperimentSummary): string[] {
  return [...new Set(arms.flatMap((arm) => arm.provenance))]
}

/** Seconds of all runs, one after the other. */
export function wallClock({ arms }: ExperimentSummary): string {
  const seconds = arms.reduce((sum, arm) => sum + arm.seeds.reduce((own, { wallSeconds }) => own + wallSeconds, 0), 0)
  const runs = arms.reduce((sum, arm) => sum + arm.seeds.length, 0)
  const text = seconds < 120 ? `${seconds.toFixed(0)} seconds` : `${(seconds / 60).toFixed(1)} minutes`
  return `${plural(runs, 'finished run')} took ${text} in all${runs === 1 ? '' : ', one after the other'}.`
}

/** The settings of each arm that differ from those of the others, and the rest once. */
export function settingsLines({ arms }: ExperimentSummary): string[] {
  return arms.map((arm) => {
    const { algo, env, steps, preset, set, envOptions } = arm.settings
    const parts = [
      ...(algo ? [`${algo} on ${env}`, `${steps} steps`] : []),
      ...(preset === false ? ['no preset'] : preset ? [`preset ${preset}`] : []),
      ...Object.entries(envOptions ?? {}).map(([key, value]) => `env.${key}=${JSON.stringify(value)}`),
      ...Object.entries(set).map(([key, value]) => `${key}=${JSON.stringify(value)}`),
    ]
    return `${arm.name}: ${parts.join(', ') || 'no options'}`
  })
}
