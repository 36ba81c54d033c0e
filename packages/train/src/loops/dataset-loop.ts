/** Passes over stored episodes, one per iteration; no environment is stepped for training. */
import { type DatasetAlgorithm, type EpisodeGroups, isScripted } from '@reprise/algorithms'
import { RepriseError, type Serializable } from '@reprise/core'
import { demonstrations } from './demonstrations.ts'
import { type Loop, type LoopContext, learn } from './loop.ts'
import { ActionPlayer, type Demonstration } from './play-actions.ts'
import { expertTasks } from './tasks.ts'

export class DatasetLoop implements Loop {
  readonly #context: LoopContext
  readonly #algorithm: DatasetAlgorithm
  readonly #tasks: string
  #episodes: EpisodeGroups | undefined

  /** `tasks` as the option gives it. */
  constructor(context: LoopContext, algorithm: DatasetAlgorithm, tasks = 'fresh') {
    this.#context = context
    this.#algorithm = algorithm
    this.#tasks = tasks
  }

  async start(): Promise<void> {
    await this.#read()
  }

  async #read(): Promise<EpisodeGroups> {
    if (this.#episodes) return this.#episodes
    const { environments, program, policy, spaces, options, rng, demonstrated } = this.#context
    const player = new ActionPlayer(environments, program, policy)
    try {
      const source = this.#algorithm.episodes(options)
      const tasks = isScripted(source.from) ? expertTasks(this.#tasks, rng.environments, source.count) : []
      const context = { environments, spaces, player, statistics: this.statistics(), tasks }
      this.#episodes = packed(demonstrated ?? (await demonstrations(source, context)))
    } finally {
      await player.close()
    }
    return this.#episodes
  }

  /** A step is a decision that was trained on. */
  async iterate(progress: number): Promise<{ steps: number; metrics: Record<string, number> }> {
    const { options, rng, spaces, timer, program } = this.#context
    const { sequences } = program
    const episodes = await this.#read()
    const before = performance.now()
    const prepared = this.#algorithm.prepare(episodes, { options, rng: rng.minibatches, progress, spaces, sequences })
    const metrics = await learn(this.#context, prepared)
    timer.add('learn', performance.now() - before)
    const steps = prepared.call?.indices.reduce((count, row) => count + (row >= 0 ? 1 : 0), 0) ?? 0
    return { steps, metrics }
  }

  /** Nothing is normalised. */
  statistics(): Serializable {
    return { observation: null, reward: null }
  }

  save(): Serializable {
    return { statistics: this.statistics(), episodes: this.#episodes?.numEpisodes ?? 0 }
  }

  async load(saved: Serializable): Promise<void> {
    const { episodes } = saved as { episodes: number }
    const { numEpisodes } = await this.#read()
    if (numEpisodes === episodes) return
    throw new RepriseError(
      'RPR_STATE_MISMATCH',
      `The run began with ${episodes} episodes; there are ${numEpisodes} now.`,
      {
        value: numEpisodes,
        hint: 'Restore the episodes that it began with.',
      },
    )
  }

  async close(): Promise<void> {}
}

function packed(found: readonly { task: number; episode: Demonstration }[]): EpisodeGroups {
  const offsets = new Int32Array(found.length + 1)
  found.forEach(({ episode }, e) => {
    offsets[e + 1] = offsets[e]! + episode.length
  })
  const rows = offsets[found.length]!
  const columns: Record<string, EpisodeGroups['columns'][string]> = {}
  for (const name of ['observation', 'mask', 'action']) {
    const first = found[0]!.episode.columns[name]
    if (!first) continue
    const size = first.length / found[0]!.episode.length
    const out = new (first.constructor as new (length: number) => EpisodeGroups['columns'][string])(rows * size)
    found.forEach(({ episode }, e) => {
      out.set(episode.columns[name] as never, offsets[e]! * size)
    })
    columns[name] = out
  }
  return {
    numEpisodes: found.length,
    columns,
    offsets,
    group: Int32Array.from(found, (_, e) => e),
    returns: Float64Array.from(found, ({ episode }) => episode.return),
    outcomes: Float64Array.from(found, ({ episode }) => episode.outcome),
    truncated: Uint8Array.from(found, ({ episode }) => (episode.truncated ? 1 : 0)),
    taskIds: Float64Array.from(found, ({ task }) => task),
    failedEpisodes: 0,
  }
}
