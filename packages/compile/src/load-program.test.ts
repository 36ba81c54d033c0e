import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { explain } from './explain.ts'
import { readContainer, writeContainer } from './file/container.ts'
import type { HostData } from './graph.ts'
import { interpreterTarget } from './interpreter/target.ts'
import { loadProgram } from './load-program.ts'
import { onnxTarget } from './onnx/target.ts'
import { compile } from './program.ts'
import { registerTfjsGradients } from './testing/tfjs-gradients.ts'
import { type Spec, spec } from './tree.ts'
import { wasmTarget } from './wasm/target.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-program-'))
  await registerTfjsGradients()
  await tf.setBackend('cpu')
})
afterAll(() => rm(folder, { recursive: true }))

interface Net {
  readonly w: tf.Tensor2D
  readonly steps: tf.Tensor
  readonly seen: tf.Tensor
}
type Inputs = {
  policy: { x: Spec<'float32'>; mask: Spec<'bool'> }
  update: {
    batch: { x: Spec<'float32'>; y: Spec<'float32'> }
    noise: Record<string, never>
    schedule: { rate: Spec<'float32'> }
  }
}

/** Gradient descent and a policy: state and inputs of all three types, constants, padding with what JSON cannot say. */
function netProgram(target: string) {
  return compile<Inputs>({
    target,
    state: { w: tf.tensor2d([1, -1, 0.5, 2, 3, -2], [3, 2]), steps: spec([], 'int32'), seen: spec([2], 'bool') },
    functions: {
      policy: {
        inputs: { x: spec([2, 3]), mask: spec([2, 2], 'bool') },
        fn: (state: Net, { x, mask }) => {
          const logits = tf.add(tf.matMul(x as tf.Tensor2D, state.w), tf.tensor1d([0.25, -0.25]))
          const allowed = tf.where(mask, logits, tf.fill([2, 2], Number.NEGATIVE_INFINITY))
          const wide = tf.pad(logits, [0, 1].map((after) => [0, after]) as [number, number][], Number.NEGATIVE_INFINITY)
          return { picks: [tf.argMax(allowed, 1), tf.max(wide, 1)], seen: state.seen, steps: state.steps }
        },
      },
      update: {
        inputs: { batch: { x: spec([4, 3]), y: spec([4, 2]) }, noise: {}, schedule: { rate: spec([]) } },
        fn: (state: Net, { batch, schedule }) => {
          const loss = (w: tf.Tensor): tf.Scalar =>
            tf.mean(tf.square(tf.sub(tf.tanh(tf.matMul(batch.x as tf.Tensor2D, w as tf.Tensor2D)), batch.y)))
          const { value, grad } = tf.valueAndGrad(loss)(state.w)
          const w = tf.sub(state.w, tf.mul(grad, schedule.rate))
          const next = { w, steps: tf.add(state.steps, tf.scalar(1, 'int32')), seen: tf.greater(tf.sum(w, 0), 0) }
          return { state: next, metrics: { loss: value } }
        },
      },
    },
  })
}
type NetProgram = ReturnType<typeof netProgram>

/** Two updates in one call, a policy call, and the state: everything that a program gives. */
async function use(program: NetProgram, seed: number): Promise<unknown> {
  const values = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(seed + i))
  const { metrics } = await program.updates({
    columns: { x: values(15), y: values(10) },
    indices: Int32Array.of(0, 1, 2, 3, 4, 3, 2, -1),
    schedule: { rate: 0.1 },
  })
  const policies = [program.policy, program.policy.at({ x: spec([1, 3]), mask: spec([1, 2], 'bool') })]
  const picked: unknown[] = []
  for (const policy of policies) {
    policy.inputs.x.set(values(policy.inputs.x.length))
    policy.inputs.mask.fill(1)
    policy.inputs.mask[1] = 0
    const { picks, seen, steps } = await policy<{ picks: HostData[]; seen: HostData; steps: HostData }>()
    picked.push({ picks: picks.map((array) => array.slice()), seen: seen.slice(), steps: steps.slice() })
  }
  return { loss: Array.from(metrics['loss']!), picked, saved: await program.save() }
}

async function written(target: string, name = target): Promise<{ path: string; program: NetProgram }> {
  const path = join(folder, name)
  const program = netProgram(target)
  await use(program, 1)
  await program.write(path)
  return { path, program }
}

