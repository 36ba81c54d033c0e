/**
 * Streams of made-up episodes that remember everything: what a store should hold is worked out from the full history,
 * without rings. Every observation and every transition has a number of its own, from which its columns follow.
 */
import { allocateColumns, type Columns, leaf, type Pcg64 } from '@reprise/core'
import type { StoreSchema } from '../schema.ts'
import type { VectorStep } from '../store/vector-step.ts'

export const schema: StoreSchema = {
  observation: [leaf('pose/0', 'float64', [2]), leaf('pose/1', 'uint8', [])],
  fields: {
    action: { dtype: 'int32', shape: [] },
    mask: { dtype: 'bool', shape: [3], ofObservation: true },
    memory: { dtype: 'float32', shape: [2] },
  },
}

export interface Step {
  /** Number of the transition: its action. */
  readonly id: number
  /** Number of the observation that it answered, and of the one that followed: the final one at an end. */
  readonly observation: number
  readonly next: number
  readonly reward: number
  readonly terminated: boolean
  truncated: boolean
  readonly episode: number
  readonly step: number
  /** Place in the history of the stream. */
  readonly order: number
}

export interface Chances {
  readonly terminated: number
  readonly truncated: number
  /** That the step after an end is a reset that is skipped, as in NextStep mode. */
  readonly skipped: number
}

/** Element k of the mask of an observation. */
export const maskOf = (observation: number, k: number) => (observation >> k) & 1

export class History {
  readonly streams: Step[][]
  /** The steps of each episode. */
  readonly episodes: Step[][] = []
  readonly step: VectorStep
  readonly #rng: Pcg64
  readonly #chances: Chances
  readonly #current: number[]
  readonly #episode: { number: number; steps: number }[]
  readonly #resetNext: boolean[]
  #observations = 0
  #ids = 0
  #episodes = 0
  #time = 0

  constructor(streams: number, rng: Pcg64, chances: Chances, keyed: boolean) {
    this.#rng = rng
    this.#chances = chances
    this.streams = Array.from({ length: streams }, () => [])
    this.#current = this.streams.map(() => this.#observations++)
    this.#episode = this.streams.map(() => ({ number: -1, steps: 0 }))
    this.#resetNext = this.streams.map(() => false)
    const columns = () => allocateColumns(schema.observation, streams)
    const mask = () => new Uint8Array(3 * streams)
    this.step = {
      observation: columns(),
      fields: { action: new Int32Array(streams), mask: mask(), memory: new Float32Array(2 * streams) },
      reward: new Float64Array(streams),
      terminated: new Uint8Array(streams),
      truncated: new Uint8Array(streams),
      skipped: new Uint8Array(streams),
      nextObservation: columns(),
      finalObservation: columns(),
      nextFields: { mask: mask() },
      finalFields: { mask: mask() },
      ...(keyed ? { keys: new Array(streams).fill(undefined) } : {}),
    }
  }

  /** Makes the next step of every stream in `step`, and remembers it. */
  advance(): VectorStep {
    const { step } = this
    const time = this.#time++
    for (let s = 0; s < this.streams.length; s++) {
      const write = (columns: Columns, fields: VectorStep['fields'], observation: number) => {
        const [pose, byte] = columns
        pose!.data[2 * s] = observation
        pose!.data[2 * s + 1] = observation + 0.5
        byte!.data[s] = observation % 251
        const mask = fields['mask'] as Uint8Array
        for (let k = 0; k < 3; k++) mask[3 * s + k] = maskOf(observation, k)
      }
      if (step.keys !== undefined) {
        ;(step.keys as unknown[])[s] = time % 2 === 0 ? [3, s, time] : `run 3, stream ${s}, step ${time}`
      }
      write(step.observation, step.fields, this.#current[s]!)
      const skipped = this.#resetNext[s]!
      ;(step.skipped as Uint8Array)[s] = skipped ? 1 : 0
      if (skipped) {
        this.#resetNext[s] = false
        this.#current[s] = this.#observations++
        continue
      }
      const episode = this.#episode[s]!
      if (episode.steps === 0) episode.number = this.#episodes++
      const terminated = this.#rng.random() < this.#chances.terminated
      const truncated = this.#rng.random() < this.#chances.truncated
      const next = this.#observations++
      // Eighths, so that sums with gamma 1/2 are exact in float32.
      const made: Step = {
        id: this.#ids++,
        observation: this.#current[s]!,
        next,
        reward: (this.#rng.integers(17) - 8) / 8,
        terminated,
        truncated,
        episode: episode.number,
        step: episode.steps++,
        order: this.streams[s]!.length,
      }
      this.streams[s]!.push(made)
      if (made.step === 0) this.episodes.push([])
      this.episodes[made.episode]!.push(made)
      ;(step.fields['action'] as Int32Array)[s] = made.id
      const memory = step.fields['memory'] as Float32Array
      memory[2 * s] = made.id
      memory[2 * s + 1] = -made.id
      ;(step.reward as Float64Array)[s] = made.reward
      ;(step.terminated as Uint8Array)[s] = terminated ? 1 : 0
      ;(step.truncated as Uint8Array)[s] = truncated ? 1 : 0
      this.#current[s] = next
      if (terminated || truncated) {
        write(step.finalObservation, step.finalFields!, next)
        episode.steps = 0
        this.#resetNext[s] = this.#rng.random() < this.#chances.skipped
        // SameStep: the next observation is the first of the next episode already.
        this.#current[s] = this.#observations++
      }
      write(step.nextObservation, step.nextFields!, this.#current[s]!)
    }
    return step
  }

  /** Collection goes on with new episodes. Returns how many were cut. */
  interrupt(): number {
    let cut = 0
    for (let s = 0; s < this.streams.length; s++) {
      this.#resetNext[s] = false
      this.#current[s] = this.#observations++
      if (this.#episode[s]!.steps === 0) continue
      this.streams[s]!.at(-1)!.truncated = true
      this.#episode[s]!.steps = 0
      cut++
    }
    return cut
  }

  /** The newest `count` transitions of each stream. */
  live(count: number): Step[][] {
    return this.streams.map((steps) => steps.slice(-count))
  }
}
