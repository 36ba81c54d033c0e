/**
 * Whether the memory of a call is likely that of the call before, by a few of its numbers. Only what is sooner hangs on
 * it: a search on the product compares every byte before it trusts what it holds.
 */
import type { PairsInput } from './metric.ts'

/** Loading a memory for products takes as long as this many queries do without. */
export const LOAD_QUERIES = 8

const SAMPLES = 64
/** Calls for which samples are not believed after they missed a change. */
const DOUBT = 8

let shape = ''
const samples = new Float64Array(SAMPLES)
let doubt = 0
let held = false

const shapeOf = ({ memory, width, metric }: PairsInput) => `${memory.length} ${width} ${metric}`

/** Spread over the memory, the last number among them. */
const sampleAt = ({ length }: ArrayLike<number>, i: number) => Math.floor(((i + 1) * length) / SAMPLES) - 1

export function likelySeen(input: PairsInput): boolean {
  if (doubt > 0 || shapeOf(input) !== shape) return false
  for (let i = 0; i < SAMPLES; i++)
    if (!Object.is(input.memory[sampleAt(input.memory, i)] ?? 0, samples[i])) return false
  return true
}

/** Remembers the memory of a call; `loaded`: products hold it now. */
export function see(input: PairsInput, loaded: boolean): void {
  const now = shapeOf(input)
  doubt = now === shape ? Math.max(0, doubt - 1) : 0
  held = loaded
  shape = now
  for (let i = 0; i < SAMPLES; i++) samples[i] = input.memory[sampleAt(input.memory, i)] ?? 0
}

/** Says that products did not hold this memory: samples that say otherwise are not believed for a while. */
export function notHeld(input: PairsInput): void {
  if (held && likelySeen(input)) doubt = DOUBT
}

/** Cells that count for the product: (queries - those that loading the memory costs) x rows x width. */
export function productCells(queries: number, memory: number, loaded: boolean): number {
  return (loaded ? queries : Math.max(0, queries - LOAD_QUERIES)) * memory
}
