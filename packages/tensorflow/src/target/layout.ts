/**
 * How the arguments and results of a function lie in memory: one vector per type, so that a call moves at most three
 * tensors each way, however many arguments and metrics there are.
 */
import { type Dtype, type HostData, sizeOf, type TensorSpec } from '@reprise/compile'
import { reshape, T } from './lower/context.ts'
import type { Output, TfGraph } from './tf-graph.ts'
import { TYPES } from './tf-graph.ts'

export const DTYPES: readonly Dtype[] = ['float32', 'int32', 'bool']

interface Part extends TensorSpec {
  readonly name: string
  readonly offset: number
  readonly size: number
}

/** The parts of one type. */
export interface Section {
  readonly dtype: Dtype
  readonly size: number
  readonly parts: readonly Part[]
}

/** Sections of the types that occur. */
export function layOut(specs: Readonly<Record<string, TensorSpec>>): Section[] {
  return DTYPES.flatMap((dtype) => {
    let size = 0
    const parts = Object.entries(specs)
      .filter(([, spec]) => spec.dtype === dtype)
      .map(([name, { shape }]): Part => {
        const part = { name, dtype, shape, offset: size, size: sizeOf(shape) }
        size += part.size
        return part
      })
    return parts.length === 0 ? [] : [{ dtype, size, parts }]
  })
}

/** The parts of a vector on the host, by name. */
export function views(section: Section, data: HostData): [string, HostData][] {
  return section.parts.map(({ name, offset, size }) => [name, data.subarray(offset, offset + size) as HostData])
}

/** The same inside a function. */
export function unpack(tf: TfGraph, sections: readonly Section[], vectors: readonly Output[]): Map<string, Output> {
  const values = new Map<string, Output>()
  sections.forEach(({ dtype, parts }, i) => {
    for (const { name, offset, size, shape } of parts) {
      const piece = tf.op('Slice', [vectors[i]!, tf.vector([offset]), tf.vector([size])], {
        ...T(dtype),
        Index: { type: TYPES.int32 },
      })
      values.set(name, reshape(tf, piece, dtype, shape))
    }
  })
  return values
}

/** One vector per section, of values by name. */
export function pack(tf: TfGraph, sections: readonly Section[], value: (name: string) => Output): Output[] {
  return sections.map(({ dtype, parts }) => {
    const flat = parts.map(({ name, size }) => reshape(tf, value(name), dtype, [size]))
    return flat.length === 1 ? flat[0]! : tf.op('ConcatV2', [flat, tf.scalar('int32', 0)], T(dtype))
  })
}
