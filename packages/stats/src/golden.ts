/** The values that ../recorded/record.py recorded. Only tests read them. */
import { readFileSync } from 'node:fs'

interface Aggregates {
  iqm: number
  mean: number
  median: number
  gap: number
  gapHalf: number
}

/** Lower ends, then upper ends. */
type Ends = [number[], number[]]

export const golden = JSON.parse(readFileSync(new URL('../recorded/rliable.json', import.meta.url), 'utf8')) as {
  a: number[][]
  b: number[][]
  c: number[][]
  curves: number[][][]
  thresholds: number[]
  aggregates: Record<'a' | 'b' | 'c', Aggregates>
  quantiles: number[]
  improvement: number
  profile: number[]
  curve: number[]
  drawn: {
    iqmA: [number, number]
    meanA90: [number, number]
    iqmC: [number, number]
    improvement: [number, number]
    profile: Ends
    curve: Ends
  }
  rliable: { iqmA: Ends; improvement: Ends; profile: Ends; curve: Ends }
}
