/** cumsum and cumprod. */
import type { Lower, LowerContext, OperationOf } from './context.ts'

export const lowerCumulative: Lower<'cumsum' | 'cumprod'> = (context, operation) => {
  const { builder: b, names } = context
  if (operation.op === 'cumprod') return cumprod(context, operation)
  return b.op('CumSum', [names[0]!, b.scalar('int32', operation.axis)], {
    exclusive: { int: Number(operation.exclusive) },
    reverse: { int: Number(operation.reverse) },
  })
}

/** ONNX has none: products with the row shifted by 1, 2, 4, ... reach every prefix in log2(length) rounds. */
function cumprod({ builder: b, node, names }: LowerContext, operation: OperationOf<'cumsum' | 'cumprod'>): string {
  const { axis, exclusive, reverse } = operation
  const length = node.shape[axis]!
  const along = (n: number) => node.shape.map((_, i) => (i === axis ? n : 0))
  const none = along(0)
  const one = b.scalar(node.dtype, 1)
  /** Moves elements away from the start (the end, reversed) and fills with ones. */
  const shift = (x: string, by: number): string => {
    const kept = node.shape.map((d, i) => (i === axis ? d - by : d))
    const part = b.slice(
      x,
      reverse ? along(by) : none,
      kept,
      none.map(() => 1),
    )
    const pads = reverse ? [...none, ...along(by)] : [...along(by), ...none]
    return b.op('Pad', [part, b.int64s(pads), one], { mode: { string: 'constant' } })
  }
  let product = names[0]!
  if (exclusive) {
    if (length === 1) return b.op('Expand', [one, b.int64s(node.shape)])
    product = shift(product, 1)
  }
  for (let by = 1; by < length; by *= 2) product = b.op('Mul', [product, shift(product, by)])
  return product
}
