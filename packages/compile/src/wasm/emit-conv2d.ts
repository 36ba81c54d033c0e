/** Convolution NHWC x HWIO, directly: up to sixteen output channels at a time are accumulated in registers. */
import type { NodeId } from '../graph.ts'
import { elements } from './analysis.ts'
import type { Code, Local } from './code.ts'
import { storePart } from './columns.ts'
import { f4, get, load, splat } from './expr.ts'
import { addressOf, type Lowering, nodeOf } from './lowering.ts'

export function emitConv2d(lowering: Lowering, code: Code, id: NodeId): void {
  const node = nodeOf(lowering, id)
  const { operation } = node
  if (operation.op !== 'conv2d' || elements(node) === 0) return
  const [images, outHeight, outWidth, outChannels] = node.shape as [number, number, number, number]
  const [, height, width, channels] = nodeOf(lowering, node.inputs[0]!).shape as [number, number, number, number]
  const [kernelHeight, kernelWidth] = nodeOf(lowering, node.inputs[1]!).shape as [number, number]
  const x = addressOf(lowering, node.inputs[0]!)
  const filter = addressOf(lowering, node.inputs[1]!)
  const to = lowering.memory.address(id)
  const [top, , left] = operation.padding
  const counters = { image: code.local('i32'), row: code.local('i32'), column: code.local('i32') }
  const output = code.local('i32')
  code.i32(0)
  code.set(output)

  const block = (vectors: number, offset: number, count: number): void => {
    code.scope(() => {
      const sums = Array.from({ length: vectors }, () => {
        const sum = code.local('v128')
        splat(0)(code)
        code.set(sum)
        return sum
      })
      const [i, j, y, z] = [code.local('i32'), code.local('i32'), code.local('i32'), code.local('i32')]
      code.loop(i, 0, kernelHeight, 1, () => {
        position(code, y, counters.row, operation.strides[0], i, operation.dilations[0], top)
        inside(code, y, height, () => {
          code.loop(j, 0, kernelWidth, 1, () => {
            position(code, z, counters.column, operation.strides[1], j, operation.dilations[1], left)
            inside(code, z, width, () => {
              code.scope(() => {
                const from = flat(code, [counters.image, y, z], [height, width], 4 * channels)
                const weights = flat(code, [i, j], [kernelWidth], 4 * channels * outChannels)
                code.repeat(channels, 1, () => {
                  code.scope(() => {
                    const pixel = code.let('v128', load('v128.load32_splat', get(from), x))
                    sums.forEach((sum, v) => {
                      const weight = load('v128.load', get(weights), filter + offset + 16 * v)
                      f4.add(get(sum), f4.mul(pixel, weight))(code)
                      code.set(sum)
                    })
                  })
                  code.add(from, 4)
                  code.add(weights, 4 * outChannels)
                })
              })
            })
          })
        })
      })
      sums.forEach((sum, v) => {
        storePart(code, get(output), to + offset + 16 * v, get(sum), Math.min(4, count - 4 * v))
      })
    })
  }
  code.loop(counters.image, 0, images, 1, () => {
    code.loop(counters.row, 0, outHeight, 1, () => {
      code.loop(counters.column, 0, outWidth, 1, () => {
        for (let channel = 0; channel < outChannels; channel += 16) {
          const count = Math.min(16, outChannels - channel)
          block(Math.ceil(count / 4), 4 * channel, count)
        }
        code.add(output, 4 * outChannels)
      })
    })
  })
}

/** target = out * stride + kernel * dilation - padding */
function position(code: Code, target: Local, out: Local, stride: number, kernel: Local, dilation: number, pad: number) {
  code.get(out)
  code.i32(stride)
  code.op('i32.mul')
  code.get(kernel)
  code.i32(dilation)
  code.op('i32.mul')
  code.op('i32.add')
  code.i32(pad)
  code.op('i32.sub')
  code.set(target)
}

function inside(code: Code, index: Local, size: number, body: () => void): void {
  code.get(index)
  code.i32(size)
  code.op('i32.lt_u')
  code.if(body)
}

/** ((a * sizes[0] + b) * sizes[1] + c) * scale in a new local. */
function flat(code: Code, indices: readonly Local[], sizes: readonly number[], scale: number): Local {
  const result = code.local('i32')
  code.get(indices[0]!)
  sizes.forEach((size, axis) => {
    code.i32(size)
    code.op('i32.mul')
    code.get(indices[axis + 1]!)
    code.op('i32.add')
  })
  code.i32(scale)
  code.op('i32.mul')
  code.set(result)
  return result
}
