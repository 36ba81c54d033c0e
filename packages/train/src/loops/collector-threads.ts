/**
 * Plays the groups of a batch in several threads, this one included: each has environments and a compiled policy of its
 * own, gets the learner's state with every request, and plays whole groups. What comes back stands in the order of the
 * tasks. A thread keeps nothing between requests, so that a run resumes exactly.
 */
import type { Worker } from 'node:worker_threads'
import { RepriseError } from '@reprise/core'
import type { RunConfig } from '../run/run-folder.ts'
import {
  type CollectorRequest,
  errorOf,
  type PlayedReply,
  type PlayReply,
  type PlayRequest,
} from './collector-messages.ts'
import type { CollectorWorkerData } from './collector-worker.ts'
import { concatEpisodes } from './episode-packing.ts'
import {
  allFailed,
  type CollectorContext,
  type EpisodeCollector,
  GroupCollector,
  type Played,
} from './group-collector.ts'
import { startThread } from './start-thread.ts'
import type { Task } from './tasks.ts'

export interface ThreadedRun {
  readonly threads: number
  /** The record of the run, from which each thread builds its learner. */
  readonly config: RunConfig
}

export class CollectorThreads implements EpisodeCollector {
  readonly #context: CollectorContext
  /** Plays by itself what does not divide into whole groups. */
  readonly #whole: EpisodeCollector
  readonly #run: ThreadedRun
  /** Groups that each thread has rows for. */
  readonly #share: number
  readonly #groupSize: number
  /** Started with the first batch: what fails before leaves none behind. */
  #started: { readonly own: GroupCollector; readonly threads: readonly CollectorThread[]; close(): unknown } | undefined

  constructor(context: CollectorContext, whole: EpisodeCollector, groups: number, groupSize: number, run: ThreadedRun) {
    this.#context = context
    this.#whole = whole
    this.#run = run
    this.#share = Math.ceil(groups / run.threads)
    this.#groupSize = groupSize
  }

  async play(tasks: readonly Task[], size: number, mayFail = false): Promise<Played> {
    const count = Math.min(this.#run.threads, tasks.length)
    const fits = Math.ceil(tasks.length / count) * size <= this.#share * this.#groupSize
    if (count < 2 || !fits) return this.#whole.play(tasks, size, mayFail)
    const { executor, rng, episodes, failures, environments } = this.#context
    const { own, threads } = this.#start()
    const state = await executor.save()
    // The first share is this thread's own. They differ by one task at most.
    const bounds = Array.from({ length: count + 1 }, (_, i) => Math.floor((i * tasks.length) / count))
    const shares = bounds.slice(1).map((to, i) => tasks.slice(bounds[i], to))
    const pending = shares
      .slice(1)
      .map((share, i) => threads[i]!.play({ state, tasks: share, size, seed: rng.actions.integers(2 ** 32) }))
    // All are waited for whatever happens: a reply must find its request.
    const [first, ...others] = await Promise.allSettled([own.play(shares[0]!, size, true), ...pending])
    const parts: Pick<Played, 'steps' | 'numbers' | 'episodes'>[] = [settled(first!)]
    let thrown: unknown
    for (const reply of others.map(settled)) {
      const { ended } = reply
      for (let i = 0; i < ended.length; i += 3) episodes.add(ended[i]!, ended[i + 1]!, ended[i + 2]!)
      for (const failure of reply.failures) {
        thrown = errorOf(failure)
        failures.note(thrown)
      }
      parts.push(reply.played)
    }
    const numbers = parts.flatMap((part, i) => part.numbers.map((number) => bounds[i]! + number))
    const played = {
      steps: parts.reduce((sum, { steps }) => sum + steps, 0),
      tasks: numbers.map((number) => tasks[number]!),
      numbers,
      episodes: concatEpisodes(parts.map((part) => part.episodes)),
    }
    if (played.episodes.numEpisodes === 0 && !mayFail) throw allFailed(environments.id, tasks.length * size, thrown)
    return played
  }

  #start() {
    if (this.#started) return this.#started
    const [groups, { environments }] = [this.#share, this.#context]
    const { env } = environments.training(groups * this.#groupSize, { autoresetMode: 'Disabled', onError: 'fail' })
    const threads: CollectorThread[] = []
    this.#started = { own: new GroupCollector(this.#context, env), threads, close: () => env.close() }
    while (threads.length < this.#run.threads - 1) {
      threads.push(new CollectorThread({ config: this.#run.config, groups, main: process.argv[1] }))
    }
    return this.#started
  }

  /** Ends the threads, whatever an environment makes of it. */
  async close(): Promise<void> {
    await Promise.all(this.#started?.threads.map((thread) => thread.close()) ?? [])
    await this.#started?.close()
  }
}

function settled<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason
  return result.value
}

/** Milliseconds that a thread has to close its environments. */
const PATIENCE = 2000

/** One thread and the request that it is busy with. */
class CollectorThread {
  readonly #worker: Worker
  readonly #ended: Promise<void>
  #waiting: { resolve: (reply: PlayedReply) => void; reject: (error: unknown) => void } | undefined
  #lost: RepriseError | undefined

  constructor(data: CollectorWorkerData) {
    this.#worker = startThread('collector-worker', data)
    this.#worker.on('message', (reply: PlayReply) => {
      const waiting = this.#waiting
      this.#waiting = undefined
      if ('error' in reply) waiting?.reject(errorOf(reply.error))
      else waiting?.resolve(reply)
    })
    this.#worker.on('messageerror', (error) => this.#lose(`gave a reply that cannot be read: ${error}`, error))
    this.#worker.on('error', (error) => this.#lose(`threw ${error}`, error))
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#lose(`ended with code ${code}`)
        resolve()
      })
    })
  }

  play(request: PlayRequest): Promise<PlayedReply> {
    return new Promise((resolve, reject) => {
      if (this.#lost) return reject(this.#lost)
      this.#waiting = { resolve, reject }
      this.#worker.postMessage(request satisfies CollectorRequest)
    })
  }

  #lose(how: string, cause?: unknown): void {
    this.#lost ??= new RepriseError('RPR_TRAINING_THREAD', `A collector thread ${how}.`, {
      hint: 'A run of one thread (collectorThreads 1) shows where.',
      cause,
    })
    this.#waiting?.reject(this.#lost)
    this.#waiting = undefined
  }

  async close(): Promise<void> {
    this.#worker.postMessage('close' satisfies CollectorRequest)
    const timer = setTimeout(() => void this.#worker.terminate(), PATIENCE)
    await this.#ended
    clearTimeout(timer)
  }
}
