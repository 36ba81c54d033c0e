/** From finished runs to the numbers that are published: one summary, complete enough to draw table and curves. */
import { existsSync, readFileSync } from 'node:fs'
import { aggregateCurves, type Band, interval, iqm, type Run, runCurve, singleTask } from '@reprise/stats'
import type { Arm, Experiment, Reference } from './experiment.ts'
import { jobState, jobsOf } from './jobs.ts'

export interface SeedSummary {
  readonly seed: number
  readonly score: number
  readonly stdReward: number
  readonly episodes: number
  readonly steps: number
  readonly wallSeconds: number
  readonly stepsPerSecond: number
  readonly executor: string
  readonly parameterHash: string
}

export interface ArmSummary {
  readonly name: string
  readonly settings: Pick<Arm, 'algo' | 'env' | 'steps' | 'preset' | 'set'>
  readonly bar: number | null
  readonly references: readonly Reference[]
  /** How many seeds the experiment asks for. */
  readonly wanted: number
  readonly seeds: readonly SeedSummary[]
  /** Null where no seed has finished. */
  readonly iqm: number | null
  readonly interval: readonly [number, number] | null
  readonly min: number | null
  /** Null without a bar, and while seeds are missing. */
  readonly met: boolean | null
  /** Evaluations during training: the IQM over the seeds with its interval. */
  readonly curve: Band | null
  /** What ran where: each distinct machine, Node version and commit. */
  readonly provenance: readonly string[]
}

export interface ExperimentSummary {
  readonly name: string
  readonly claim: string
  readonly command: string
  readonly arms: readonly ArmSummary[]
}

/**
 * Reads what the runs folder holds. An arm that is complete in `recorded` with the same settings stays as it is
 * recorded while its runs here are fewer: so an arm can be run alone without losing the others.
 */
export function summarise(
  experiment: Experiment,
  runsFolder: string,
  command: string,
  recorded?: ExperimentSummary,
): ExperimentSummary {
  const jobs = jobsOf(experiment, runsFolder)
  const arms = experiment.arms.map((arm) => {
    const runs = jobs
      .filter((job) => job.arm === arm)
      .flatMap((job) => {
        const state = jobState(job)
        return state.kind === 'finished' ? [state.run] : []
      })
    const fresh = summariseArm(arm, runs, experiment.seeds.length)
    const before = recorded?.arms.find(({ name }) => name === arm.name)
    const keep =
      before !== undefined &&
      JSON.stringify(before.settings) === JSON.stringify(fresh.settings) &&
      before.seeds.length > fresh.seeds.length
    // Bars and references are the file's, whenever the runs were made.
    return keep ? { ...before, bar: arm.bar, references: arm.references, met: isMet(arm, before) } : fresh
  })
  return { name: experiment.name, claim: experiment.claim, command, arms }
}

export function readSummary(path: string): ExperimentSummary | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ExperimentSummary) : undefined
}

function summariseArm(arm: Arm, runs: readonly Run[], wanted: number): ArmSummary {
  const { name, algo, env, steps, preset, set, bar, references } = arm
  const seeds = runs.map((run) => {
    const { seed, score, stdReward, returns, wallSeconds, stepsPerSecond, executor, parameterHash, ...rest } =
      run.result!
    return {
      seed,
      score,
      stdReward,
      episodes: returns.length,
      steps: rest.steps,
      wallSeconds,
      stepsPerSecond,
      executor,
      parameterHash,
    }
  })
  const scores = seeds.map(({ score }) => score)
  const center = scores.length > 0 ? interval(singleTask(scores), iqm) : undefined
  const evaluated = runs.length > 0 && runs.every((run) => run.evaluations.length > 0)
  const summary = {
    name,
    settings: { algo, env, steps, preset, set },
    bar,
    references,
    wanted,
    seeds,
    iqm: center ? center.value : null,
    interval: center ? ([center.low, center.high] as const) : null,
    min: center ? Math.min(...scores) : null,
    curve: evaluated ? aggregateCurves(runs.map((run) => runCurve(run, 'eval/mean_reward'))) : null,
    provenance: [...new Set(runs.map(describe))],
  }
  return { ...summary, met: isMet(arm, summary) }
}

function isMet(arm: Arm, { iqm: center, seeds, wanted }: Pick<ArmSummary, 'iqm' | 'seeds' | 'wanted'>): boolean | null {
  return arm.bar === null || center === null || seeds.length < wanted ? null : center >= arm.bar
}

function describe({ config: { machine, versions, git, reprise } }: Run): string {
  const commit = git ? `commit ${git.commit.slice(0, 10)}${git.dirty ? ' with changes' : ''}` : 'no commit'
  return `Reprise ${reprise}, ${commit}, Node.js ${versions['node']}, ${machine['cpu']}, ${machine['cores']} cores`
}
