import { RepriseError } from './errors.ts'
import type { Serializable, TypedArray } from './types.ts'

const typedArrays = [Float32Array, Float64Array, Int32Array, Uint32Array, Uint8Array, BigUint64Array] as const

function isTypedArray(value: object): value is TypedArray {
  return typedArrays.some((type) => value instanceof type)
}

/**
 * A deep copy of plain data. Keys with `undefined` are left out.
 * @throws RepriseError RPR_ENV_CONTRACT naming the path of what cannot be saved (a Map, a class instance, a function)
 */
export function clonePlain(value: unknown, path: string): Serializable {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value
  if (typeof value === 'object') {
    if (isTypedArray(value)) return value.slice()
    if (Array.isArray(value)) return value.map((item, i) => clonePlain(item, `${path}[${i}]`))
    const prototype = Object.getPrototypeOf(value)
    if (prototype === null || Object.getPrototypeOf(prototype) === null) {
      const out: Record<string, Serializable> = {}
      for (const [key, item] of Object.entries(value))
        if (item !== undefined) out[key] = clonePlain(item, `${path}.${key}`)
      return out
    }
  }
  const what = typeof value === 'object' ? `a ${value?.constructor?.name ?? 'foreign object'}` : `a ${typeof value}`
  throw new RepriseError('RPR_ENV_CONTRACT', `${path} is ${what}, which cannot be saved.`, {
    value,
    hint: 'Keep state in numbers, strings, arrays, plain objects and typed arrays, or say `snapshot: false`.',
  })
}
