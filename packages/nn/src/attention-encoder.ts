/**
 * Self-attention over the elements of an observation (Vaswani et al. 2017, one pre-norm block): every element sees every
 * other, whatever their places, and what is left of the observation takes part as one more.
 */
import type { Pcg64 } from '@reprise/core'
import { add, concat, matMul, mul, relu, reshape, softmax, split, type Tensor, zeros } from '@tensorflow/tfjs-core'
import type { ElementList } from './encoder.ts'
import { orthogonal } from './init.ts'
import type { NamedTensors, Shapes } from './layout.ts'
import { layerNorm, linear } from './mlp.ts'

export interface AttentionSpec {
  /** Size of the encoded observation, and the lists in it. */
  readonly inputs: number
  readonly lists: readonly ElementList[]
  /** Numbers that an element is made into. */
  readonly width: number
  /** Parts that attend by themselves; divides `width`. */
  readonly heads: number
}

/** Width of the perceptron inside, in widths of an element. */
const INNER = 2
const POSITION_SCALE = 0.1

/** Features of the observation that are in no list. */
function restOf({ inputs, lists }: AttentionSpec): number {
  return inputs - lists.reduce((sum, { count, features }) => sum + count * features, 0)
}

/** Elements of all lists, and one for what is left. */
export function tokenCount({ lists }: Pick<AttentionSpec, 'lists'>): number {
  return lists.reduce((sum, { count }) => sum + count, 1)
}

/** Names and shapes of the parameters, all below `<prefix>/`. */
export function attentionShapes(prefix: string, spec: AttentionSpec): Shapes {
  const { lists, width, heads } = spec
  const shapes: Record<string, readonly number[]> = {}
  lists.forEach(({ count, features }, i) => {
    shapes[`${prefix}/list${i}/weight`] = [features, width]
    shapes[`${prefix}/list${i}/position`] = [count, width]
  })
  const rest = restOf(spec)
  if (rest > 0) shapes[`${prefix}/rest/weight`] = [rest, width]
  shapes[`${prefix}/rest/bias`] = [width]
  for (const norm of ['attend', 'think', 'last']) {
    shapes[`${prefix}/${norm}/scale`] = [width]
    shapes[`${prefix}/${norm}/offset`] = [width]
  }
  for (let h = 0; h < heads; h++) {
    for (const part of ['query', 'key', 'value']) shapes[`${prefix}/head${h}/${part}`] = [width, width / heads]
    shapes[`${prefix}/head${h}/join`] = [width / heads, width]
  }
  shapes[`${prefix}/inner/weight`] = [width, INNER * width]
  shapes[`${prefix}/inner/bias`] = [INNER * width]
  shapes[`${prefix}/outer/weight`] = [INNER * width, width]
  shapes[`${prefix}/outer/bias`] = [width]
  return shapes
}

/** Orthogonal matrices, small normal positions, biases 0. */
export function initAttention(prefix: string, spec: AttentionSpec, rng: Pcg64): Record<string, Float32Array> {
  const arrays: Record<string, Float32Array> = {}
  for (const [name, shape] of Object.entries(attentionShapes(prefix, spec))) {
    const [rows, columns] = shape as readonly [number, number]
    if (name.endsWith('/scale')) arrays[name] = new Float32Array(rows).fill(1)
    else if (shape.length === 1) arrays[name] = new Float32Array(rows)
    else if (name.endsWith('/position')) {
      arrays[name] = new Float32Array(rows * columns)
      rng.fillNormal(arrays[name])
      for (let i = 0; i < arrays[name].length; i++) arrays[name][i]! *= POSITION_SCALE
    } else arrays[name] = orthogonal(rng, rows, columns, 1)
  }
  return arrays
}

/**
 * [N, inputs] -> [N, tokenCount, width]: what each element became, in the order of the lists, and at last what is left of the
 * observation.
 */
export function applyAttention(params: NamedTensors, prefix: string, spec: AttentionSpec, observation: Tensor): Tensor {
  const { lists, width, heads } = spec
  const n = observation.shape[0]!
  const count = tokenCount(spec)
  const named = (name: string) => params[`${prefix}/${name}`]!
  const norm = (name: string, x: Tensor) => layerNorm(x, named(`${name}/scale`), named(`${name}/offset`))

  const { own, rest } = cut(spec, observation)
  const tokens = lists.map((list, i) => {
    const embedded = matMul(reshape(own[i]!, [n * list.count, list.features]), named(`list${i}/weight`))
    return add(reshape(embedded, [n, list.count, width]), named(`list${i}/position`))
  })
  const left = rest ? matMul(rest, named('rest/weight')) : zeros([n, width])
  tokens.push(reshape(add(left, named('rest/bias')), [n, 1, width]))

  let x: Tensor = reshape(concat(tokens, 1), [n * count, width])
  const seen = norm('attend', x)
  const size = width / heads
  for (let h = 0; h < heads; h++) {
    const [query, key, value] = ['query', 'key', 'value'].map((part) =>
      reshape(matMul(seen, named(`head${h}/${part}`)), [n, count, size]),
    )
    const weights = softmax(mul(matMul(query!, key!, false, true), 1 / Math.sqrt(size)))
    x = add(x, matMul(reshape(matMul(weights, value!), [n * count, size]), named(`head${h}/join`)))
  }
  const inner = relu(linear(params, `${prefix}/inner`, norm('think', x)))
  x = norm('last', add(x, linear(params, `${prefix}/outer`, inner)))
  return reshape(x, [n, count, width])
}

/** The columns of each list, and of what is in none. */
function cut({ inputs, lists }: AttentionSpec, observation: Tensor): { own: Tensor[]; rest: Tensor | undefined } {
  const sizes: number[] = []
  const which: number[] = []
  let at = 0
  lists.forEach(({ offset, count, features }, i) => {
    if (offset > at) {
      sizes.push(offset - at)
      which.push(-1)
    }
    sizes.push(count * features)
    which.push(i)
    at = offset + count * features
  })
  if (inputs > at) {
    sizes.push(inputs - at)
    which.push(-1)
  }
  const parts = sizes.length === 1 ? [observation] : split(observation, sizes, 1)
  const others = parts.filter((_, i) => which[i] === -1)
  return {
    own: parts.filter((_, i) => which[i] !== -1),
    rest: others.length === 0 ? undefined : others.length === 1 ? others[0] : concat(others, 1),
  }
}
