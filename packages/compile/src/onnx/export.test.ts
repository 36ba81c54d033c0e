import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Graph } from '../graph.ts'
import { GraphBuilder } from '../graph-builder.ts'
import { evaluate } from '../interpreter/evaluate.ts'
import { toOnnx } from './export.ts'
import { requestOf } from './lower/compare.ts'
import { loadRuntime } from './runtime.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-onnx-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A counter, a policy and results that are arguments, leaves and constants. */
function graph(): Graph {
  const b = new GraphBuilder()
  const w = b.state('net/w', [4, 3])
  const x = b.input('x', [2, 4])
  const flags = b.constant([1, 0], [2], 'bool')
  const logits = b.binary('add', b.matmul(x, w), b.state('net/b', [3]))
  const action = b.argmax(logits, 1)
  b.input('unread', [], 'int32')
  return b.build(
    { action, logits, same: logits, x, flags, w, probabilities: b.softmax(logits) },
    { 'net/b': b.binary('add', b.state('net/b', [3]), b.scalar(1)), flag: flags, count: b.state('count', [], 'int32') },
  )
}

const state = {
  'net/w': { shape: [4, 3], dtype: 'float32' as const, data: Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)) },
  'net/b': { shape: [3], dtype: 'float32' as const, data: Float32Array.of(0.5, -1, 0.25) },
  flag: { shape: [2], dtype: 'bool' as const, data: new Uint8Array(2) },
  count: { shape: [], dtype: 'int32' as const, data: Int32Array.of(41) },
}
const observation = Float32Array.of(1, -2, 3, -4, 0.5, 0.25, -0.125, 2)

test('an exported function runs in a plain session under its own names', async () => {
  const path = join(folder, 'policy.onnx')
  const leaves = Object.fromEntries(Object.entries(state).map(([name, { data }]) => [name, data]))
  await toOnnx(requestOf('policy', graph()), leaves, path)
  const { InferenceSession, Tensor } = loadRuntime()
  const session = await InferenceSession.create(path)
  expect(session.inputNames).toEqual(['x', 'unread'])
  expect(session.outputNames).toEqual(['action', 'logits', 'same', 'x_out', 'flags', 'w', 'probabilities'])
  const answer = await session.run({
    x: new Tensor('float32', observation, [2, 4]),
    unread: new Tensor('int32', [0], []),
  })
  const expected = evaluate(graph(), { x: observation, unread: new Int32Array(1) }, leaves).outputs
  for (const [name, values] of Object.entries(expected)) {
    const actual = answer[name === 'x' ? 'x_out' : name]!.data as Float32Array
    for (let i = 0; i < values.length; i++) expect(actual[i]).toBeCloseTo(values[i]!, 5)
  }
  const { 'net/w': _, ...missing } = leaves
  await expect(toOnnx(requestOf('policy', graph()), missing, path)).rejects.toMatchObject({
    code: 'RPR_STATE_MISMATCH',
  })
})
