import { broadcastTo, engine, type Tensor } from '@tensorflow/tfjs-core'
import { isTensor, type TensorTree } from '../tree.ts'

/**
 * `active` (a bool scalar) picks every leaf of `next` or, bit for bit, of `previous`: a conditional update as data.
 * Both trees have the same paths and shapes.
 */
export function selectTree<T extends TensorTree>(active: Tensor, next: T, previous: T): T {
  // One broadcast condition per shape: a Select takes no scalar.
  const conditions = new Map<string, Tensor>()
  const condition = (shape: number[]) => {
    const key = shape.join()
    let cached = conditions.get(key)
    if (!cached) {
      cached = shape.length === 0 ? active : broadcastTo(active, shape)
      conditions.set(key, cached)
    }
    return cached
  }
  const walk = (a: TensorTree, b: TensorTree): TensorTree => {
    if (isTensor(a)) {
      if (a === b) return a
      // The kernel itself: `where` would copy all three operands first.
      return engine().runKernel('Select', { condition: condition(a.shape), t: a, e: b as Tensor }) as Tensor
    }
    const other = b as { readonly [key: string]: TensorTree }
    return Object.fromEntries(Object.entries(a).map(([key, child]) => [key, walk(child, other[key]!)]))
  }
  return walk(next, previous) as T
}
