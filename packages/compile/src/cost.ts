/**
 * What a graph costs, counted from shapes alone, and where WebAssembly stops being the faster target.
 *
 * One PPO update of a tanh MLP 4 -> H -> H, batch B, on two cores, milliseconds; operations in millions:
 *
 * | H, B                            | 64, 64 | 64, 256 | 256, 256 |
 * |---------------------------------|--------|---------|----------|
 * | operations                      | 4      | 14      | 200      |
 * | AMD Zen 5, AVX-512: wasm        | 0.038  | 0.143   | 1.85     |
 * | AMD Zen 5, AVX-512: onnx        | 0.19   | 0.22    | 0.80     |
 * | AMD Zen 3, AVX2: wasm           | 0.058  | 0.217   | 2.87     |
 * | AMD Zen 3, AVX2: onnx           |        |         | 2.68     |
 *
 * Fixed costs decide below and wide vector units above. The lines cross between 25 million operations in one call
 * (AVX-512) and 200 million (AVX2); a DQN update of 71 million took 2.2 ms of wasm on the latter and at least 3 of onnx.
 * `npm run bench -- compile` measures them anew.
 */
import { type Graph, type Node, sizeOf } from './graph.ts'

export const CROSSOVER_FLOPS = 100e6

/**
 * Where a GPU stops waiting for its host: from here on 'auto' takes the target `tensorflow` where it runs on one.
 * Reckoned, not measured: an update of 60 to 100 kernels takes at least 0.3 to 1 ms to launch, in which the processor's
 * targets above make 30 to 100 million operations; ten times that leaves no doubt.
 */
export const GPU_FLOPS = 1e9

/** Arithmetic operations of one node: multiplications and additions count one each, elementwise functions one each. */
export function nodeFlops(graph: Graph, node: Node): number {
  const size = sizeOf(node.shape)
  const operand = graph.nodes[node.inputs[0] ?? -1]
  const { operation } = node
  switch (operation.op) {
    case 'matmul':
      return 2 * size * operand!.shape.at(operation.transposeA ? -2 : -1)!
    case 'conv2d':
      return 2 * size * sizeOf(graph.nodes[node.inputs[1]!]!.shape.slice(0, 3))
    case 'reduce':
    case 'argmax':
    case 'argmin':
    case 'scatterAdd':
      return sizeOf(operand!.shape)
    case 'softmax':
    case 'logSoftmax':
      return 5 * size
    case 'unary':
    case 'binary':
    case 'select':
    case 'cast':
    case 'cumsum':
    case 'cumprod':
      return size
    default:
      return 0
  }
}

export function graphFlops(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + nodeFlops(graph, node), 0)
}
