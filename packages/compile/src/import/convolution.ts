/** Convolutions and their gradients, all as one forward convolution NHWC x HWIO of rearranged operands. */
import { backend_util } from '@tensorflow/tfjs-core'
import type { NodeId } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { activate } from './activation.ts'
import { attribute, type Importers, type KernelCall, unsupported } from './importer.ts'
import { fit, spreadApart, windows } from './window.ts'

type Four = [number, number, number, number]

function info(
  call: KernelCall,
  inputShape: readonly number[],
  filterShape: readonly number[],
  depthwise = false,
): backend_util.Conv2DInfo {
  return backend_util.computeConv2DInfo(
    [...inputShape] as Four,
    [...filterShape] as Four,
    attribute(call, 'strides'),
    attribute(call, 'dilations', 1),
    attribute(call, 'pad'),
    call.attributes['dimRoundingMode'] as never,
    depthwise,
    channelsLast(call) ? 'channelsLast' : 'channelsFirst',
  )
}

function channelsLast(call: KernelCall): boolean {
  return attribute<string>(call, 'dataFormat', 'NHWC') !== 'NCHW'
}

const toLast = (g: GraphBuilder, x: NodeId): NodeId => g.transpose(x, [0, 2, 3, 1])
const toFirst = (g: GraphBuilder, x: NodeId): NodeId => g.transpose(x, [0, 3, 1, 2])

function conv2d(g: GraphBuilder, call: KernelCall): NodeId {
  const last = channelsLast(call)
  const given = g.cast(call.inputs['x']!, 'float32')
  const filter = g.cast(call.inputs['filter']!, 'float32')
  const x = last ? given : toLast(g, given)
  const details = info(call, g.shape(given), g.shape(filter))
  const { strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo, outHeight, outWidth } = details
  const { top, left } = padInfo
  const padded = fit(g, x, 1, top, outHeight, strideHeight, g.shape(filter)[0]!, dilationHeight)
  const whole = fit(g, padded, 2, left, outWidth, strideWidth, g.shape(filter)[1]!, dilationWidth)
  const result = g.conv2d(whole, filter, {
    strides: [strideHeight, strideWidth],
    dilations: [dilationHeight, dilationWidth],
  })
  return last ? result : toFirst(g, result)
}

/** dx: dy with its strides filled with zeros, convolved with the filter turned round. */
function inputGradient(g: GraphBuilder, call: KernelCall): NodeId {
  const last = channelsLast(call)
  const given = call.inputs['dy']!
  const filter = call.inputs['filter']!
  const shape = attribute<readonly number[]>(call, 'inputShape')
  const nhwc = last ? shape : [shape[0]!, shape[2]!, shape[3]!, shape[1]!]
  const { strideHeight, strideWidth, padInfo, outHeight, outWidth } = info(call, shape, g.shape(filter))
  const image = last ? given : toLast(g, given)
  const [n, , , channels] = g.shape(image) as Four
  // A larger dy is legal, and only its corner counts.
  const dy = g.slice(image, [0, 0, 0, 0], [n, outHeight, outWidth, channels])
  const [height, width] = g.shape(filter) as [number, number]
  const turned = g.transpose(g.reverse(filter, [0, 1]), [0, 1, 3, 2])
  const rows = spreadApart(g, dy, 1, strideHeight)
  const apart = spreadApart(g, rows, 2, strideWidth)
  const tall = fit(g, apart, 1, height - 1 - padInfo.top, nhwc[1]!, 1, height, 1)
  const whole = fit(g, tall, 2, width - 1 - padInfo.left, nhwc[2]!, 1, width, 1)
  const dx = g.conv2d(whole, turned)
  return last ? dx : toFirst(g, dx)
}

/** dFilter: the batch becomes the channels that are summed, and dy, spread by the strides, is the filter. */
function filterGradient(g: GraphBuilder, call: KernelCall): NodeId {
  const last = channelsLast(call)
  const [x, dy] = [call.inputs['x']!, call.inputs['dy']!].map((t) => (last ? t : toLast(g, t))) as [NodeId, NodeId]
  const shape = attribute<readonly number[]>(call, 'filterShape')
  const { strideHeight, strideWidth, padInfo } = info(call, g.shape(call.inputs['x']!), shape)
  const [, outHeight, outWidth] = g.shape(dy) as Four
  const images = g.transpose(x, [3, 1, 2, 0])
  const tall = fit(g, images, 1, padInfo.top, shape[0]!, 1, outHeight, strideHeight)
  const whole = fit(g, tall, 2, padInfo.left, shape[1]!, 1, outWidth, strideWidth)
  const gradient = g.conv2d(whole, g.transpose(dy, [1, 2, 0, 3]), { dilations: [strideHeight, strideWidth] })
  return g.transpose(gradient, [1, 2, 0, 3])
}

/** One product per place in the filter: filters are small, and channels do not mix. */
function depthwise(g: GraphBuilder, call: KernelCall): NodeId {
  if (!channelsLast(call)) unsupported(call, 'needs NHWC.')
  const [x, filter] = [call.inputs['x']!, call.inputs['filter']!]
  const [height, width, channels, multiplier] = g.shape(filter) as Four
  const details = info(call, g.shape(x), g.shape(filter), true)
  const [n, h, w] = details.outShape
  const taps = windows(g, x, { ...details, filterHeight: height, filterWidth: width }, 0)
  const terms = taps.map(({ window, row, column }) => {
    const weights = g.reshape(g.slice(filter, [row, column, 0, 0], [1, 1, channels, multiplier]), [
      channels,
      multiplier,
    ])
    return g.binary('mul', g.reshape(window, [n, h, w, channels, 1]), weights)
  })
  return g.reshape(
    terms.reduce((sum, term) => g.binary('add', sum, term)),
    [n, h, w, channels * multiplier],
  )
}

function fused(plain: (g: GraphBuilder, call: KernelCall) => NodeId) {
  return (g: GraphBuilder, call: KernelCall): NodeId => {
    const result = plain(g, call)
    const perChannel = (x: NodeId): NodeId => {
      const shape = g.shape(x)
      return channelsLast(call) || shape.length !== 1 || shape[0] === 1 ? x : g.reshape(x, [shape[0]!, 1, 1])
    }
    const { bias, preluActivationWeights } = call.inputs
    const biased = bias === undefined ? result : g.binary('add', result, perChannel(bias))
    const inputs: Record<string, NodeId> = {}
    if (preluActivationWeights !== undefined) inputs['preluActivationWeights'] = perChannel(preluActivationWeights)
    return activate(g, { ...call, inputs }, biased)
  }
}

export const convolutions: Importers = {
  Conv2D: conv2d,
  FusedConv2D: fused(conv2d),
  Conv2DBackpropInput: inputGradient,
  Conv2DBackpropFilter: filterGradient,
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2D: fused(depthwise),
}
