/**
 * Groups of whole episodes from a shared reset seed, then the algorithm's updates on them. Where the algorithm declares a
 * replay of episodes, an iteration is: play, judge, detect, inject, store what was played, recompute, update.
 */
import { type EpisodeGroups, type GroupAlgorithm, isScripted } from '@reprise/algorithms'
import type { Serializable } from '@reprise/core'
import { correctLogProbs, type ScoreRows } from '@reprise/replay'
import type { TrainingEnv } from '../environments.ts'
import { EpisodeWindow } from '../run/episode-window.ts'
import { CollectorThreads } from './collector-threads.ts'
import { Curriculum, checkTaskChoice, choosesTasks } from './curriculum.ts'
import { concatEpisodes, joinEpisodes } from './episode-packing.ts'
import { EpisodeReplay } from './episode-replay.ts'
import { type EpisodeCollector, GroupCollector, type Played } from './group-collector.ts'
import { type Loop, type LoopContext, learn } from './loop.ts'
import { withMore } from './more-episodes.ts'
import { PhaseTimer } from './phase-timer.ts'
import { BatchBudget } from './rollout-budget.ts'
import { scoreRows } from './score-rows.ts'
import { expertTasks, fixedTasks, type Task, type TaskSource, taskSource } from './tasks.ts'

export class GroupLoop implements Loop {
  readonly #context: LoopContext
  readonly #algorithm: GroupAlgorithm
  readonly #training: TrainingEnv
  readonly #groups: number
  readonly #groupSize: number
  readonly #maxBatches: number
  readonly #collector: EpisodeCollector
  readonly #threads: CollectorThreads | undefined
  readonly #tasks: TaskSource | Curriculum
  readonly #expertTasks: readonly Task[]
  readonly #budget: BatchBudget | undefined
  readonly #replay: EpisodeReplay | undefined
  #score: ScoreRows | undefined
  /** Updates made so far. */
  #policyVersion = 0

  /** `tasks` as the option gives it. */
  constructor(context: LoopContext, algorithm: GroupAlgorithm, tasks: string) {
    this.#context = context
    this.#algorithm = algorithm
    const { options } = context
    const { groups, groupSize, maxBatches, batchGroups = groups } = algorithm.collection(options)
    this.#groups = groups
    this.#groupSize = groupSize
    this.#maxBatches = maxBatches
    const choice = algorithm.taskChoice?.(options)
    const config = algorithm.episodeReplay?.(options)
    this.#training = context.environments.training(groups * groupSize, { autoresetMode: 'Disabled', onError: 'fail' })
    const collector = new GroupCollector(context, this.#training.env)
    this.#threads = context.threaded && new CollectorThreads(context, collector, groups, groupSize, context.threaded)
    this.#collector = this.#threads ?? collector
    const demonstrated = algorithm.demonstrations?.(options)
    this.#expertTasks =
      demonstrated && isScripted(demonstrated.from)
        ? expertTasks(tasks, context.rng.environments, demonstrated.count)
        : []
    this.#tasks = this.#taskSource(tasks)
    this.#budget = choice && choice.budget > 0 ? new BatchBudget(choice, groupSize) : undefined
    this.#replay = config && new EpisodeReplay(context, algorithm, config, batchGroups)
  }

  #taskSource(tasks: string): TaskSource | Curriculum {
    const { options, rng } = this.#context
    const choice = this.#algorithm.taskChoice?.(options)
    if (!choosesTasks(choice)) return taskSource(tasks, rng.environments)
    const fixed = fixedTasks(tasks, rng.environments)
    checkTaskChoice(choice, fixed)
    return new Curriculum(choice, fixed!, rng.environments)
  }

  async start(): Promise<void> {
    await this.#filterTasks()
    await this.#replay?.start(this.statistics(), this.#expertTasks)
  }

