import { type Columns, type LeafSpec, RepriseError } from '@reprise/core'
import type { DrawnRows } from './view.ts'

/** The arrays that every batch has. @throws RPR_OPTION_RANGE unless `rows` is an integer >= 1 */
export function allocateDrawnRows(rows: number): DrawnRows {
  checkInteger('rows', rows, 1)
  return {
    rows,
    handles: { slots: new Int32Array(rows), generations: new Uint32Array(rows) },
    probabilities: new Float64Array(rows),
    weights: new Float32Array(rows).fill(1),
    source: new Uint8Array(rows),
    synthetic: new Uint8Array(rows),
  }
}

/** `mask` -> `nextMask` */
export function nextName(name: string): string {
  return `next${name.charAt(0).toUpperCase()}${name.slice(1)}`
}

/** The leaves with `axes` before their own. */
export function withAxes(leaves: readonly LeafSpec[], ...axes: readonly number[]): LeafSpec[] {
  return leaves.map(({ path, dtype, shape, size }) => {
    return { path, dtype, shape: [...axes, ...shape], size: axes.reduce((a, b) => a * b, size) }
  })
}

/** The data of named columns by name. */
export function byName(columns: Columns): Record<string, Columns[number]['data']> {
  return Object.fromEntries(columns.map(({ path, data }) => [path, data]))
}

/** @throws RPR_OPTION_RANGE unless an integer in [least, most] */
export function checkInteger(name: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return
  const range = most === Number.MAX_SAFE_INTEGER ? `>= ${least}` : `in [${least}, ${most}]`
  throw new RepriseError('RPR_OPTION_RANGE', `${name} is ${value}; it must be an integer ${range}.`, { value })
}

/** @throws RPR_OPTION_RANGE unless in [0, 1] */
export function checkGamma(gamma: number): void {
  if (gamma >= 0 && gamma <= 1) return
  throw new RepriseError('RPR_OPTION_RANGE', `gamma is ${gamma}; it must be a number in [0, 1].`, { value: gamma })
}
