/**
 * Which task a row plays. A task is a number that the row's generator draws at reset (so it follows from the reset
 * seed); everything procedural about the task comes from that number alone, while noise during the episode comes from the
 * row's generator. Rows can therefore play one task under different noise: `reset({ seed, options: { task } })`.
 */
import { type OptionSpec, option, type Pcg64, RepriseError } from '@reprise/core'
import { TaskRandom } from './task-random.ts'

/** Task numbers are below this where the environment does not count its tasks. */
export const ENDLESS = 2 ** 48

/** Reset options of every environment here. */
export const taskOption = {
  task: option.optionalInteger({
    default: null,
    min: 0,
    max: ENDLESS - 1,
    doc: 'The task to play, in place of one drawn from the seed.',
  }) as OptionSpec<number | null>,
}

export class TaskSeeds {
  /** Seeded by `choose` and `use`; draws what makes up a task. */
  readonly random = new TaskRandom()
  readonly #identity: number
  readonly #state: Float64Array
  readonly #stride: number
  readonly #count: number
  readonly #first: number
  readonly #draw = new Float64Array(1)

  /**
   * @param identity environment id and options as text: equal tasks of other options are other tasks
   * @param state [rows, stride]; the first element of each row is the task number
   * @param count tasks to draw from
   * @param first number of the first of them
   */
  constructor(identity: string, state: Float64Array, stride: number, count = ENDLESS, first = 0) {
    this.#identity = hashText(identity)
    this.#state = state
    this.#stride = stride
    this.#count = count
    this.#first = first
  }

  /**
   * Writes the task number of `row`, from `given` or from the generator, and seeds `random` with it.
   * @throws RepriseError RPR_OPTION_RANGE for a number beyond the last task
   */
  choose(row: number, generator: Pcg64, given: number | null): void {
    if (given !== null && (given < this.#first || given >= this.#first + this.#count)) this.#refuse(given)
    // Through arrays, because a double that crosses a call may be boxed, and boxes are garbage.
    generator.fillUniform(this.#draw)
    const task = given === null ? this.#first + Math.floor(this.#draw[0]! * this.#count) : given
    this.#state[row * this.#stride] = task
    this.random.seedFrom(this.#state, row * this.#stride, 0)
  }

  #refuse(given: number): never {
    throw new RepriseError('RPR_OPTION_RANGE', `Reset option 'task' = ${given} is not legal.`, {
      value: given,
      hint: `It takes an integer from ${this.#first} to ${this.#first + this.#count - 1}.`,
    })
  }

  /** The stable id of the task of `row`: 53 bits of task number, environment id and options. */
  id(row: number): number {
    const task = this.#state[row * this.#stride]!
    const low = task >>> 0
    const high = Math.floor(task / 4294967296)
    const first = scramble(Math.imul(low, 0x9e3779b1) ^ scramble(high ^ this.#identity))
    const second = scramble(Math.imul(first, 0x85ebca6b) ^ scramble(low ^ 0x27d4eb2f) ^ high)
    return (second >>> 11) * 4294967296 + (first >>> 0)
  }
}

/** MurmurHash3's finaliser. */
export function scramble(x: number): number {
  let h = x | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** FNV-1a. */
function hashText(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return scramble(h)
}
