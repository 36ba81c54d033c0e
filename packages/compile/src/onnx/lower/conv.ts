/** conv2d: ONNX convolves NCHW with OIHW. */
import { sizeOf } from '../../graph.ts'
import { filled, type Lower } from './context.ts'

export const lowerConv2d: Lower<'conv2d'> = ({ builder: b, node, names, operands }, operation) => {
  const [, , , inputChannels] = operands[0]!.shape
  if (sizeOf(operands[1]!.shape) === 0 || inputChannels === 0) return filled(b, 'float32', node.shape, 0)
  const image = b.transpose(names[0]!, [0, 3, 1, 2])
  const filter = b.transpose(names[1]!, [3, 2, 0, 1])
  const [top, bottom, left, right] = operation.padding
  const result = b.op('Conv', [image, filter], {
    kernel_shape: { ints: operands[1]!.shape.slice(0, 2) },
    strides: { ints: operation.strides },
    dilations: { ints: operation.dilations },
    pads: { ints: [top, left, bottom, right] },
  })
  return b.transpose(result, [0, 2, 3, 1])
}
