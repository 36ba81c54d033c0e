/**
 * Several steps of one function in one call: rows of whole columns are gathered by index for each step, noise and
 * schedules are cut into steps, and scalar metrics are collected.
 */
import { andThen, type MaybePromise, RepriseError } from '@reprise/core'
import { type HostData, sizeOf, type TensorSpec } from './graph.ts'
import type { Slot } from './runtime.ts'

export interface StepsCall {
  /** Whole columns by name, [rows, ...]: what the input `batch` is gathered from. */
  readonly columns: Readonly<Record<string, HostData>>
  /** [k, B] row numbers; B is the number of rows of the input `batch`. -1: a row of zeros. */
  readonly indices: Int32Array
  /** [k, ...] values for the input `noise`. */
  readonly noise?: Readonly<Record<string, HostData>>
  /** For the input `schedule`: one value for all steps, or [k]. */
  readonly schedule?: Readonly<Record<string, number | Float32Array>>
}

export interface StepsResult {
  /** Of each scalar below the output `metrics`, [k]. Valid until the next call. */
  readonly metrics: Readonly<Record<string, Float32Array>>
}

type Feed = (step: number) => void

/** Runs steps on one function; keeps its result arrays between calls. */
export class Stepper {
  readonly #slot: Slot
  readonly #inputs: Readonly<Record<string, TensorSpec>>
  readonly #rows: number
  #metrics: Record<string, Float32Array> = {}

  /** @throws RPR_COMPILE_INPUT where the function has no input `batch`, or one with columns of unequal length */
  constructor(name: string, slot: Slot, inputs: Readonly<Record<string, TensorSpec>>) {
    this.#slot = slot
    this.#inputs = inputs
    const batch = Object.entries(inputs).filter(([path]) => path.startsWith('batch/'))
    const lengths = new Set(batch.map(([, { shape }]) => shape[0]))
    if (lengths.size !== 1 || batch.some(([, { shape }]) => shape.length === 0)) {
      fail(`'${name}' cannot run in steps: its input 'batch' needs columns with one number of rows.`, [...lengths])
    }
    this.#rows = batch[0]![1].shape[0]!
  }

  /** @throws RPR_COMPILE_INPUT naming the array that is missing or has a wrong length */
  run(call: StepsCall): MaybePromise<StepsResult> {
    const { indices } = call
    const steps = indices.length / this.#rows
    if (!Number.isInteger(steps)) fail(`indices needs [k, ${this.#rows}] row numbers.`, indices.length)
    const feeds = this.#feeds(call, steps)
    const metrics: Record<string, Float32Array> = {}
    const paths: [path: string, to: Float32Array][] = []
    const collect = (step: number, outputs: Readonly<Record<string, HostData>>): void => {
      // Which there are shows with the first outputs; after that nothing is allocated.
      if (step === 0) {
        for (const path of Object.keys(outputs).filter((path) => path.startsWith('metrics/'))) {
          const name = path.slice('metrics/'.length)
          metrics[name] = this.#array(name, steps)
          paths.push([path, metrics[name]])
        }
      }
      for (const [path, to] of paths) to[step] = outputs[path]![0]!
    }
    if (steps > 1) {
      const feed = (step: number): void => {
        for (const each of feeds) each(step)
      }
      const together = this.#slot.repeat(steps, feed, collect)
      if (together !== false) return andThen(together, () => ({ metrics }))
    }
    const from = (first: number): MaybePromise<StepsResult> => {
      for (let step = first; step < steps; step++) {
        for (const feed of feeds) feed(step)
        const outputs = this.#slot.run()
        if (outputs instanceof Promise) {
          return outputs.then((ready) => {
            collect(step, ready)
            return from(step + 1)
          })
        }
        collect(step, outputs)
      }
      return { metrics }
    }
    return from(0)
  }

  /** One writer per input. */
  #feeds(call: StepsCall, steps: number): Feed[] {
    return Object.entries(this.#inputs).map(([path, spec]): Feed => {
      const [group, ...keys] = path.split('/')
      const name = keys.join('/')
      const to = this.#slot.inputs[path]!
      const size = sizeOf(spec.shape)
      if (group === 'batch') {
        const column = call.columns[name] ?? fail(`columns needs '${name}'.`, undefined)
        return gather(to, column, call.indices, this.#rows)
      }
      if (group === 'noise') {
        const noise = call.noise?.[name] ?? fail(`noise needs '${name}'.`, undefined)
        if (noise.length !== steps * size) fail(`noise '${name}' needs ${steps} x ${size} values.`, noise.length)
        return (step) => to.set(noise.subarray(step * size, (step + 1) * size))
      }
      if (group !== 'schedule') return () => {}
      const value = call.schedule?.[name] ?? fail(`schedule needs '${name}'.`, undefined)
      if (typeof value === 'number') {
        return () => {
          to[0] = value
        }
      }
      if (value.length !== steps) fail(`schedule '${name}' needs one value or ${steps}.`, value.length)
      return (step) => {
        to[0] = value[step]!
      }
    })
  }

  #array(name: string, steps: number): Float32Array {
    const known = this.#metrics[name]
    if (known?.length === steps) return known
    this.#metrics[name] = new Float32Array(steps)
    return this.#metrics[name]
  }
}

function gather(to: HostData, column: HostData, indices: Int32Array, rows: number): Feed {
  const width = to.length / rows
  if (width === 1) {
    return (step) => {
      for (let i = 0, at = step * rows; i < rows; i++, at++) {
        const from = indices[at]!
        to[i] = from < 0 ? 0 : column[from]!
      }
    }
  }
  // Calls per row cost more than they move for narrow rows.
  if (width <= 16) {
    return (step) => {
      for (let i = 0, at = 0; i < rows; i++) {
        let from = indices[step * rows + i]! * width
        if (from < 0) {
          for (const end = at + width; at < end; ) to[at++] = 0
          continue
        }
        for (const end = at + width; at < end; ) to[at++] = column[from++]!
      }
    }
  }
  return (step) => {
    for (let i = 0; i < rows; i++) {
      const from = indices[step * rows + i]! * width
      if (from < 0) to.fill(0, i * width, (i + 1) * width)
      else to.set(column.subarray(from, from + width), i * width)
    }
  }
}

function fail(message: string, value: unknown): never {
  throw new RepriseError('RPR_COMPILE_INPUT', message, { value })
}
