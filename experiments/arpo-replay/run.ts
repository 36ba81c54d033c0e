/** One run of the study: the policy that all arms begin with, the arm's training, and how far it then gets. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { evaluateTasks, type Task, train } from '@reprise/train'
import { readCurves } from './curves.ts'
import { prepare } from './prepare.ts'

interface Job {
  readonly seed: number
  readonly out: string
  readonly set: Readonly<Record<string, unknown>>
}

/** The same in every arm, so that nothing differs but what is replayed and how: ARPO's loss, which GRPO gets as well. */
const SHARED = { groups: 8, groupSize: 8, learningRate: 0.001, clipHigh: 0.3, dualClip: 3, advantageEpsilon: 1e-6 }
/** Scores are taken here, on the tasks themselves. */
const QUIET = { finalEpisodes: 1, evalEvery: 1e9, checkpointEvery: 1e9, logEvery: 1000, tensorboard: false }
/** Sampled episodes per task at the end. */
const EPISODES = 16

/**
 * `set`: `env`, `steps`; `algo` with its `preset` and `options`; `base`, the success that tasks begin with;
 * `reward: dense`; `filter: false`, which adds as many tasks that the base policy never solved.
 */
export async function run({ seed, out, set }: Job) {
  const { env, steps, algo, preset = false, options, base, reward = 'sparse', filter = true } = set
  const { envOptions, policy, kept, hopeless, heldOut } = await prepare(
    join(dirname(dirname(out)), 'base'),
    String(env),
    base as number | 'solved' | undefined,
  )
  // What an interrupted job left behind.
  const folder = join(out, 'run')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const tasks = join(out, 'tasks.yaml')
  writeFileSync(tasks, JSON.stringify(filter ? kept : [...kept, ...hopeless]))
  await train({
    algo: String(algo),
    env: String(env),
    envOptions: { ...envOptions, reward },
    steps: Number(steps),
    seed,
    preset: preset as string | false,
    out: folder,
    ...(policy === undefined ? {} : { initFrom: policy }),
    set: { ...SHARED, ...QUIET, tasks, ...(options as object) },
  })
  const rate = async (of: readonly Task[], sampled: boolean) => {
    const results = await evaluateTasks(folder, { tasks: of, sample: sampled, episodes: sampled ? EPISODES : 1, seed })
    return results.reduce((sum, { successRate }) => sum + successRate!, 0) / of.length
  }
  const { curves, means } = readCurves(folder, Number(steps))
  return {
    metrics: {
      success: await rate(kept, false),
      sampled_success: await rate(kept, true),
      ...(heldOut.length > 0 ? { held_out_success: await rate(heldOut, false) } : {}),
      ...means,
    },
    curves,
    xLabel: 'environment steps',
    yLabel: 'share',
  }
}
