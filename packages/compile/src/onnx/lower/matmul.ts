/** Matrix products. */
import { filled, type Lower, type LowerContext } from './context.ts'

/**
 * Two matrices become Gemm, which transposes as it reads; `bias`, where given, is added in the same node. Batches become
 * MatMul, with transposes of their own.
 */
export function matmul(
  { builder: b, node, names, operands }: LowerContext,
  transposeA: boolean,
  transposeB: boolean,
  bias?: string,
): string {
  const [shapeA, shapeB] = operands.map((operand) => operand.shape) as [readonly number[], readonly number[]]
  const inner = shapeA[shapeA.length - (transposeA ? 2 : 1)]!
  if (inner === 0) {
    const zeros = filled(b, 'float32', node.shape, 0)
    return bias === undefined ? zeros : b.op('Add', [zeros, bias])
  }
  if (node.shape.length === 2) {
    const attributes = { transA: { int: Number(transposeA) }, transB: { int: Number(transposeB) } }
    return b.op('Gemm', bias === undefined ? [names[0]!, names[1]!] : [names[0]!, names[1]!, bias], attributes)
  }
  const swapped = (name: string, rank: number, transpose: boolean): string => {
    const axes = Array.from({ length: rank }, (_, i) => i)
    return transpose ? b.transpose(name, [...axes.slice(0, -2), rank - 1, rank - 2]) : name
  }
  return b.op('MatMul', [swapped(names[0]!, shapeA.length, transposeA), swapped(names[1]!, shapeB.length, transposeB)])
}

export const lowerMatmul: Lower<'matmul'> = (context, { transposeA, transposeB }) =>
  matmul(context, transposeA, transposeB)
