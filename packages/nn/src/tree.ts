import type { Tensor } from '@tensorflow/tfjs-core'

/** Nested records with tensors at the leaves: parameters, optimiser moments, a whole learner's state. */
export type TensorTree = Tensor | { readonly [key: string]: TensorTree }

/** Every leaf with its path: keys joined by '/'. Order of insertion, which is the order of the saved state. */
export function leavesOf(tree: TensorTree, prefix = ''): [path: string, tensor: Tensor][] {
  if (isTensor(tree)) return [[prefix, tree]]
  return Object.entries(tree).flatMap(([key, child]) => leavesOf(child, prefix === '' ? key : `${prefix}/${key}`))
}

/** The same tree with each leaf replaced. */
export function mapTree(tree: TensorTree, fn: (leaf: Tensor, path: string) => Tensor, prefix = ''): TensorTree {
  if (isTensor(tree)) return fn(tree, prefix)
  return Object.fromEntries(
    Object.entries(tree).map(([key, child]) => [key, mapTree(child, fn, prefix === '' ? key : `${prefix}/${key}`)]),
  )
}

export function isTensor(tree: unknown): tree is Tensor {
  return typeof tree === 'object' && tree !== null && 'dataId' in tree
}
