/**
 * A perceptron as one differentiable function of its flat parameter vector. TensorFlow.js pays about as much for every
 * kernel as a small network's arithmetic costs, and its tape copies a handle for each operand: with the gradient written
 * out here a network is one entry on the tape and half as many kernels.
 */
import {
  add,
  cast,
  concat1d,
  customGrad,
  greater,
  matMul,
  minimum,
  mul,
  ones,
  reshape,
  square,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor2d,
  transpose,
} from '@tensorflow/tfjs-core'
import { type ActivationName, activate } from './activation.ts'
import { type Layout, layoutOf, unpackParams } from './layout.ts'
import { applyMlp, layerNorm, linear, type MlpSpec, mlpLayers, mlpShapes } from './mlp.ts'

export interface Network {
  /** Its parameters, `0/weight`, `0/bias`, ..., `out/weight`, `out/bias`, as they lie in its vector. */
  readonly layout: Layout
  /** [P], [N, inputs] -> [N, outputs]. Differentiable by the parameters; by the rows only through `applyToRows`. */
  apply(params: Tensor, rows: Tensor): Tensor
  /** The same values, differentiable by the rows and not by the parameters: for a policy loss that needs dQ/da alone. */
  applyToRows(params: Tensor, rows: Tensor): Tensor
  /** The outputs of the hidden layers, [N, width] each, without a gradient. Compiled they cost nothing beside `apply`. */
  hidden(params: Tensor, rows: Tensor): Tensor[]
}

/** dz from dy and y = activation(z), for activations whose derivative their output tells. */
const BY_OUTPUT: Partial<Record<ActivationName, (dy: Tensor, y: Tensor) => Tensor>> = {
  tanh: (dy, y) => sub(dy, mul(dy, square(y))),
  relu: (dy, y) => mul(dy, cast(greater(y, 0), 'float32')),
  elu: (dy, y) => mul(dy, add(minimum(y, 0), 1)),
  linear: (dy) => dy,
}

/** `prefix` is put before the names of the parameters: 'policy' gives `policy/0/weight`. */
export function network(prefix: string, spec: MlpSpec): Network {
  const layout = layoutOf(mlpShapes(prefix, spec))
  const derivative = BY_OUTPUT[spec.activation]
  if (spec.layerNorm || !derivative) {
    const apply = (params: Tensor, rows: Tensor) => applyMlp(unpackParams(params, layout), prefix, spec, rows)
    return { layout, apply, applyToRows: apply, hidden }
  }
  const layers = mlpLayers(prefix, spec)
  const first = layers[0]!
  return {
    layout,
    hidden,
    apply(params, rows) {
      return customGrad((vector, save) => {
        const { out, kept } = forward(vector as Tensor, rows, false)
        ;(save as Save)([rows, ...kept])
        return { value: out, gradFunc: (dy: Tensor, saved: Tensor[]) => byParams(dy, [...saved]) }
      })(params)
    },
    applyToRows(params, rows) {
      return customGrad((input, save) => {
        const { out, kept } = forward(params, input as Tensor, true)
        ;(save as Save)(kept)
        return { value: out, gradFunc: (dy: Tensor, saved: Tensor[]) => byRows(dy, [...saved]) }
      })(rows)
    },
  }

  function hidden(params: Tensor, rows: Tensor): Tensor[] {
    const parts = unpackParams(params, layout)
    let out = rows
    return mlpLayers(prefix, spec)
      .filter((layer) => layer.hidden)
      .map(({ name }) => {
        out = linear(parts, name, out)
        if (spec.layerNorm) out = layerNorm(out, parts[`${name}/scale`]!, parts[`${name}/offset`]!)
        out = activate(spec.activation, out)
        return out
      })
  }

  /** `kept`: layer after layer its weight (the first's only `withFirst`) and its output, if it is hidden. */
  function forward(vector: Tensor, rows: Tensor, withFirst: boolean): { out: Tensor; kept: Tensor[] } {
    const parts = unpackParams(vector, layout)
    const kept: Tensor[] = []
    let out = rows
    for (const layer of layers) {
      if (withFirst || layer !== first) kept.push(parts[`${layer.name}/weight`]!)
      out = linear(parts, layer.name, out)
      if (!layer.hidden) continue
      out = activate(spec.activation, out)
      kept.push(out)
    }
    return { out, kept }
  }

  /** From the last layer to the first. Plain products only: the wasm backend is many times slower on transposed ones. */
  function byParams(dy: Tensor, saved: Tensor[]): Tensor {
    const one = ones([1, dy.shape[0]!])
    const pieces: Tensor1D[] = []
    let d = dy
    for (let i = layers.length - 1; i >= 0; i--) {
      if (layers[i]!.hidden) d = derivative!(d, saved.pop()!)
      const weight = i > 0 ? saved.pop()! : undefined
      const below = saved[saved.length - 1]!
      const size = below.shape[1]! * d.shape[1]!
      pieces.unshift(
        reshape(matMul(transpose(below), d), [size]) as Tensor1D,
        reshape(matMul(one, d as Tensor2D), [d.shape[1]!]) as Tensor1D,
      )
      if (weight) d = matMul(d, transpose(weight))
    }
    return concat1d(pieces)
  }

  function byRows(dy: Tensor, saved: Tensor[]): Tensor {
    let d = dy
    for (let i = layers.length - 1; i >= 0; i--) {
      if (layers[i]!.hidden) d = derivative!(d, saved.pop()!)
      d = matMul(d, transpose(saved.pop()!))
    }
    return d
  }
}

type Save = (tensors: Tensor[]) => void

/**
 * Columns `from` to `from + count` of [N, width] by a product with a 0-1 matrix: a slice of columns copies row by row on
 * the wasm backend.
 */
export function columns(x: Tensor, from: number, count: number): Tensor {
  const width = x.shape[1]!
  return customGrad((input) => ({
    value: matMul(input as Tensor, selector(width, from, count)),
    gradFunc: (dy: Tensor) => matMul(dy, transpose(selector(width, from, count))),
  }))(x)
}

function selector(width: number, from: number, count: number): Tensor2D {
  const matrix = new Float32Array(width * count)
  for (let i = 0; i < count; i++) matrix[(from + i) * count + i] = 1
  return tensor2d(matrix, [width, count])
}
