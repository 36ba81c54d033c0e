/** What the tests of processes and threads run: opens TensorFlow, computes op by op and compiled, then ends as asked. */
import { compile, spec } from '@reprise/compile'
import * as tf from '@tensorflow/tfjs-core'
import { useTensorFlow, useTensorFlowTarget } from '../use-tensorflow.ts'

/** @param how exit: process.exit(3); throw: an error that nobody catches; else: nothing more to do */
export async function processTask(how: string | undefined, say: (text: string) => void): Promise<void> {
  await useTensorFlow()
  const a = tf.ones([20, 20]) as tf.Tensor2D
  const product = tf.matMul(a, a)
  if (how !== 'eager') {
    await useTensorFlowTarget()
    const fn = (_: never, { x }: { x: tf.Tensor }) => ({ y: tf.mul(x, 2) })
    const program = compile({ target: 'tensorflow', functions: { f: { fn, inputs: { x: spec([2]) } } } as never })
    const call = (program as unknown as Record<string, (() => { y: Float32Array }) & { inputs: { x: Float32Array } }>)[
      'f'
    ]!
    call.inputs.x.set([1, 2])
    call()
    program.dispose()
  }
  say(String(product.dataSync()[0]))
  if (how === 'exit') process.exit(3)
  if (how === 'throw') throw new Error('thrown on purpose')
  if (how === 'busy') for (;;) tf.matMul(a, a).dispose()
}
