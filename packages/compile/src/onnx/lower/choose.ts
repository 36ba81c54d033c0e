/** select and cast. */
import { finiteOrZero, type Lower, wrapToInt32 } from './context.ts'

/** Where has no bool kernel for values: those are combined by logic. */
export const lowerSelect: Lower<'select'> = ({ builder: b, node, names }) => {
  const [condition, yes, no] = names as [string, string, string]
  if (node.dtype !== 'bool') return b.op('Where', [condition, yes, no])
  const taken = b.op('And', [condition, yes])
  return b.op('Or', [taken, b.op('And', [b.op('Not', [condition]), no])])
}

/** float32 to int32 truncates and wraps as JavaScript does; NaN and infinities become 0; NaN is true as bool. */
export const lowerCast: Lower<'cast'> = ({ builder: b, node, names, operands }) => {
  const from = operands[0]!.dtype
  if (from === node.dtype) return names[0]!
  if (from === 'float32' && node.dtype === 'int32') return wrapToInt32(b, finiteOrZero(b, names[0]!, 'float32'))
  return b.cast(names[0]!, node.dtype)
}
