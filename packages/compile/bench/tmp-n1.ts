import { GraphBuilder } from '../src/graph-builder.ts'
import { analyse } from '../src/wasm/analysis.ts'
import { fuse } from '../src/wasm/fusion.ts'
import { wasmTarget } from '../src/wasm/target.ts'
import { ModuleBuilder } from '../src/wasm/encoder.ts'
let calls: any[] = [], exportsOf: any
const W: any = (globalThis as any).WebAssembly
const enc = ModuleBuilder.prototype.encode
ModuleBuilder.prototype.encode = function (this: any, pages: number) { for (const [i, c] of calls.entries()) this.export('u' + i, c); return enc.call(this, pages) }
;(globalThis as any).__calls = (c: any) => { calls = c }
const Inst = W.Instance
W.Instance = function (m: any, i: any) { const x = new Inst(m, i); exportsOf = x.exports; return x }
const n = Number(process.argv[2])
const b = new GraphBuilder()
const x = b.input('x', [n, 4])
const layer = (h: number, name: string, i: number, o: number) => b.binary('add', b.matmul(h, b.state(name + '.w', [i, o])), b.state(name + '.b', [o]))
const g = b.build({ y: layer(b.unary('tanh', layer(b.unary('tanh', layer(x, 'l1', 4, 64)), 'l2', 64, 64)), 'l3', 64, 2) })
const state: any = {}
let s = 1
const rnd = () => ((s = (Math.imul(s, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1) * 0.2
for (const [name, shape] of Object.entries({ 'l1.w': [4, 64], 'l1.b': [64], 'l2.w': [64, 64], 'l2.b': [64], 'l3.w': [64, 2], 'l3.b': [2] })) state[name] = { shape, dtype: 'float32', data: Float32Array.from({ length: shape.reduce((a, c) => a * c, 1) }, rnd) }
const p = wasmTarget.build({ state, functions: { f: { name: 'f', graph: () => g, inputs: { x: { shape: [n, 4], dtype: 'float32' } } } } })
const analysis = analyse(g), units = fuse(analysis)
for (let i = 0; i < 20000; i++) p.functions.f!.run()
await new Promise((r) => setTimeout(r, 200))
const bench = (f: any) => { for (let k = 0; k < 5000; k++) f(); let best = Infinity; const L = Math.ceil(1000 / n); for (let rep = 0; rep < 300; rep++) { const a = performance.now(); for (let k = 0; k < L; k++) f(); best = Math.min(best, (performance.now() - a) / L) } return (best * 1000).toFixed(3) }
calls.forEach((_, i) => console.log(bench(exportsOf['u' + i]), units[i]?.nodes.map((id) => { const nn = analysis.graph.nodes[id]!; return ((nn.operation as any).fn ?? nn.operation.op) + `[${nn.shape}]` }).join(' ')))
console.log('run', bench(p.functions.f!.run))
