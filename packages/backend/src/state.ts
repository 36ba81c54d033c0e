/** Between the flat paths of a saved state and the tree of tensors that a program works on. */
import { RepriseError } from '@reprise/core'
import { leavesOf, type TensorTree } from '@reprise/nn'
import type { HostTree } from './executor.ts'
import { allocateHost, sizeOf, toHostTensor, toTensor } from './tensor-io.ts'

/** Keys of the tree are the parts of the paths between '/'. */
export function treeFromHost(state: HostTree): TensorTree {
  const root: Record<string, unknown> = {}
  for (const [path, { data, shape, dtype }] of Object.entries(state)) {
    const keys = path.split('/')
    let node = root
    for (const key of keys.slice(0, -1)) {
      node[key] ??= {}
      node = node[key] as Record<string, unknown>
    }
    node[keys[keys.length - 1]!] = toTensor(data, shape, dtype, true)
  }
  return root as TensorTree
}

export function treeToHost(tree: TensorTree): HostTree {
  return Object.fromEntries(leavesOf(tree).map(([path, leaf]) => [path, toHostTensor(leaf)]))
}

/** @throws RepriseError RPR_STATE_MISMATCH unless `given` has the paths, types, shapes and lengths of `expected` */
export function checkState(given: HostTree, expected: HostTree): void {
  for (const [path, want] of Object.entries(expected)) {
    const have = given[path]
    if (have === undefined) throw mismatch(`'${path}' is missing`, undefined)
    if (have.dtype !== want.dtype || have.shape.join() !== want.shape.join()) {
      throw mismatch(`'${path}' is ${have.dtype} [${have.shape}] instead of ${want.dtype} [${want.shape}]`, have.shape)
    }
    if (have.data.length !== sizeOf(want.shape) || have.data.constructor !== allocateHost(want.dtype, 0).constructor) {
      throw mismatch(
        `'${path}' holds a ${have.data.constructor.name} of ${have.data.length} elements for ${want.dtype} [${want.shape}]`,
        have.data.length,
      )
    }
  }
  for (const path of Object.keys(given)) {
    if (!(path in expected)) throw mismatch(`'${path}' is not part of it`, path)
  }
}

function mismatch(reason: string, value: unknown): RepriseError {
  return new RepriseError('RPR_STATE_MISMATCH', `The saved state does not fit this learner: ${reason}.`, {
    value,
    hint: 'Use the algorithm, network sizes and spaces that it was saved with.',
  })
}
