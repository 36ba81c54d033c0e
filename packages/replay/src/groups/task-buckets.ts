/** How often each task succeeded when it was last played, and which one to play again (ExGRPO). */
import type { Pcg64, Serializable } from '@reprise/core'
import { fit } from '../select/state.ts'
import { drawInProportion } from './group-store.ts'

export class TaskBuckets {
  /** Successes of the last group of each task, and its size. */
  readonly #last = new Map<number, { successes: number; size: number }>()

  note(task: number, successes: number, size: number): void {
    const last = this.#last.get(task)
    if (last === undefined) this.#last.set(task, { successes, size })
    else {
      last.successes = successes
      last.size = size
    }
  }

  /** Successes of the task's last group; undefined where it was never played. */
  successes(task: number): number | undefined {
    return this.#last.get(task)?.successes
  }

  /**
   * Up to `count` different tasks among `tasks` that succeeded at times, neither never nor always. A bucket of k successes
   * of n is drawn with weight exp(-(k - n/2)^2 / 2), then one of its tasks.
   */
  draw(tasks: readonly number[], count: number, rng: Pcg64): number[] {
    const buckets = new Map<string, { weight: number; tasks: number[] }>()
    for (const task of tasks) {
      const last = this.#last.get(task)
      if (last === undefined || last.successes === 0 || last.successes === last.size) continue
      const name = `${last.successes}/${last.size}`
      const weight = Math.exp(-((last.successes - last.size / 2) ** 2) / 2)
      const bucket = buckets.get(name)
      if (bucket) bucket.tasks.push(task)
      else buckets.set(name, { weight, tasks: [task] })
    }
    const drawn: number[] = []
    const open = [...buckets.values()]
    while (drawn.length < count && open.length > 0) {
      const b = drawInProportion(
        open.map(({ weight }) => weight),
        rng,
      )
      const own = open[b]!.tasks
      drawn.push(...own.splice(rng.integers(own.length), 1))
      if (own.length === 0) open.splice(b, 1)
    }
    return drawn
  }

  state(): Serializable {
    const entries = [...this.#last]
    return {
      tasks: Float64Array.from(entries, ([task]) => task),
      successes: Float64Array.from(entries, ([, { successes }]) => successes),
      sizes: Float64Array.from(entries, ([, { size }]) => size),
    }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const saved = fit.record(state)
    const tasks = saved['tasks']
    if (!(tasks instanceof Float64Array)) throw fit.error("'tasks' is no Float64Array")
    const successes = fit.float64(saved, 'successes', tasks.length)
    const sizes = fit.float64(saved, 'sizes', tasks.length)
    this.#last.clear()
    tasks.forEach((task, i) => {
      this.note(task, successes[i]!, sizes[i]!)
    })
  }
}
