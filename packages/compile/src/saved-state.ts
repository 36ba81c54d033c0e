/** State on the host: what programs start from, save and load. Logical arrays without padding; any target loads any other's. */
import { RepriseError } from '@reprise/core'
import type { Dtype, HostData, TensorSpec } from './graph.ts'
import { sizeOf } from './graph.ts'
import { ARRAYS, arrayFor } from './infer.ts'
import { isSpec, isTensor, leavesOf } from './tree.ts'
import { describe, sameSpec } from './validate.ts'

export interface HostTensor extends TensorSpec {
  readonly data: HostData
}
/** Path -> array. */
export type SavedState = { readonly [path: string]: HostTensor }

/** Tensors, host tensors (`{ shape, dtype, data }`) or specs, which mean zeros. */
export function isStateLeaf(value: unknown): value is object {
  return isTensor(value) || isSpec(value)
}

/** Copies: the caller's arrays may change later. */
export function readState(tree: unknown): SavedState {
  return Object.fromEntries(leavesOf(tree, isStateLeaf).map(([path, leaf]) => [path, readLeaf(leaf, path)]))
}

export function readLeaf(leaf: unknown, path: string): HostTensor {
  const { shape } = leaf as TensorSpec
  const dtype = dtypeAt(leaf, path)
  if (isTensor(leaf)) return { shape: [...shape], dtype, data: ARRAYS[dtype].from(leaf.dataSync()) }
  const data = (leaf as Partial<HostTensor>).data
  if (data === undefined) return { shape: [...shape], dtype, data: arrayFor(dtype, sizeOf(shape)) }
  if (data.length !== sizeOf(shape)) {
    throw new RepriseError('RPR_STATE_MISMATCH', `State '${path}' holds ${data.length} values for [${shape}].`, {
      value: data.length,
    })
  }
  return { shape: [...shape], dtype, data: ARRAYS[dtype].from(data) }
}

/**
 * @throws RPR_STATE_MISMATCH naming the first path that is missing, too much or of another type
 */
export function checkState(
  own: Readonly<Record<string, TensorSpec>>,
  given: Readonly<Record<string, TensorSpec>>,
): void {
  for (const path of new Set([...Object.keys(own), ...Object.keys(given)])) {
    const [wanted, got] = [own[path], given[path]]
    if (wanted !== undefined && got !== undefined && sameSpec(wanted, got)) continue
    const says = (spec: TensorSpec | undefined): string => (spec === undefined ? 'absent' : describe(spec))
    throw new RepriseError('RPR_STATE_MISMATCH', `State '${path}' is ${says(wanted)} here and ${says(got)} there.`, {
      value: path,
    })
  }
}

function dtypeAt(leaf: unknown, path: string): Dtype {
  const { dtype } = leaf as { dtype: string }
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype
  throw new RepriseError('RPR_COMPILE_UNSUPPORTED', `'${path}' is ${dtype}: only float32, int32 and bool compile.`, {
    value: dtype,
  })
}
