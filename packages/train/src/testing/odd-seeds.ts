/** For tests, by a file that every thread can load: episodes whose length, rewards and failures follow from the reset seed. */
import { workerData } from 'node:worker_threads'
import { box, discrete } from '@reprise/core'

class OddSeeds {
  readonly observationSpace = box({ low: 0, high: 2 ** 31, shape: [2] })
  readonly actionSpace = discrete(2)
  readonly spec = { id: 'OddSeeds-v0', maxEpisodeSteps: 4 }
  protected seed = 0
  #t = 0

  reset({ seed = 0 }: { seed?: number } = {}) {
    this.seed = seed
    this.#t = 0
    return { observation: [seed, 0] }
  }

  step(_action: unknown) {
    this.#t++
    this.fail()
    const terminated = this.#t > this.seed % 3
    return {
      observation: [this.seed, this.#t],
      reward: this.seed % 1000,
      terminated,
      truncated: false,
      ...(terminated ? { outcome: 1 } : {}),
    }
  }

  protected fail(): void {
    if (this.seed % 5 === 0) throw new RangeError('a multiple of five')
  }
}

export class SomeFail extends OddSeeds {}

export class AllFail extends OddSeeds {
  protected override fail(): void {
    throw new RangeError('always')
  }
}

/** Ends the thread that it is in, but not the one that trains. */
export class Ends extends OddSeeds {
  protected override fail(): void {
    if (workerData?.module) process.exit(7)
  }
}