  /** Its episodes and its time are none of the training's. */
  async #filterTasks(): Promise<void> {
    if (!(this.#tasks instanceof Curriculum) || !this.#tasks.filters) return
    const apart = { ...this.#context, episodes: new EpisodeWindow(), timer: new PhaseTimer() }
    const collector = new GroupCollector(apart, this.#training.env)
    const { folder, say } = this.#context
    await this.#tasks.start(collector, this.#groups * this.#groupSize, folder, say ?? (() => {}))
  }

  async iterate(progress: number): Promise<{ steps: number; metrics: Record<string, number> }> {
    const { options, rng, spaces, timer } = this.#context
    const replay = this.#replay
    const sampled: EpisodeGroups[] = []
    const batches: EpisodeGroups[] = []
    const informative: Uint8Array[] = []
    let steps = 0
    let informativeGroups = 0
    let planned = replay?.begin(this.#policyVersion) ?? []
    while (batches.length < this.#maxBatches && informativeGroups < this.#groups) {
      const began = performance.now()
      const played = await this.#play(planned)
      timer.add('collect', performance.now() - began)
      sampled.push(played.episodes)
      steps += played.steps
      const batch = replay ? await replay.inject(played, planned.length) : played.episodes
      planned = []
      batches.push(batch)
      const flags = this.#algorithm.informative(batch, options)
      informative.push(flags)
      informativeGroups += countGroups(batch, flags)
    }
    const before = performance.now()
    const dynamic = this.#maxBatches > 1
    replay?.insert()
    const joined = dynamic ? joinEpisodes(batches, informative, this.#groups) : batches[0]!
    const episodes = await this.#corrected(joined, dynamic ? undefined : informative[0])
    const prepared = this.#algorithm.prepare(episodes, {
      options,
      rng: rng.minibatches,
      progress,
      spaces,
      sequences: this.#context.program.sequences,
    })
    const metrics = await learn(this.#context, prepared)
    if (replay) await this.#extraUpdate(replay, batches[0]!, progress, metrics)
    this.#policyVersion = metrics['train/n_updates'] ?? this.#policyVersion
    timer.add('learn', performance.now() - before)
    if (dynamic || joined !== sampled[0]) {
      // What was kept or put in would look as if every task taught something, and as if more had succeeded.
      const all =
        sampled.length === 1 ? sampled[0]! : concatEpisodes(sampled.map((batch) => ({ ...batch, columns: {} })))
      Object.assign(metrics, this.#algorithm.describe(all, options))
    }
    if (replay) {
      metrics['reward/fresh_mean'] = metrics['reward/mean']!
      const trained = prepared.metrics['reward/mean']
      if (trained !== undefined) metrics['reward/train_mean'] = trained
    }
    if (dynamic) {
      metrics['group/batches_sampled'] = batches.length
      metrics['group/informative_groups'] = Math.min(informativeGroups, this.#groups)
    }
    if (replay) Object.assign(metrics, replay.assembler.metrics())
    if (this.#tasks instanceof Curriculum) Object.assign(metrics, this.#tasks.metrics())
    if (this.#budget) Object.assign(metrics, this.#budget.metrics())
    return { steps, metrics }
  }

  /** With the log-probs that its ratios start from. `informative`: which episodes are, where not all of them are. */
  async #corrected(batch: EpisodeGroups, informative: Uint8Array | undefined): Promise<EpisodeGroups> {
    const which = this.#algorithm.recomputes?.(this.#context.options)
    const trained = which === 'informative' ? informative : undefined
    if (this.#replay) return this.#replay.assembler.correct(batch, trained)
    if (which === undefined) return batch
    this.#score ??= scoreRows(this.#context.executor, this.#context.program)
    return (await correctLogProbs(batch, 'recompute', this.#score, trained)).batch
  }

  /** One batch: the given tasks first, then those of the source; and further rounds where some groups want them. */
  async #play(first: readonly Task[]): Promise<Played> {
    const tasks = [...first, ...this.#draw(this.#groups - first.length)]
    let played = await this.#collector.play(tasks, this.#groupSize)
    if (this.#budget)
      played = await this.#budget.spend(this.#collector, this.#groups * this.#groupSize, this.#groupSize, played)
    if (this.#tasks instanceof Curriculum) this.#tasks.record(played)
    const { options } = this.#context
    const again = this.#algorithm.secondRound?.(played.episodes, options)
    return again ? this.#playAgain(played, again) : played
  }

  #draw(count: number): Task[] {
    const tasks = this.#tasks
    return tasks instanceof Curriculum ? tasks.draw(count) : Array.from({ length: count }, () => tasks.next())
  }

  async #playAgain(
    played: Played,
    { groups, episodes, temperature }: { groups: readonly number[]; episodes: number; temperature: number },
  ): Promise<Played> {
    const { executor, options, spaces, environments } = this.#context
    const state = await executor.save()
    const tempers = temperature !== 1 && this.#algorithm.tempered !== undefined
    const context = { options, spaces, maxEpisodeSteps: environments.maxEpisodeSteps }
    if (tempers) await executor.load(this.#algorithm.tempered!(state, temperature, context))
    try {
      const wanted = new Map(groups.map((g) => [g, episodes]))
      return await withMore(this.#collector, this.#groups * this.#groupSize, played, wanted)
    } finally {
      if (tempers) await executor.load(state)
    }
  }

  /** One update on everything stored, where the replay asks for it: stored advantages, stored log-probs. */
  async #extraUpdate(
    replay: EpisodeReplay,
    like: EpisodeGroups,
    progress: number,
    metrics: Record<string, number>,
  ): Promise<void> {
    const stored = replay.assembler.extra(like)
    if (!stored) return
    const { options, rng, spaces } = this.#context
    const episodes = await replay.assembler.correct(stored)
    const once = { ...options, epochs: 1, minibatches: 1 }
    const prepared = this.#algorithm.prepare(episodes, {
      options: once,
      rng: rng.minibatches,
      progress,
      spaces,
      sequences: this.#context.program.sequences,
    })
    const own = await learn(this.#context, { call: prepared.call, metrics: {} })
    for (const name of ['policy_gradient_loss', 'approx_kl', 'grad_norm'])
      if (own[`train/${name}`] !== undefined) metrics[`replay/update_${name}`] = own[`train/${name}`]!
    if (own['train/n_updates'] !== undefined) metrics['train/n_updates'] = own['train/n_updates']
  }

  statistics(): Serializable {
    return this.#training.statistics()
  }

  /** An iteration begins with fresh episodes: nothing else of an environment outlives it. */
  save(): Serializable {
    return {
      tasks: this.#tasks.save(),
      statistics: this.statistics(),
      ...(this.#replay ? { replay: this.#replay.save(), policyVersion: this.#policyVersion } : {}),
    }
  }

  async load(saved: Serializable): Promise<void> {
    const { tasks, statistics, replay, policyVersion } = saved as Readonly<Record<string, Serializable>>
    this.#tasks.load(tasks ?? null)
    this.#training.setStatistics(statistics ?? null)
    this.#replay?.load(replay ?? null)
    this.#policyVersion = (policyVersion as number | undefined) ?? 0
  }

  async close(): Promise<void> {
    // Threads keep the process alive: they go first.
    await this.#threads?.close()
    await this.#replay?.close()
    await this.#training.env.close()
  }
}

/** Groups with an episode that is flagged. */
function countGroups({ group }: EpisodeGroups, flags: Uint8Array): number {
  let count = 0
  let last = -1
  for (let e = 0; e < group.length; e++) {
    if (flags[e] === 0 || group[e] === last) continue
    last = group[e]!
    count++
  }
  return count
}
