/** Trees of arguments, state and results: nested objects and arrays with leaves of one kind. */
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Dtype, HostData, TensorSpec } from './graph.ts'

export type Tree<L> = L | { readonly [key: string]: Tree<L> } | readonly Tree<L>[]
export type TensorTree = Tree<Tensor>
export type SpecTree = Tree<TensorSpec>
export type HostTree = Tree<HostData>

interface Arrays {
  float32: Float32Array
  int32: Int32Array
  bool: Uint8Array
}

/** A spec that remembers its type, so that `inputs.obs` is a Float32Array and not one of three. */
export interface Spec<D extends Dtype = Dtype> extends TensorSpec {
  readonly dtype: D
}

/** The host arrays, or the tensors, of a tree of specs. */
export type HostOf<S> = S extends Spec<infer D> ? Arrays[D] : { readonly [K in keyof S]: HostOf<S[K]> }
export type TensorsOf<S> = S extends TensorSpec ? Tensor : { readonly [K in keyof S]: TensorsOf<S[K]> }

/** The shape and type of an input; `spec([])` is a scalar. */
export function spec(shape: readonly number[]): Spec<'float32'>
export function spec<D extends Dtype>(shape: readonly number[], dtype: D): Spec<D>
export function spec(shape: readonly number[], dtype: Dtype = 'float32'): Spec {
  return { shape: [...shape], dtype }
}

export function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'dataId' in value
}

export function isSpec(value: unknown): value is TensorSpec {
  if (typeof value !== 'object' || value === null || isTensor(value)) return false
  return 'shape' in value && Array.isArray(value.shape) && 'dtype' in value && typeof value.dtype === 'string'
}

/**
 * Every leaf with its path: keys joined by '/'. The order is that of insertion. A tree that is one leaf has the path ''.
 * @param isLeaf what ends a branch; other values that are no objects are offered to it too
 */
export function leavesOf<L>(tree: unknown, isLeaf: (value: unknown) => value is L, prefix = ''): [string, L][] {
  if (isLeaf(tree)) return [[prefix, tree]]
  if (typeof tree !== 'object' || tree === null) return []
  return Object.entries(tree).flatMap(([key, child]) => leavesOf(child, isLeaf, join(prefix, key)))
}

/** The same structure with each leaf, and each value that is no object, replaced. */
export function mapTree(tree: unknown, isLeaf: (value: unknown) => boolean, fn: Replace, prefix = ''): unknown {
  if (isLeaf(tree) || typeof tree !== 'object' || tree === null) return fn(tree, prefix)
  if (Array.isArray(tree)) return tree.map((child, i) => mapTree(child, isLeaf, fn, join(prefix, String(i))))
  return Object.fromEntries(
    Object.entries(tree).map(([key, child]) => [key, mapTree(child, isLeaf, fn, join(prefix, key))]),
  )
}
type Replace = (leaf: unknown, path: string) => unknown

/** `{ 'a/b': x }` as `{ a: { b: x } }`: a saved state may come with whole paths as keys. */
export function nest(tree: unknown, isLeaf: (value: unknown) => boolean): unknown {
  if (isLeaf(tree) || typeof tree !== 'object' || tree === null || Array.isArray(tree)) return tree
  const nested: Record<string, unknown> = {}
  for (const [key, child] of Object.entries(tree)) {
    const keys = key.split('/')
    const last = keys.pop()!
    let branch = nested
    for (const part of keys) {
      branch[part] ??= {}
      branch = branch[part] as Record<string, unknown>
    }
    branch[last] = nest(child, isLeaf)
  }
  return nested
}

export function join(prefix: string, key: string): string {
  if (key === '') return prefix
  return prefix === '' ? key : `${prefix}/${key}`
}
