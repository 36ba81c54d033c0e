import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jit } from './jit.ts'
import { loadJitted, loadProgram } from './load-program.ts'
import { compile } from './program.ts'
import { registerTfjsGradients } from './testing/tfjs-gradients.ts'
import { spec } from './tree.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-jitted-'))
  await registerTfjsGradients()
  await tf.setBackend('cpu')
})
afterAll(() => rm(folder, { recursive: true }))

const fit = (line: { w: tf.Tensor }, x: tf.Tensor, rate: number, kind: string) => {
  const loss = (w: tf.Tensor): tf.Scalar => tf.mean(tf.square(tf.sub(tf.sum(tf.mul(x, w), 1), 1)))
  const { value, grad } = tf.valueAndGrad(loss)(line.w)
  return { line: { w: tf.sub(line.w, tf.mul(grad, rate)) }, error: kind === 'root' ? tf.sqrt(value) : value }
}
type Fit = typeof fit

const rows = (n: number): tf.Tensor =>
  tf.tensor2d(
    Float32Array.from({ length: 2 * n }, (_, i) => Math.cos(i)),
    [n, 2],
  )

describe.each(['wasm', 'onnx'])('a function of jit, written on %s', (target) => {
  it('goes on from where it was, for every tuple of shapes and constants', async () => {
    const step = jit(fit, { carry: { 0: 'line' }, target })
    let { line } = await step({ w: tf.tensor1d([1, -1]) }, rows(3), 0.1, 'plain')
    line = (await step(line, rows(5), 0.1, 'plain')).line
    line = (await step(line, rows(5), 0.1, 'root')).line
    const path = join(folder, target)
    await step.write(path)
    const loaded = await loadJitted<Parameters<Fit>, ReturnType<Fit>>(path, { target })
    expect(loaded.target).toBe(target)
    expect(await loaded.save()).toEqual(await step.save())
    let theirs = loaded.carried['line'] as typeof line
    for (const [n, rate, kind] of [
      [5, 0.1, 'root'],
      [3, 0.2, 'plain'],
      [5, 0.01, 'plain'],
    ] as const) {
      const [a, b] = [await step(line, rows(n), rate, kind), await loaded(theirs, rows(n), rate, kind)]
      expect(b.error.dataSync()).toEqual(a.error.dataSync())
      line = a.line
      theirs = b.line
    }
    expect(await loaded.save()).toEqual(await step.save())
    expect(() => loaded(theirs, rows(4), 0.1, 'root')).toThrow(/does not hold these shapes/)
    expect(() => loaded(theirs, rows(3), 0.1, 'root')).toThrow(/does not hold these shapes/)
    // Other values for what is carried, instead of its handle.
    const [a, b] = await Promise.all(
      [step, loaded].map((one) => one({ w: tf.tensor1d([2, 3]) }, rows(3), 0.1, 'plain')),
    )
    expect(b!.error.dataSync()).toEqual(a!.error.dataSync())
  })
})

describe('writing', () => {
  it('needs a call, and constants that mean something elsewhere', async () => {
    const path = join(folder, 'refused')
    await expect(jit((x: tf.Tensor) => tf.neg(x)).write(path)).rejects.toThrow(/was not called/)
    const map = jit((x: tf.Tensor, fn: (x: tf.Tensor) => tf.Tensor) => fn(x), { target: 'wasm', name: 'map' })
    await map(tf.scalar(1), tf.neg)
    await expect(map.write(path)).rejects.toThrow(/'map' cannot be written: a function among its arguments/)
  })

  it('keeps functions and programs apart; a loaded function is not recorded along', async () => {
    const [one, other] = [join(folder, 'function'), join(folder, 'program')]
    const neg = jit((x: tf.Tensor) => tf.neg(x), { target: 'wasm', name: 'neg' })
    await neg(tf.scalar(1))
    await neg.write(one)
    await expect(loadProgram(one)).rejects.toThrow(/use loadJitted/)
    const program = compile({
      target: 'wasm',
      functions: { neg: { inputs: { x: spec([]) }, fn: (_: never, { x }) => tf.neg(x) } },
    })
    await program.write(other)
    await expect(loadJitted(other)).rejects.toThrow(/use loadProgram/)
    const loaded = await loadJitted<[tf.Tensor], tf.Tensor>(one)
    const outer = jit((x: tf.Tensor) => loaded(x) as tf.Tensor)
    expect(() => outer(tf.scalar(1))).toThrow(/'neg' was loaded from a file: it cannot be recorded/)
  })
})
