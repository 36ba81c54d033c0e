/** How many threads a function gets. */
import { availableParallelism } from 'node:os'

/** Below this one thread is fastest: handing out work costs more than it saves, and its time varies more. Measured. */
export const ONE_THREAD_FLOPS = 10e6
const MOST_THREADS = 8

/** @param flops floating point operations of one call */
export function chooseThreads(flops: number): number {
  return flops < ONE_THREAD_FLOPS ? 1 : Math.min(availableParallelism(), MOST_THREADS)
}
