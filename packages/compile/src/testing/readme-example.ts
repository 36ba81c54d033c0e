/** The example of the README, as a function; a test compares the two. */
import * as tf from '@tensorflow/tfjs-core'
import { jit } from '../index.ts'

/** Fits a line through points: x [n, 2] with a column of ones, y [n, 1]. */
export async function fitLine(
  x: tf.Tensor2D,
  y: tf.Tensor,
): Promise<{ error: tf.Tensor; line: unknown; step: { save(): unknown } }> {
  const step = jit(
    (line: tf.Tensor, x: tf.Tensor2D, y: tf.Tensor, rate: number) => {
      const error = (line: tf.Tensor) => tf.mean<tf.Scalar>(tf.square(tf.sub(tf.matMul(x, line as tf.Tensor2D), y)))
      const { value, grad } = tf.valueAndGrad(error)(line)
      return { line: tf.sub(line, tf.mul(grad, rate)), error: value }
    },
    { carry: { 0: 'line' } }, // the first argument stays inside, replaced by `line` of the result
  )
  let { line, error } = await step(tf.zeros([2, 1]), x, y, 0.1)
  for (let i = 0; i < 1000; i++) ({ line, error } = await step(line, x, y, 0.1 / (1 + i)))
  return { error, line, step }
}
