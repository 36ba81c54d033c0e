/** Kernels that cut images into blocks, and normalisation by given moments. */
import { backend_util } from '@tensorflow/tfjs-core'
import { attribute, type Importers, unsupported } from './importer.ts'

export const blocks: Importers = {
  FusedBatchNorm: (g, call) => {
    const { x, mean, variance, scale, offset } = call.inputs as Record<string, number>
    const deviation = g.unary('sqrt', g.binary('add', variance!, g.scalar(attribute(call, 'varianceEpsilon', 0.001))))
    const centred = g.binary('sub', x!, mean!)
    const scaled = scale === undefined ? centred : g.binary('mul', centred, scale)
    const result = g.binary('div', scaled, deviation)
    return offset === undefined ? result : g.binary('add', result, offset)
  },
  BatchToSpaceND: (g, call) => {
    const x = call.inputs['x']!
    const block = [...attribute<readonly number[]>(call, 'blockShape')]
    const crops = attribute<number[][]>(call, 'crops')
    const shape = [...g.shape(x)]
    const product = block.reduce((a, b) => a * b, 1)
    const apart = g.reshape(x, backend_util.getReshaped(shape, block, product))
    const permutation = backend_util.getPermuted(g.shape(apart).length, block.length)
    const joined = g.reshape(g.transpose(apart, permutation), backend_util.getReshapedPermuted(shape, block, product))
    const rank = g.shape(joined).length
    const begin = Array.from({ length: rank }, (_, axis) => crops[axis - 1]?.[0] ?? 0)
    const size = g.shape(joined).map((d, axis) => d - begin[axis]! - (crops[axis - 1]?.[1] ?? 0))
    return g.slice(joined, begin, size)
  },
  SpaceToBatchND: (g, call) => {
    const x = call.inputs['x']!
    const block = [...attribute<readonly number[]>(call, 'blockShape')]
    const paddings = attribute<number[][]>(call, 'paddings')
    const product = block.reduce((a, b) => a * b, 1)
    const rank = g.shape(x).length
    const amount = (side: 0 | 1): number[] => Array.from({ length: rank }, (_, axis) => paddings[axis - 1]?.[side] ?? 0)
    const padded = g.pad(x, amount(0), amount(1))
    const shape = [...g.shape(padded)]
    const apart = g.reshape(padded, backend_util.getReshaped(shape, block, product, false))
    const permutation = backend_util.getPermuted(g.shape(apart).length, block.length, false)
    return g.reshape(g.transpose(apart, permutation), backend_util.getReshapedPermuted(shape, block, product, false))
  },
  DepthToSpace: (g, call) => {
    if (attribute<string>(call, 'dataFormat') !== 'NHWC') unsupported(call, 'needs NHWC.')
    const x = call.inputs['x']!
    const size = attribute<number>(call, 'blockSize')
    const [n, h, w, c] = g.shape(x) as [number, number, number, number]
    const depth = c / (size * size)
    const apart = g.transpose(g.reshape(x, [n, h, w, size, size, depth]), [0, 1, 3, 2, 4, 5])
    return g.reshape(apart, [n, h * size, w * size, depth])
  },
}
