/** For tests, by a file that every thread can load: episodes whose length, rewards and failures follow from the reset seed. */
import { appendFileSync } from 'node:fs'
import { isMainThread, workerData } from 'node:worker_threads'
import { box, discrete } from '@reprise/core'

/** Whether this is a thread that was started to play. */
const inThread = !isMainThread && workerData?.module !== undefined

class OddSeeds {
  readonly observationSpace = box({ low: 0, high: 2 ** 31, shape: [4] })
  readonly actionSpace = discrete(2)
  readonly spec = { id: 'OddSeeds-v0', maxEpisodeSteps: 4 }
  protected seed = 0
  #t = 0

  reset({ seed = 0 }: { seed?: number } = {}) {
    this.seed = seed
    this.#t = 0
    return { observation: [seed, 0, 0, 0] }
  }

  step(_action: unknown) {
    this.#t++
    this.fail()
    const terminated = this.#t > this.seed % 3
    return {
      observation: [this.seed, this.#t, 0, 0],
      reward: 500 + (this.seed % 1000),
      terminated,
      truncated: false,
      ...(terminated ? { outcome: 1 } : {}),
    }
  }

  protected fail(): void {}
}

export class NoneFail extends OddSeeds {}

export class SomeFail extends OddSeeds {
  protected override fail(): void {
    if (this.seed % 5 === 0) throw new RangeError('a multiple of five')
  }
}

export class AllFail extends OddSeeds {
  protected override fail(): void {
    throw new RangeError('always')
  }
}

/** Ends the thread that it is in, but not the one that trains. */
export class Ends extends OddSeeds {
  protected override fail(): void {
    if (inThread) process.exit(7)
  }
}

/** Says where it was closed, in the file that ODD_SEEDS_LOG names. */
export class SaysClosed extends OddSeeds {
  close(): void {
    appendFileSync(process.env['ODD_SEEDS_LOG']!, inThread ? 'thread\n' : 'main\n')
  }
}

export class CannotClose extends OddSeeds {
  close(): void {
    throw new Error('cannot close')
  }
}
