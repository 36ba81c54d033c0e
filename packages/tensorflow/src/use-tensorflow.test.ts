import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { tensorFlowMissing } from './testing/missing.ts'
import { runningTensorFlow, type TensorFlowInfo, useTensorFlow, useTensorFlowTarget } from './use-tensorflow.ts'

describe.skipIf(tensorFlowMissing)('useTensorFlow', () => {
  let info: TensorFlowInfo
  beforeAll(async () => {
    info = await useTensorFlow()
  })

  it('registers the backend and says what runs', () => {
    expect(tf.getBackend()).toBe('tensorflow')
    expect(info.version).toMatch(/^2\./)
    expect(info).toMatchObject({ deterministic: true, allowTf32: false })
    expect(info.device.name).toMatch(/device:[CG]PU:0$/)
  })

  it('computes', () => {
    const a = tf.tensor2d([1, 2, 3, 4], [2, 2])
    expect([...tf.matMul(a, a).dataSync()]).toEqual([7, 10, 15, 22])
    expect(tf.matMul(a, a).dataSync()).toBeInstanceOf(Float32Array)
  })

  it('copies: what is written to an array afterwards changes no tensor', () => {
    const values = Float32Array.of(1, 2)
    const a = tf.tensor1d(values)
    // The values go over with the first operation.
    const b = tf.neg(a)
    values[0] = 9
    expect([...b.dataSync()]).toEqual([-1, -2])
    expect([...tf.neg(a).dataSync()]).toEqual([-1, -2])
  })

  it.each([
    ['round of whole numbers', () => tf.round(tf.tensor1d([1, -2, 3], 'int32')), [1, -2, 3]],
    ['sign of NaN', () => tf.sign(tf.tensor1d([-2, Number.NaN, 3, 0])), [-1, 0, 1, 0]],
    ['order of truth', () => tf.less(tf.tensor1d([false, true], 'bool'), tf.tensor1d([true, true], 'bool')), [1, 0]],
    ['order of strings', () => tf.greater(tf.tensor1d(['b', 'a']), tf.tensor1d(['a', 'b'])), [1, 0]],
    ['division by zero', () => tf.div(tf.scalar(3, 'int32'), tf.scalar(0, 'int32')), [0]],
    ['a kernel of the cpu backend', () => tf.searchSorted(tf.tensor2d([[1, 3, 5]]), tf.tensor2d([[2, 4]])), [1, 2]],
    [
      'pooling with padding by number',
      () => tf.maxPool(tf.ones([1, 2, 2, 1]) as tf.Tensor4D, 2, 2, 1, 'floor'),
      [1, 1, 1, 1],
    ],
    [
      'seeded draws, as often as wanted',
      () => tf.sub(tf.multinomial(tf.tensor1d([0, 1, 2]), 9, 3), tf.multinomial(tf.tensor1d([0, 1, 2]), 9, 3)),
      new Array(9).fill(0),
    ],
  ] as const)('has %s as TensorFlow.js defines it', (_, compute, wanted) => {
    expect([...compute().dataSync()].map((x) => x + 0)).toEqual(wanted)
  })

  it('keeps strings, long ones too', () => {
    const strings = ['', 'a', 'ü'.repeat(100)]
    expect(tf.reshape(tf.tensor1d(strings), [3, 1]).dataSync()).toEqual(strings)
  })

  it('gives tensors back', () => {
    const { binding } = runningTensorFlow()!
    const [tensors, native] = [tf.memory().numTensors, binding.getNumOfTensors()]
    for (let i = 0; i < 20; i++) {
      tf.tidy(() => {
        // Also where the original kernel throws half-way: indices of one dimension go to the cpu backend.
        const scattered = tf.scatterND(tf.tensor1d([1], 'int32'), tf.tensor1d([5]), [3])
        expect([...tf.add(scattered, 1).dataSync()]).toEqual([1, 6, 1])
      })
    }
    expect(tf.memory().numTensors).toBe(tensors)
    expect(binding.getNumOfTensors()).toBe(native)
  })

  it('says what TensorFlow says', () => {
    expect(() => tf.reshape(tf.tensor1d([1, 2]), [3])).toThrow()
    const { binding } = runningTensorFlow()!
    expect(() => binding.executeOp('MatMul', [], [], 1)).toThrow(/Invalid TF_Status: 3\nMessage: /)
    expect(() => binding.deleteTensor(10 ** 9)).toThrow(/not referenced/)
  })

  it('has one TensorFlow per process', async () => {
    await expect(useTensorFlow()).resolves.toBe(info)
    await expect(useTensorFlow({ allowTf32: true })).rejects.toMatchObject({ code: 'RPR_TENSORFLOW_START' })
  })

  it('refuses saved models by name', () => {
    const backend = tf.backend() as unknown as { loadSavedModelMetaGraph(path: string, tags: string): number }
    expect(() => backend.loadSavedModelMetaGraph('x', 'serve')).toThrow(/A saved model cannot be loaded/)
  })

  it('leaves the active backend alone for programs', async () => {
    await tf.setBackend('cpu')
    await useTensorFlowTarget()
    expect(tf.getBackend()).toBe('cpu')
    await tf.setBackend('tensorflow')
  })
})
