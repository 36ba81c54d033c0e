/**
 * The webgpu provider gives what the cpu provider gives. It needs an adapter: a GPU with a Vulkan driver, or a software
 * driver such as SwiftShader (Debian: package chromium-common); VK_ICD_FILENAMES names its manifest. Skipped, with the
 * reason printed, where there is none.
 */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { HostData, NodeId } from '../graph.ts'
import { GraphBuilder } from '../graph-builder.ts'
import { mismatches, requestOf } from './lower/compare.ts'
import { onnxTarget } from './target.ts'

const SOFTWARE_DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json'
if (process.env['VK_ICD_FILENAMES'] === undefined && existsSync(SOFTWARE_DRIVER)) {
  process.env['VK_ICD_FILENAMES'] = SOFTWARE_DRIVER
}

async function unavailable(): Promise<string | undefined> {
  const b = new GraphBuilder()
  const request = requestOf('probe', b.build({ y: b.unary('neg', b.input('x', [1])) }))
  try {
    const program = await onnxTarget({ provider: 'webgpu' }).build({ state: {}, functions: { probe: request } })
    program.dispose()
    return undefined
  } catch (error) {
    return (error as Error).message.trim()
  }
}

const reason = await unavailable()
if (reason !== undefined) console.warn(`webgpu tests are skipped: ${reason}`)

const values = (n: number, scale = 2) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898 + 1) * scale)

/** A policy gradient step with entropy and Adam, on a network of two layers. */
function update(b: GraphBuilder): { outputs: Record<string, NodeId>; next: Record<string, NodeId> } {
  const [x, action, advantage] = [b.input('x', [32, 4]), b.input('action', [32], 'int32'), b.input('advantage', [32])]
  const [w1, w2, m, v] = [b.state('w1', [4, 16]), b.state('w2', [16, 3]), b.state('m', [16, 3]), b.state('v', [16, 3])]
  const hidden = b.unary('tanh', b.matmul(x, w1))
  const logits = b.matmul(hidden, w2)
  const logs = b.logSoftmax(logits)
  const chosen = b.oneHot(action, 3)
  const loss = b.reduce('sum', b.binary('mul', b.reduce('sum', b.binary('mul', logs, chosen), [1]), advantage))
  const error = b.binary('mul', b.binary('sub', b.softmax(logits), chosen), b.reshape(advantage, [32, 1]))
  const gradient = b.matmul(hidden, error, { transposeA: true })
  const mix = (old: NodeId, fresh: NodeId, keep: number) =>
    b.binary('add', b.binary('mul', old, b.scalar(keep)), b.binary('mul', fresh, b.scalar(1 - keep)))
  const nextM = mix(m, gradient, 0.9)
  const nextV = mix(v, b.binary('mul', gradient, gradient), 0.999)
  const step = b.binary('div', nextM, b.binary('add', b.unary('sqrt', nextV), b.scalar(1e-3)))
  const next = b.binary('sub', w2, b.binary('mul', step, b.scalar(0.01)))
  return { outputs: { loss, greedy: b.argmax(logits, 1), logs }, next: { w2: next, m: nextM, v: nextV } }
}

test.skipIf(reason !== undefined)('a chain of updates', async () => {
  const leaf = (shape: number[], scale: number) => ({
    shape,
    dtype: 'float32' as const,
    data: values(
      shape.reduce((p, q) => p * q, 1),
      scale,
    ),
  })
  const state = { w1: leaf([4, 16], 0.5), w2: leaf([16, 3], 0.5), m: leaf([16, 3], 0), v: leaf([16, 3], 0) }
  const b = new GraphBuilder()
  const { outputs, next } = update(b)
  const request = { state, functions: { f: requestOf('f', b.build(outputs, next)) } }
  const results: Record<string, HostData>[] = []
  for (const provider of ['cpu', 'webgpu'] as const) {
    const program = await onnxTarget({ provider }).build(request)
    const f = program.functions['f']!
    for (let i = 0; i < 5; i++) {
      f.inputs['x']!.set(values(128, 1 + i))
      f.inputs['action']!.set(Int32Array.from({ length: 32 }, (_, row) => (row * 7 + i) % 3))
      f.inputs['advantage']!.set(values(32, 1))
      await f.run()
    }
    results.push({ ...structuredClone(f.outputs), ...(await program.save()) })
    program.dispose()
  }
  const [cpu, webgpu] = results as [Record<string, HostData>, Record<string, HostData>]
  expect(webgpu['greedy']).toEqual(cpu['greedy'])
  for (const [name, expected] of Object.entries(cpu)) {
    const scale = Math.max(...Array.from(expected, Math.abs), 1e-3)
    for (let i = 0; i < expected.length; i++) {
      expect(Math.abs(webgpu[name]![i]! - expected[i]!) / scale, name).toBeLessThan(1e-5)
    }
  }
})

test.skipIf(reason !== undefined)('operations of each kind on finite values', async () => {
  const found = await mismatches(
    (b) => {
      const x = b.input('x', [6, 5])
      const i = b.input('i', [6], 'int32')
      const image = b.input('image', [1, 6, 6, 2])
      return {
        exp: b.unary('exp', x),
        sigmoid: b.unary('sigmoid', x),
        power: b.binary('pow', b.unary('abs', x), b.scalar(1.5)),
        choice: b.select(b.binary('less', x, b.scalar(0)), x, b.unary('neg', x)),
        floor: b.binary('floorDiv', b.cast(b.binary('mul', x, b.scalar(9)), 'int32'), b.scalar(-4, 'int32')),
        max: b.reduce('max', x, [1]),
        sums: b.reduce('sum', x, [0]),
        rows: b.gather(x, i),
        added: b.scatterAdd(x, i, 4),
        wide: b.concat([b.transpose(x, [1, 0]), b.pad(b.slice(x, [0, 0], [5, 4]), [0, 1], [0, 1])], 1),
        back: b.reverse(x, [1]),
        running: b.cumulative('cumsum', x, 1, true, true),
        product: b.cumulative('cumprod', x, 1),
        conv: b.conv2d(image, b.constant(values(54), [3, 3, 2, 3]), { strides: [2, 1], padding: [1, 0, 1, 1] }),
      }
    },
    { x: values(30), i: Int32Array.of(1, 3, 0, 3, 2, 1), image: values(72) },
    { provider: 'webgpu', tolerance: 1e-5, absolute: true },
  )
  expect(found).toEqual([])
})
