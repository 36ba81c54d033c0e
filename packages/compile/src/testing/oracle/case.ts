/** One recorded kernel call with its answer, and its form on disk: one line of JSON. */
import type { Dtype, HostData, TensorSpec } from '../../graph.ts'
import { ARRAYS } from '../../infer.ts'

export interface HostArray extends TensorSpec {
  readonly data: HostData
}

export interface OracleCase {
  readonly kernel: string
  readonly inputs: Readonly<Record<string, HostArray>>
  readonly attributes: Readonly<Record<string, unknown>>
  readonly outputs: readonly HostArray[]
}

/** [dtype, shape, values in base64] */
type Packed = readonly [dtype: Dtype, shape: readonly number[], data: string]

export interface PackedCase {
  readonly k: string
  readonly i: Readonly<Record<string, Packed>>
  readonly a: Readonly<Record<string, unknown>>
  readonly o: readonly Packed[]
}

export function unpackCase(line: string): OracleCase {
  const { k, i, a, o } = JSON.parse(line, revive) as PackedCase
  return {
    kernel: k,
    inputs: Object.fromEntries(Object.entries(i).map(([name, packed]) => [name, unpack(packed)])),
    attributes: a,
    outputs: o.map(unpack),
  }
}

function unpack([dtype, shape, text]: Packed): HostArray {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'))
  return { dtype, shape, data: new ARRAYS[dtype](bytes.buffer) }
}

/** What JSON has no word for is written as `{ $: 'NaN' }`. */
function revive(_: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && '$' in value ? Number(value.$) : value
}
