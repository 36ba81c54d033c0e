import type { Serializable } from '@reprise/core'
import { checkOption, fit } from '../select/state.ts'

export interface RateLimiterOptions {
  /** Samples, in items, that each inserted item is to serve. */
  readonly samplesPerInsert: number
  /** Items before the first sample. */
  readonly minSize: number
  /**
   * How far samples may run ahead of or behind `samplesPerInsert`, in samples: `minSize x samplesPerInsert` plus or
   * minus this, or the two ends themselves. The ends are at least 2 max(largestSample, samplesPerInsert x
   * largestInsert) apart: nearer ones could block both sides for ever.
   */
  readonly errorBuffer: number | { readonly minDiff: number; readonly maxDiff: number }
  /** Items that one call samples or inserts at most. Default 1. */
  readonly largestSample?: number
  readonly largestInsert?: number
}

interface Waiter {
  readonly count: number
  readonly go: () => void
}

/**
 * Keeps sampling and inserting in step, by Reverb's inequalities. With i inserts, d deletes and s samples:
 * n may be sampled where i - d >= minSize and i x samplesPerInsert - s - n >= minDiff; n may be inserted where
 * i - d < minSize or (i + n) x samplesPerInsert - s <= maxDiff. (Reverb asks i + n - d <= minSize: the same for n = 1;
 * for more it could block both sides after deletes.) Waiting calls are served in the order in which they came.
 */
export class RateLimiter {
  readonly minDiff: number
  readonly maxDiff: number
  readonly #spi: number
  readonly #minSize: number
  readonly #largestSample: number
  readonly #largestInsert: number
  readonly #sampling: Waiter[] = []
  readonly #inserting: Waiter[] = []
  #inserts = 0
  #deletes = 0
  #samples = 0

  /** @throws RepriseError RPR_OPTION_RANGE */
  constructor(options: RateLimiterOptions) {
    const { samplesPerInsert: spi, minSize, errorBuffer, largestSample = 1, largestInsert = 1 } = options
    const count = (value: number) => Number.isSafeInteger(value) && value >= 1
    checkOption('samplesPerInsert', spi, spi > 0 && spi < Number.POSITIVE_INFINITY, 'a finite number > 0')
    checkOption('minSize', minSize, count(minSize), 'an integer >= 1')
    checkOption('largestSample', largestSample, count(largestSample), 'an integer >= 1')
    checkOption('largestInsert', largestInsert, count(largestInsert), 'an integer >= 1')
    const middle = spi * minSize
    const { minDiff, maxDiff } =
      typeof errorBuffer === 'number' ? { minDiff: middle - errorBuffer, maxDiff: middle + errorBuffer } : errorBuffer
    const least = 2 * Math.max(largestSample, spi * largestInsert)
    const width = typeof errorBuffer === 'number' ? 2 * errorBuffer : maxDiff - minDiff
    const wide = width >= least && Number.isFinite(width)
    checkOption('errorBuffer', JSON.stringify(errorBuffer), wide, `a number >= ${least / 2}, or ends ${least} apart`)
    this.minDiff = minDiff
    this.maxDiff = maxDiff
    this.#spi = spi
    this.#minSize = minSize
    this.#largestSample = largestSample
    this.#largestInsert = largestInsert
  }

  get size(): number {
    return this.#inserts - this.#deletes
  }

  canSample(count = 1): boolean {
    this.#check('sample', count, this.#largestSample)
    return this.size >= this.#minSize && this.#inserts * this.#spi - this.#samples - count >= this.minDiff
  }

  canInsert(count = 1): boolean {
    this.#check('insert', count, this.#largestInsert)
    return this.size < this.#minSize || (this.#inserts + count) * this.#spi - this.#samples <= this.maxDiff
  }

  /** Counts `count` samples and gives true, or false where they must wait. @throws RepriseError RPR_OPTION_RANGE */
  trySample(count = 1): boolean {
    if (this.#sampling.length > 0 || !this.canSample(count)) return false
    this.#samples += count
    this.#serve()
    return true
  }

  /** Counts `count` inserts and gives true, or false where they must wait. @throws RepriseError RPR_OPTION_RANGE */
  tryInsert(count = 1): boolean {
    if (this.#inserting.length > 0 || !this.canInsert(count)) return false
    this.#inserts += count
    this.#serve()
    return true
  }

  /** Items have been given up. */
  deleted(count = 1): void {
    this.#deletes += count
    this.#serve()
  }

  /** Fulfilled when `count` samples have been granted and counted; rejected with the signal's reason when it aborts. */
  waitForSample(count = 1, signal?: AbortSignal): Promise<void> {
    return this.trySample(count) ? Promise.resolve() : this.#wait(this.#sampling, count, signal)
  }

  /** Fulfilled when `count` inserts have been granted and counted; rejected with the signal's reason when it aborts. */
  waitForInsert(count = 1, signal?: AbortSignal): Promise<void> {
    return this.tryInsert(count) ? Promise.resolve() : this.#wait(this.#inserting, count, signal)
  }

  #wait(queue: Waiter[], count: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const leave = () => {
        const place = queue.indexOf(waiter)
        if (place >= 0) queue.splice(place, 1)
        reject(signal!.reason)
        this.#serve()
      }
      const waiter: Waiter = {
        count,
        go: () => {
          signal?.removeEventListener('abort', leave)
          resolve()
        },
      }
      queue.push(waiter)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }

  /** Lets those wait no longer who need not, until nobody can go on. */
  #serve(): void {
    for (;;) {
      const insert = this.#inserting[0]
      const sample = this.#sampling[0]
      if (insert !== undefined && this.canInsert(insert.count)) {
        this.#inserts += insert.count
        this.#inserting.shift()!.go()
      } else if (sample !== undefined && this.canSample(sample.count)) {
        this.#samples += sample.count
        this.#sampling.shift()!.go()
      } else return
    }
  }

  #check(what: string, count: number, largest: number): void {
    const legal = Number.isSafeInteger(count) && count >= 1 && count <= largest
    const name = what === 'sample' ? 'largestSample' : 'largestInsert'
    checkOption(`count of one ${what}`, count, legal, `an integer from 1 to ${largest}, the option '${name}'`)
  }

  /** `samples_per_insert` so far, and how many calls wait. */
  metrics(): Record<string, number> {
    return {
      ...(this.#inserts > 0 ? { samples_per_insert: this.#samples / this.#inserts } : {}),
      waiting_samples: this.#sampling.length,
      waiting_inserts: this.#inserting.length,
    }
  }

  /** The counts. Waiting calls are promises and are not saved: who waits asks again. */
  state(): Serializable {
    return { inserts: this.#inserts, deletes: this.#deletes, samples: this.#samples }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const saved = fit.record(state)
    const inserts = fit.integer(saved, 'inserts')
    const deletes = fit.integer(saved, 'deletes', 0, inserts)
    this.#samples = fit.integer(saved, 'samples')
    this.#inserts = inserts
    this.#deletes = deletes
    this.#serve()
  }
}
