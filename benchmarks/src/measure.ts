export interface Timing {
  /** Environment steps per second of processor time. */
  readonly median: number
  readonly best: number
  readonly worst: number
}

export interface MeasureOptions {
  /** Processor time of one repetition. */
  readonly seconds: number
  readonly repetitions: number
}

/**
 * Calls `batch` (which does `steps` steps) for a warm-up of two repetitions' length, then for `repetitions` times
 * `seconds`, and returns steps per second. The clock is the processor time of the process (V8's helper threads
 * included), so that other programs on the machine matter less.
 */
export function measure(batch: () => void, steps: number, { seconds, repetitions }: MeasureOptions): Timing {
  rate(batch, steps, 2 * seconds)
  const rates = Array.from({ length: repetitions }, () => rate(batch, steps, seconds)).sort((a, b) => a - b)
  return { median: rates[rates.length >> 1]!, best: rates.at(-1)!, worst: rates[0]! }
}

function rate(batch: () => void, steps: number, seconds: number): number {
  const start = process.cpuUsage()
  let done = 0
  let elapsed = 0
  do {
    batch()
    done += steps
    const { user, system } = process.cpuUsage(start)
    elapsed = (user + system) / 1e6
  } while (elapsed < seconds)
  return done / elapsed
}
