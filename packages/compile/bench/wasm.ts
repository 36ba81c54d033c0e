/**
 * Times of the wasm target: a policy's forward pass (4-64-64-2) and the PPO update of ppo-update.ts.
 * Run: npx tsx packages/compile/bench/wasm.ts. Prints the smallest of many repetitions: a busy machine only adds time.
 */
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { GraphBuilder } from '../src/graph-builder.ts'
import { compile } from '../src/program.ts'
import { registerTfjsGradients } from '../src/testing/tfjs-gradients.ts'
import { wasmTarget } from '../src/wasm/target.ts'
import { ppoProgram } from './ppo-update.ts'

let seed = 1
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 2 ** 31 - 1
}

/** Microseconds per call, after enough calls for the optimising compiler to have replaced everything. */
async function fastest(run: () => void): Promise<number> {
  for (let i = 0; i < 2000; i++) run()
  await new Promise((resolve) => setTimeout(resolve, 200))
  const start = performance.now()
  run()
  const calls = Math.max(1, Math.round(0.5 / Math.max(1e-4, performance.now() - start)))
  let best = Number.POSITIVE_INFINITY
  for (let repetition = 0; repetition < 200; repetition++) {
    const from = performance.now()
    for (let i = 0; i < calls; i++) run()
    best = Math.min(best, (performance.now() - from) / calls)
  }
  return best * 1000
}

function policy(rows: number) {
  const b = new GraphBuilder()
  const layer = (x: number, name: string, inputs: number, outputs: number): number =>
    b.binary('add', b.matmul(x, b.state(`${name}.w`, [inputs, outputs])), b.state(`${name}.b`, [outputs]))
  const first = b.unary('tanh', layer(b.input('x', [rows, 4]), 'first', 4, 64))
  const second = b.unary('tanh', layer(first, 'second', 64, 64))
  const graph = b.build({ y: layer(second, 'head', 64, 2) })
  const state = Object.fromEntries(
    graph.nodes.flatMap(({ operation, shape }) => {
      if (operation.op !== 'state') return []
      const data = Float32Array.from({ length: shape.reduce((x, y) => x * y, 1) }, () => 0.2 * random())
      return [[operation.path, { shape, dtype: 'float32' as const, data }]]
    }),
  )
  const inputs = { x: { shape: [rows, 4], dtype: 'float32' as const } }
  return wasmTarget.build({ state, functions: { policy: { name: 'policy', graph: () => graph, inputs } } })
}

for (const rows of [1, 8, 64, 512]) {
  const program = policy(rows)
  const f = program.functions['policy']!
  for (let i = 0; i < f.inputs['x']!.length; i++) f.inputs['x']![i] = random()
  console.log(`policy forward, ${String(rows).padStart(3)} rows: ${(await fastest(f.run)).toFixed(2)} us`)
  program.dispose()
}

await registerTfjsGradients()
await tf.setBackend('cpu')
for (const flat of [true, false]) {
  for (const [hidden, batch] of [
    [64, 64],
    [64, 256],
    [256, 256],
  ] as const) {
    const { state, update, inputs } = ppoProgram({ hidden, batch, flat })
    const traced = performance.now()
    const program = compile({
      target: 'wasm',
      state: state as never,
      functions: { update: { inputs: inputs as never, fn: update as never } },
    })
    const ready = performance.now()
    const columns = (program as never as { update: { inputs: { batch: Record<string, Float32Array> } } }).update.inputs
    for (const [name, column] of Object.entries(columns.batch)) {
      for (let i = 0; i < column.length; i++) column[i] = name === 'action' ? Number(random() > 0) : random()
    }
    const run = program['update'] as unknown as () => unknown
    const time = await fastest(() => void run())
    const parameters = flat ? 'one vector ' : '8 tensors  '
    const made = `trace and compile ${(ready - traced).toFixed(0)} ms`
    console.log(`PPO update, H ${hidden}, B ${batch}, ${parameters}: ${(time / 1000).toFixed(4)} ms (${made})`)
    program.dispose()
  }
}