describe.each(['wasm', 'onnx'])('a program written on %s', (target) => {
  it('goes on from where it was, to the bit, and can be written again', async () => {
    const { path, program } = await written(target)
    const loaded = await loadProgram<Inputs>(path, { target })
    const before = await loaded.save()
    expect(before['steps']!.data[0]).toBe(2)
    const expected = await use(program, 2)
    expect(await use(loaded, 2)).toEqual(expected)
    await loaded.write(path)
    const again = await loadProgram<Inputs>(path, { target })
    expect(await use(again, 3)).toEqual(await use(program, 3))
    // The first loaded program is not touched by what others do.
    await loaded.load(before)
    expect(await use(loaded, 2)).toEqual(expected)
    for (const one of [program, loaded, again]) one.dispose()
    expect(() => loaded.policy()).toThrow(expect.objectContaining({ code: 'RPR_COMPILE_DISPOSED' }))
  })

  it('starts from what the target made of it: graphs are not even read', async () => {
    const { path, program } = await written(target, `${target}-image`)
    const { header, blobs } = await readContainer(path)
    const { functions } = header as { functions: { specialisations: { graph: unknown }[] }[] }
    for (const fn of functions.flatMap(({ specialisations }) => specialisations)) fn.graph = null
    await writeContainer(path, { header, blobs })
    expect(await use(await loadProgram<Inputs>(path, { target }), 2)).toEqual(await use(program, 2))
  })

  it('gives the same bits from its graphs', async () => {
    const { path, program } = await written(target, `${target}-graphs`)
    // Of the user's own, so that nothing stands in for it.
    const own = target === 'wasm' ? { ...wasmTarget } : onnxTarget()
    expect(await use(await loadProgram<Inputs>(path, { target: own }), 2)).toEqual(await use(program, 2))
  })

  it.each(['wasm', 'onnx', 'interpreter', 'auto'])('runs on %s', async (to) => {
    const { path, program } = await written(target, `${target}-${to}`)
    const loaded = await loadProgram<Inputs>(path, { target: to })
    expect(loaded.target).toBe(to === 'auto' ? 'wasm' : to)
    const [a, b] = [await use(program, 2), await use(loaded, 2)].map((result) => JSON.parse(JSON.stringify(result)))
    expect(b.picked[0].picks[0]).toEqual(a.picked[0].picks[0])
    expect(b.loss[1]).toBeCloseTo(a.loss[1], 5)
    expect(b.saved.steps).toEqual(a.saved.steps)
  })
})

describe('a loaded program', () => {
  it('knows no other shapes, and has no function to run eagerly', async () => {
    const { path } = await written('wasm', 'limits')
    const loaded = await loadProgram<Inputs>(path)
    expect(() => loaded.policy.at({ x: spec([7, 3]), mask: spec([7, 2], 'bool') })).toThrow(
      /'policy' was loaded from a file, which does not hold these shapes/,
    )
    await expect(loadProgram(path, { target: 'eager' })).rejects.toThrow(/only a graph/)
    expect(explain(loaded)).toMatch(/== policy#1: /)
  })

  it('is built from its graphs where the image does not hold', async () => {
    const { path, program } = await written('wasm', 'old-image')
    const { header, blobs } = await readContainer(path)
    for (const image of [
      { target: 'wasm', key: 'wasm 0', content: {} },
      { target: 'wasm', key: 'wasm 1', content: { functions: 3 } },
      { target: 'onnx', key: '', content: [] },
    ]) {
      await writeContainer(path, { header: { ...(header as object), image }, blobs })
      const loaded = await loadProgram<Inputs>(path, { target: image.target })
      expect((await loaded.save())['w']).toEqual((await program.save())['w'])
      await use(loaded, 2)
    }
  })
})

describe('the file', () => {
  it('is replaced whole, and tells damage, another version and a missing file apart', async () => {
    const { path, program } = await written('wasm', 'whole/file')
    await program.write(path)
    expect(await readdir(join(folder, 'whole'))).toEqual(['file'])
    const bytes = await readFile(path)
    const failure = async (change: (copy: Buffer) => Uint8Array): Promise<string> => {
      await writeFile(path, change(Buffer.from(bytes)))
      return loadProgram(path).then(
        () => 'loaded',
        (error: { code: string }) => error.code,
      )
    }
    expect(await failure((copy) => copy)).toBe('loaded')
    expect(await failure((copy) => copy.subarray(0, copy.length - 9))).toBe('RPR_CHECKPOINT_CORRUPT')
    expect(await failure((copy) => copy.subarray(0, 30))).toBe('RPR_CHECKPOINT_CORRUPT')
    expect(await failure((copy) => copy.fill(0, 200, 210))).toBe('RPR_CHECKPOINT_CORRUPT')
    expect(await failure((copy) => copy.fill(255, copy.length - 1))).toBe('RPR_CHECKPOINT_CORRUPT')
    expect(await failure(() => Buffer.from('text'))).toBe('RPR_CHECKPOINT_CORRUPT')
    expect(await failure((copy) => copy.fill(9, 8, 9))).toBe('RPR_CHECKPOINT_VERSION')
    await expect(loadProgram(join(folder, 'absent'))).rejects.toMatchObject({ code: 'RPR_FILE_MISSING' })
    await writeFile(join(folder, 'plain'), '')
    await expect(program.write(join(folder, 'plain', 'file'))).rejects.toMatchObject({ code: 'RPR_FILE_UNWRITABLE' })
  })

  it('cannot hold a function that runs eagerly because it does not compile', async () => {
    const fn = (_: never, { x }: { x: tf.Tensor }) => tf.topk(x as tf.Tensor1D, 1).values
    const program = compile({ target: 'eager', functions: { top: { fn, inputs: { x: spec([3]) } } } })
    await expect(program.write(join(folder, 'eager'))).rejects.toThrow(/'TopK' does not compile/)
    expect(await readdir(folder)).not.toContain('eager')
  })

  it('holds a program of a target of the user', async () => {
    const { path } = await written('interpreter', 'own')
    const loaded = await loadProgram<Inputs>(path, { target: { ...interpreterTarget, name: 'mine' } })
    expect(loaded.target).toBe('mine')
    await use(loaded, 2)
  })
})
