import { GraphBuilder } from '../src/graph-builder.ts'
import { wasmTarget } from '../src/wasm/target.ts'

function mlp(n: number) {
  const b = new GraphBuilder()
  const x = b.input('x', [n, 4])
  const layer = (h: number, name: string, i: number, o: number) => b.binary('add', b.matmul(h, b.state(name + '.w', [i, o])), b.state(name + '.b', [o]))
  const h1 = b.unary('tanh', layer(x, 'l1', 4, 64))
  const h2 = b.unary('tanh', layer(h1, 'l2', 64, 64))
  return b.build({ y: layer(h2, 'l3', 64, 2) })
}
const state: Record<string, any> = {}
let s = 1
const rnd = () => ((s = (Math.imul(s, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1) * 0.2
for (const [name, shape] of Object.entries({ 'l1.w': [4, 64], 'l1.b': [64], 'l2.w': [64, 64], 'l2.b': [64], 'l3.w': [64, 2], 'l3.b': [2] })) {
  const size = shape.reduce((a, c) => a * c, 1)
  state[name] = { shape, dtype: 'float32', data: Float32Array.from({ length: size }, rnd) }
}
for (const n of [1, 8, 64, 512]) {
  const t0 = performance.now()
  const program = wasmTarget.build({ state, functions: { f: { name: 'f', graph: () => mlp(n), inputs: { x: { shape: [n, 4], dtype: 'float32' } } } } })
  const t1 = performance.now()
  const f = program.functions.f!
  f.inputs.x!.set(Float32Array.from({ length: n * 4 }, rnd))
  const loops = n === 1 ? 20000 : n === 8 ? 5000 : n === 64 ? 1000 : 200
  for (let i = 0; i < 3000; i++) f.run()
  await new Promise((r) => setTimeout(r, 50))
  let best = Infinity
  for (let rep = 0; rep < 30; rep++) {
    const t = performance.now()
    for (let i = 0; i < loops; i++) f.run()
    best = Math.min(best, (performance.now() - t) / loops)
  }
  console.log(n, (best * 1000).toFixed(2), 'us; build ms', (t1 - t0).toFixed(1))
}
