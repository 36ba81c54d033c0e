/**
 * Many parameters as one flat vector. A learner's state is few large tensors: an optimiser step is then one chain of
 * kernels instead of one per layer, and a recorded update is a third smaller.
 */
import { RepriseError } from '@reprise/core'
import { concat, reshape, split, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core'

export interface LayoutEntry {
  /** Keys joined by '/': `policy/0/weight`. */
  readonly name: string
  readonly shape: readonly number[]
  /** Number of elements. */
  readonly size: number
  /** Where it begins in the vector. */
  readonly offset: number
}

/** What lies where in a flat vector of `size` elements. */
export interface Layout {
  readonly entries: readonly LayoutEntry[]
  readonly size: number
}

export type Shapes = Readonly<Record<string, readonly number[]>>
export type NamedTensors = Readonly<Record<string, Tensor>>

/** Lays named shapes one after the other, in the order given. */
export function layoutOf(shapes: Shapes): Layout {
  let offset = 0
  const entries = Object.entries(shapes).map(([name, shape]) => {
    const size = shape.reduce((a, b) => a * b, 1)
    const entry = { name, shape, size, offset }
    offset += size
    return entry
  })
  return { entries, size: offset }
}

/** The parts of a flat vector [P] by name, in their shapes. One split: its gradient is one concatenation. */
export function unpackParams(vector: Tensor, { entries }: Layout): Record<string, Tensor> {
  const parts =
    entries.length === 1
      ? [vector]
      : split(
          vector as Tensor1D,
          entries.map(({ size }) => size),
        )
  return Object.fromEntries(
    entries.map(({ name, shape }, i) => [name, shape.length === 1 ? parts[i]! : reshape(parts[i]!, shape as number[])]),
  )
}

/** One flat vector [P] of named tensors. @throws RepriseError RPR_STATE_MISMATCH where one is missing or misshapen */
export function packParams(tensors: NamedTensors, layout: Layout): Tensor1D {
  const parts = layout.entries.map(({ name, size }) => {
    const tensor = tensors[name]
    if (tensor?.size !== size) throw mismatch(name, tensor?.size, size)
    return reshape(tensor, [size]) as Tensor1D
  })
  return parts.length === 1 ? parts[0]! : concat(parts)
}

/** `packParams` for arrays on the host. */
export function packHost(arrays: Readonly<Record<string, ArrayLike<number>>>, layout: Layout): Float32Array {
  const out = new Float32Array(layout.size)
  for (const { name, size, offset } of layout.entries) {
    const array = arrays[name]
    if (array?.length !== size) throw mismatch(name, array?.length, size)
    out.set(array, offset)
  }
  return out
}

/** Views of the parts of a saved vector. @throws RepriseError RPR_STATE_MISMATCH for a vector of another length */
export function unpackHost(vector: Float32Array, layout: Layout): Record<string, Float32Array> {
  if (vector.length !== layout.size) throw mismatch('the parameter vector', vector.length, layout.size)
  return Object.fromEntries(
    layout.entries.map(({ name, size, offset }) => [name, vector.subarray(offset, offset + size)]),
  )
}

function mismatch(name: string, got: number | undefined, want: number): RepriseError {
  return new RepriseError(
    'RPR_STATE_MISMATCH',
    got === undefined
      ? `Parameter '${name}' is missing.`
      : `Parameter '${name}' has ${got} elements instead of ${want}.`,
    { value: got, hint: 'Build the network with the sizes that it was saved with.' },
  )
}
