/** The replay of episodes of one run: a group assembler with the executor that scores for it and the player that checks. */
import type { EpisodeGroups, GroupAlgorithm } from '@reprise/algorithms'
import type { Serializable } from '@reprise/core'
import { type EpisodeReplayConfig, GroupAssembler, type Judged } from '@reprise/replay'
import { demonstrations } from './demonstrations.ts'
import type { Played } from './group-collector.ts'
import type { LoopContext } from './loop.ts'
import { ActionPlayer } from './play-actions.ts'
import { scoreRows } from './score-rows.ts'
import type { Task } from './tasks.ts'

export class EpisodeReplay {
  readonly assembler: GroupAssembler
  readonly #context: LoopContext
  readonly #algorithm: GroupAlgorithm
  readonly #player: ActionPlayer
  readonly #saves: boolean
  /** What was played in this iteration and is not stored yet. */
  #fresh: { played: Played; judged: Judged }[] = []

  constructor(context: LoopContext, algorithm: GroupAlgorithm, config: EpisodeReplayConfig, groups: number) {
    const { environments, program, policy, executor, rng, options } = context
    this.#context = context
    this.#algorithm = algorithm
    this.#player = new ActionPlayer(environments, program, policy)
    this.#saves = algorithm.savesEpisodes?.(options) ?? true
    this.assembler = new GroupAssembler(config, {
      rng: rng.replay,
      groups,
      score: scoreRows(executor, program),
      verify: (episode) => this.#player.verify(episode),
    })
  }

  /** Seeds the store of a new run. `tasks`: as the option gives them. */
  async start(statistics: Serializable, tasks: readonly Task[]): Promise<void> {
    const { environments, options, spaces, demonstrated } = this.#context
    const source = this.#algorithm.demonstrations?.(options) ?? null
    if (source === null) return
    const context = { environments, spaces, player: this.#player, statistics, tasks }
    for (const { task, episode } of demonstrated ?? (await demonstrations(source, context)))
      this.assembler.seed(task, episode)
  }

  /** The tasks that the first groups of the iteration must play. */
  begin(policyVersion: number): Task[] {
    this.#fresh = []
    return this.assembler.begin(policyVersion).map((origin) => JSON.parse(origin) as Task)
  }

  /** What was played, with stored episodes in it. `planned`: how many tasks of the batch `begin` gave. */
  async inject(played: Played, planned: number): Promise<EpisodeGroups> {
    const judged = this.#algorithm.judge!(played.episodes, this.#context.options)
    this.#fresh.push({ played, judged })
    const kept = played.numbers.filter((number) => number < planned).length
    return this.assembler.inject(played.episodes, judged, kept)
  }

  /** Stores what was played, now that nothing more is put in. */
  insert(): void {
    for (const { played, judged } of this.#fresh) {
      const origins = played.tasks.map(originOf)
      this.assembler.insert(played.episodes, judged, origins)
    }
    this.#fresh = []
  }

  save(): Serializable {
    return this.#saves ? this.assembler.state() : null
  }

  load(saved: Serializable): void {
    if (saved !== null) this.assembler.load(saved)
  }

  async close(): Promise<void> {
    await this.#player.close()
  }
}

/** How an episode of the task begins, as it is stored: fixed tasks come again and again. */
function originOf(task: Task): string {
  let origin = origins.get(task)
  if (origin === undefined) {
    origin = JSON.stringify(task)
    origins.set(task, origin)
  }
  return origin
}

const origins = new WeakMap<Task, string>()
