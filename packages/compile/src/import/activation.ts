/** Activations that are several operations, and their gradients' kernels. */
import type { NodeId } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { attribute, type Importers, type KernelCall, unsupported } from './importer.ts'
import { inFloat } from './unary.ts'

const SELU_SCALE = 1.0507009873554805
const SELU_SCALE_ALPHA = 1.7580993408473768

const isNegative = (g: GraphBuilder, x: NodeId): NodeId => g.binary('less', x, g.scalar(0))
const isPositive = (g: GraphBuilder, x: NodeId): NodeId => g.binary('greaterEqual', x, g.scalar(0))

export function relu(g: GraphBuilder, x: NodeId): NodeId {
  return g.binary('max', x, g.scalar(0, g.dtype(x)))
}
function relu6(g: GraphBuilder, x: NodeId): NodeId {
  return g.binary('min', relu(g, x), g.scalar(6, g.dtype(x)))
}
function elu(g: GraphBuilder, x: NodeId): NodeId {
  return g.select(isPositive(g, x), x, g.unary('expm1', x))
}
function selu(g: GraphBuilder, x: NodeId): NodeId {
  const below = g.binary('mul', g.scalar(SELU_SCALE_ALPHA), g.unary('expm1', x))
  return g.select(isPositive(g, x), g.binary('mul', g.scalar(SELU_SCALE), x), below)
}
function leakyRelu(g: GraphBuilder, x: NodeId, alpha: NodeId): NodeId {
  return g.select(isNegative(g, x), g.binary('mul', alpha, x), x)
}

/** The `activation` attribute of the fused kernels. */
export function activate(g: GraphBuilder, call: KernelCall, x: NodeId): NodeId {
  const name = attribute<string>(call, 'activation', 'linear')
  switch (name) {
    case 'linear':
      return x
    case 'relu':
      return relu(g, x)
    case 'relu6':
      return relu6(g, x)
    case 'elu':
      return elu(g, x)
    case 'sigmoid':
      return g.unary('sigmoid', x)
    case 'leakyrelu':
      return leakyRelu(g, x, g.scalar(attribute(call, 'leakyreluAlpha', 0.2)))
    case 'prelu':
      return leakyRelu(g, x, call.inputs['preluActivationWeights']!)
    default:
      return unsupported(call, `has the unknown activation '${name}'.`)
  }
}

export const activation: Importers = {
  Relu: (g, call) => relu(g, call.inputs['x']!),
  Relu6: (g, call) => relu6(g, call.inputs['x']!),
  Elu: (g, call) => inFloat(g, call.inputs['x']!, (x) => elu(g, x)),
  Selu: (g, call) => inFloat(g, call.inputs['x']!, (x) => selu(g, x)),
  LeakyRelu: (g, call) => leakyRelu(g, g.cast(call.inputs['x']!, 'float32'), g.scalar(attribute(call, 'alpha', 0.2))),
  Prelu: (g, call) => leakyRelu(g, g.cast(call.inputs['x']!, 'float32'), g.cast(call.inputs['alpha']!, 'float32')),
  EluGrad: (g, call) => {
    const [dy, y] = [call.inputs['dy']!, call.inputs['y']!]
    return g.select(isPositive(g, y), dy, g.binary('mul', dy, g.binary('add', y, g.scalar(1))))
  },
}
