/**
 * Groups of whole episodes from a shared reset seed, then the algorithm's updates on them. Where the algorithm declares a
 * replay of episodes, an iteration is: play, judge, detect, inject, store what was played, recompute, update.
 */
import type { EpisodeGroups, GroupAlgorithm } from '@reprise/algorithms'
import type { Serializable } from '@reprise/core'
import type { TrainingEnv } from '../environments.ts'
import { joinEpisodes, joinRounds } from './episode-packing.ts'
import { EpisodeReplay } from './episode-replay.ts'
import { GroupCollector, type Played } from './group-collector.ts'
import { type Loop, type LoopContext, learn } from './loop.ts'
import { outcomeFrom } from './outcome-from.ts'
import { type Task, type TaskSource, taskSource } from './tasks.ts'

export class GroupLoop implements Loop {
  readonly #context: LoopContext
  readonly #algorithm: GroupAlgorithm
  readonly #training: TrainingEnv
  readonly #groups: number
  readonly #groupSize: number
  readonly #maxBatches: number
  readonly #collector: GroupCollector
  readonly #tasks: TaskSource
  readonly #replay: EpisodeReplay | undefined
  /** Updates made so far. */
  #policyVersion = 0

  /** `tasks` and `outcome` as the options `tasks` and `outcomeFrom` give them. */
  constructor(context: LoopContext, algorithm: GroupAlgorithm, tasks: string, outcome = 'none') {
    this.#context = context
    this.#algorithm = algorithm
    const { options } = context
    const { groups, groupSize, maxBatches, batchGroups = groups } = algorithm.collection(options)
    this.#groups = groups
    this.#groupSize = groupSize
    this.#maxBatches = maxBatches
    const mapping = outcomeFrom(outcome)
    const config = algorithm.episodeReplay?.(options)
    this.#training = context.environments.training(groups * groupSize, { autoresetMode: 'Disabled', onError: 'fail' })
    this.#collector = new GroupCollector(context, this.#training.env, mapping)
    this.#tasks = taskSource(tasks, context.rng.environments)
    this.#replay = config && new EpisodeReplay(context, algorithm, config, batchGroups, mapping)
  }

  async start(): Promise<void> {
    await this.#replay?.start(this.statistics())
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
      const played = await this.#play(planned)
      sampled.push(played.episodes)
      steps += played.steps
      const batch = replay ? await replay.inject(played, planned.length) : played.episodes
      planned = []
      batches.push(batch)
      const flags = this.#algorithm.informative(batch, options)
      informative.push(flags)
      informativeGroups += new Set(batch.group.filter((_, e) => flags[e])).size
    }
    const before = performance.now()
    const dynamic = this.#maxBatches > 1
    replay?.insert()
    const joined = dynamic ? joinEpisodes(batches, informative, this.#groups) : batches[0]!
    const episodes = replay ? await replay.assembler.correct(joined) : joined
    const prepared = this.#algorithm.prepare(episodes, { options, rng: rng.minibatches, progress, spaces })
    const metrics = await learn(this.#context, prepared)
    if (replay) await this.#extraUpdate(replay, batches[0]!, progress, metrics)
    this.#policyVersion = metrics['train/n_updates'] ?? this.#policyVersion
    timer.add('learn', performance.now() - before)
    if (dynamic || episodes !== sampled[0]) {
      // What was kept or put in would look as if every task taught something, and as if more had succeeded.
      const all =
        sampled.length === 1
          ? sampled[0]!
          : joinEpisodes(
              sampled.map((batch) => ({ ...batch, columns: {} })),
              sampled.map(({ numEpisodes }) => new Uint8Array(numEpisodes).fill(1)),
              Number.POSITIVE_INFINITY,
            )
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
    return { steps, metrics }
  }

  /** One batch: the given tasks first, then those of the source; and a second round where the algorithm wants one. */
  async #play(first: readonly Task[]): Promise<Played> {
    const tasks = Array.from({ length: this.#groups }, (_, g) => first[g] ?? this.#tasks.next())
    const played = await this.#collector.play(tasks, this.#groupSize)
    const { options } = this.#context
    const again = this.#algorithm.secondRound?.(played.episodes, options)
    return again ? this.#playAgain(played, again) : played
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
    const parts = [played.episodes]
    const numbers: number[][] = [played.tasks.map((_, g) => g)]
    let steps = played.steps
    try {
      // As many as the environment has rows for at once: whole groups where they fit, else parts of one.
      const rows = this.#groups * this.#groupSize
      const atOnce = Math.max(1, Math.floor(rows / episodes))
      for (let from = 0; from < groups.length; from += atOnce) {
        const some = groups.slice(from, from + atOnce)
        for (let left = episodes; left > 0; left -= rows) {
          const round = await this.#collector.play(
            some.map((g) => played.tasks[g]!),
            Math.min(left, Math.floor(rows / some.length)),
          )
          steps += round.steps
          parts.push(round.episodes)
          numbers.push(round.numbers.map((number) => some[number]!))
        }
      }
    } finally {
      if (tempers) await executor.load(state)
    }
    return { ...played, steps, episodes: joinRounds(parts, numbers) }
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
    const prepared = this.#algorithm.prepare(episodes, { options: once, rng: rng.minibatches, progress, spaces })
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
    await this.#replay?.close()
    await this.#training.env.close()
  }
}
