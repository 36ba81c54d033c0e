/** Between typed arrays and tensors: checks at the boundary, one copy in, none kept. */
import { RepriseError, suggest } from '@reprise/core'
import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import type { HostArray, HostRecord, HostTensor, InputSpec, InputSpecs, TensorRecord } from './executor.ts'

type Dtype = InputSpec['dtype']
const constructors = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

export function allocateHost(dtype: Dtype, length: number): HostArray {
  return new constructors[dtype](length)
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1)
}

/**
 * The number of rows of `inputs`.
 * @throws RepriseError RPR_EXECUTOR_INPUT where names, types or lengths differ from `specs`
 */
export function checkInputs(what: string, specs: InputSpecs, inputs: HostRecord): number {
  let rows = -1
  for (const name in specs) {
    const spec = specs[name]!
    const array = inputs[name]
    if (array === undefined) {
      throw inputError(`Input '${name}' of ${what} is missing.`, name, suggest(name, Object.keys(inputs)))
    }
    if (!(array instanceof constructors[spec.dtype])) {
      const given = (array as object).constructor.name
      const wanted = constructors[spec.dtype].name
      throw inputError(`Input '${name}' of ${what} is a ${given}.`, given, `Give a ${wanted} (${spec.dtype}).`)
    }
    const size = sizeOf(spec.shape)
    const count = array.length / size
    if (!Number.isInteger(count) || (rows >= 0 && count !== rows)) {
      throw inputError(
        `Input '${name}' of ${what} has ${array.length} elements.`,
        array.length,
        `It takes rows of ${size} [${spec.shape}]${rows >= 0 ? `, and the other inputs have ${rows} rows` : ''}.`,
      )
    }
    rows = count
  }
  for (const name in inputs) {
    if (!(name in specs)) {
      throw inputError(`${what} has no input '${name}'.`, name, suggest(name, Object.keys(specs)))
    }
  }
  return rows
}

export function inputError(message: string, value: unknown, hint: string): RepriseError {
  return new RepriseError('RPR_EXECUTOR_INPUT', message, { value, hint })
}

/**
 * A tensor of `data`. The cpu backend keeps the array it is given, so that a later write to it would change a live
 * tensor: `copy` it there; backends with a memory of their own copy by themselves.
 */
export function toTensor(data: HostArray, shape: readonly number[], dtype: Dtype, copy: boolean): Tensor {
  return tensor(copy ? data.slice() : data, shape as number[], dtype)
}

export function toTensors(specs: InputSpecs, inputs: HostRecord, rows: number, copy: boolean): TensorRecord {
  const tensors: Record<string, Tensor> = {}
  for (const name in specs) {
    const { shape, dtype } = specs[name]!
    tensors[name] = toTensor(inputs[name]!, [rows, ...shape], dtype, copy)
  }
  return tensors
}

export function toHost(tensors: TensorRecord): Record<string, HostArray> {
  const out: Record<string, HostArray> = {}
  for (const name in tensors) out[name] = tensors[name]!.dataSync() as HostArray
  return out
}

/** A copy of a tensor with its type and shape, as saved state has it. */
export function toHostTensor(source: Tensor): HostTensor {
  const dtype = source.dtype as Dtype
  return { dtype, shape: source.shape, data: constructors[dtype].from(source.dataSync()) }
}
