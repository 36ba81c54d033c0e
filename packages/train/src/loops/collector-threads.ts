/**
 * Plays the groups of a batch in several threads, this one included: each has environments and a compiled policy of its
 * own, gets the policy's state with every request, and plays whole groups. What comes back stands in the order of the
 * tasks. A thread keeps nothing between requests, so that a run resumes exactly.
 */
import type { Worker } from 'node:worker_threads'
import type { HostArray } from '@reprise/backend'
import { RepriseError } from '@reprise/core'
import type { RunConfig } from '../run/run-folder.ts'
import { errorOf, type PlayReply, type PlayRequest } from './collector-messages.ts'
import type { CollectorWorkerData } from './collector-worker.ts'
import { allFailed, type EpisodeCollector, GroupCollector, type Played } from './group-collector.ts'
import type { LoopContext } from './loop.ts'
import { startThread } from './start-thread.ts'
import type { Task } from './tasks.ts'

export interface ThreadedRun {
  readonly threads: number
  /** The record of the run, from which each thread builds its learner. */
  readonly config: RunConfig
}

export class CollectorThreads implements EpisodeCollector {
  readonly #context: LoopContext
  /** Plays by itself what does not divide into whole groups. */
  readonly #whole: EpisodeCollector
  readonly #own: GroupCollector
  readonly #closeOwn: () => unknown
  readonly #threads: CollectorThread[]
  /** Rows that each thread has. */
  readonly #rows: number

  constructor(context: LoopContext, whole: EpisodeCollector, groups: number, groupSize: number, run: ThreadedRun) {
    this.#context = context
    this.#whole = whole
    const share = Math.ceil(groups / run.threads)
    this.#rows = share * groupSize
    const { env } = context.environments.training(this.#rows, { autoresetMode: 'Disabled', onError: 'fail' })
    this.#own = new GroupCollector(context, env)
    this.#closeOwn = () => env.close()
    this.#threads = Array.from(
      { length: run.threads - 1 },
      () => new CollectorThread({ config: run.config, groups: share }),
    )
  }

  async play(tasks: readonly Task[], size: number, mayFail = false): Promise<Played> {
    const { executor, rng, episodes, failures, environments } = this.#context
    const count = this.#threads.length + 1
    const share = Math.ceil(tasks.length / count)
    if (tasks.length < count || share * size > this.#rows) return this.#whole.play(tasks, size, mayFail)
    const state = await executor.save()
    const shares = Array.from({ length: count }, (_, i) => tasks.slice(i * share, (i + 1) * share))
    // The first share is this thread's own; the last ones may be empty.
    const busy = shares.slice(1).filter(({ length }) => length > 0)
    const pending = busy.map((tasks, i) =>
      this.#threads[i]!.play({ state, tasks, size, seed: rng.actions.integers(2 ** 32) }),
    )
    // All are waited for whatever happens: a reply must find its request.
    const [own, ...others] = await Promise.allSettled([this.#own.play(shares[0]!, size, true), ...pending])
    const parts = [settled(own!)]
    let thrown: unknown
    for (const reply of others.map(settled)) {
      for (const ended of reply.ended) episodes.add(...ended)
      for (const failure of reply.failures) {
        thrown = errorOf(failure)
        failures.note(thrown)
      }
      parts.push(reply.played)
    }
    const played = sideBySide(parts, share)
    if (played.episodes.numEpisodes === 0 && !mayFail) throw allFailed(environments.id, tasks.length * size, thrown)
    return played
  }

  async close(): Promise<void> {
    await Promise.all([this.#closeOwn(), ...this.#threads.map((thread) => thread.close())])
  }
}

function settled<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason
  return result.value
}

type Reply = Exclude<PlayReply, { error: unknown }>

/** One thread and the request that it is busy with. */
class CollectorThread {
  readonly #worker: Worker
  #waiting: { resolve: (reply: Reply) => void; reject: (error: unknown) => void } | undefined
  #lost: RepriseError | undefined

  constructor(data: CollectorWorkerData) {
    this.#worker = startThread('collector-worker', data)
    this.#worker.on('message', (reply: PlayReply) => {
      const waiting = this.#waiting
      this.#waiting = undefined
      if ('error' in reply) waiting?.reject(errorOf(reply.error))
      else waiting?.resolve(reply)
    })
    this.#worker.on('error', (error) => this.#lose(`threw ${error}`, error))
    this.#worker.on('exit', (code) => this.#lose(`ended with code ${code}`))
  }

  play(request: PlayRequest): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#lost) return reject(this.#lost)
      this.#waiting = { resolve, reject }
      this.#worker.postMessage(request)
    })
  }

  #lose(how: string, cause?: unknown): void {
    this.#lost ??= new RepriseError('RPR_TRAINING_THREAD', `A collector thread ${how}.`, {
      hint: 'Run with collectorThreads 1 to see where, and resume.',
      cause,
    })
    this.#waiting?.reject(this.#lost)
    this.#waiting = undefined
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}

/** Parts of one batch, `share` tasks each (the last one fewer), as one. */
function sideBySide(parts: readonly Played[], share: number): Played {
  const numEpisodes = sum(parts, ({ episodes }) => episodes.numEpisodes)
  const offsets = new Int32Array(numEpisodes + 1)
  const group = new Int32Array(numEpisodes)
  let [episode, rows, groups] = [0, 0, 0]
  for (const { episodes, numbers } of parts) {
    for (let e = 0; e < episodes.numEpisodes; e++, episode++) {
      offsets[episode + 1] = rows + episodes.offsets[e + 1]!
      group[episode] = groups + episodes.group[e]!
    }
    rows += episodes.offsets[episodes.numEpisodes]!
    groups += numbers.length
  }
  const joined = <A extends HostArray | Float64Array>(read: (episodes: Played['episodes']) => A): A => {
    const arrays = parts.map(({ episodes }) => read(episodes))
    const out = new (arrays[0]!.constructor as new (length: number) => A)(sum(arrays, ({ length }) => length))
    let at = 0
    for (const array of arrays) {
      out.set(array, at)
      at += array.length
    }
    return out
  }
  // A thread whose episodes all failed at their start has no columns.
  const full = parts.find(({ episodes }) => episodes.numEpisodes > 0)?.episodes.columns ?? {}
  const columns: Record<string, HostArray> = {}
  for (const name in full) {
    const none = full[name]!.subarray(0, 0)
    columns[name] = joined((episodes) => episodes.columns[name] ?? none)
  }
  return {
    steps: sum(parts, ({ steps }) => steps),
    tasks: parts.flatMap(({ tasks }) => tasks),
    numbers: parts.flatMap(({ numbers }, i) => numbers.map((number) => i * share + number)),
    episodes: {
      numEpisodes,
      columns,
      offsets,
      group,
      returns: joined(({ returns }) => returns),
      outcomes: joined(({ outcomes }) => outcomes),
      truncated: joined(({ truncated }) => truncated),
      taskIds: joined(({ taskIds }) => taskIds),
      failedEpisodes: sum(parts, ({ episodes }) => episodes.failedEpisodes),
    },
  }
}

function sum<T>(items: readonly T[], read: (item: T) => number): number {
  let total = 0
  for (const item of items) total += read(item)
  return total
}
