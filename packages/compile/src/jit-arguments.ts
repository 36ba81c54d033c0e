/** Sorting the arguments and results of a function given to `jit`. */
import { RepriseError } from '@reprise/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { UserResult } from './function-request.ts'
import type { Dtype, TensorSpec } from './graph.ts'
import { isTensor, join, mapTree } from './tree.ts'

export type ArgumentValue = Tensor | number

export interface SortedArguments {
  /** By path: position first. Numbers are float32 scalars. */
  readonly inputs: Record<string, TensorSpec>
  readonly values: Record<string, ArgumentValue>
  /** What the rest looks like: part of a specialisation's key. */
  readonly constants: string
  /** Whether `constants` means the same in another process: no functions among them. */
  readonly portable: boolean
}

/** @throws RPR_COMPILE_INPUT for a typed array, which could be meant as a constant or as an input */
export function readArguments(args: readonly unknown[], carry: Readonly<Record<number, string>>): SortedArguments {
  const inputs: Record<string, TensorSpec> = {}
  const values: Record<string, ArgumentValue> = {}
  const constants: string[] = []
  let portable = true
  args.forEach((arg, position) => {
    if (carry[position] !== undefined) return
    mapTree(arg, isLeaf, (leaf, path) => {
      const place = join(String(position), path)
      if (typeof leaf === 'number') {
        inputs[place] = { shape: [], dtype: 'float32' }
        values[place] = leaf
      } else if (isTensor(leaf)) {
        inputs[place] = { shape: leaf.shape, dtype: leaf.dtype as Dtype }
        values[place] = leaf
      } else {
        constants.push(`${place}=${constantKey(leaf, place)}`)
        portable &&= typeof leaf !== 'function'
      }
    })
  })
  return { inputs, values, constants: constants.join(' '), portable }
}

/** Takes the carried trees out of a result. @throws RPR_COMPILE_OUTPUT where a key is missing */
export function splitCarried(name: string, result: unknown, keys: readonly string[]): UserResult {
  if (keys.length === 0) return { outputs: result }
  const outputs = { ...(result as Record<string, unknown>) }
  const nextState: Record<string, unknown> = {}
  for (const key of keys) {
    if (outputs[key] === undefined) {
      throw new RepriseError('RPR_COMPILE_OUTPUT', `'${name}' returned no '${key}', which replaces a carried argument.`)
    }
    mapTree(outputs[key], isTensor, (leaf, path) => {
      nextState[join(key, path)] = leaf
    })
    delete outputs[key]
  }
  return { outputs, nextState }
}

const isLeaf = (value: unknown): boolean => isTensor(value) || ArrayBuffer.isView(value)

const functionIds = new WeakMap<object, number>()
let functions = 0

function constantKey(value: unknown, place: string): string {
  if (ArrayBuffer.isView(value)) {
    throw new RepriseError('RPR_COMPILE_INPUT', `Argument ${place} is a typed array: make it a tensor.`)
  }
  if (typeof value !== 'function') return JSON.stringify(value) ?? String(value)
  const id = functionIds.get(value) ?? ++functions
  functionIds.set(value, id)
  return `function ${id}`
}
