import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { registerTfjsGradients } from '../src/testing/tfjs-gradients.ts'
import { compile } from '../src/program.ts'
import { ppoProgram } from './ppo-update.ts'
import { analyse, elements } from '../src/wasm/analysis.ts'
import { fuse } from '../src/wasm/fusion.ts'
import { wasmTarget } from '../src/wasm/target.ts'
import { ModuleBuilder } from '../src/wasm/encoder.ts'
await registerTfjsGradients()
await tf.setBackend('cpu')
const [hidden, batch, flat] = process.argv.slice(2).map(Number)
let request: any
const original = wasmTarget.build
;(wasmTarget as any).build = (r: any) => { request = r; return original(r) }
let mod: any
const enc = ModuleBuilder.prototype.encode
let W: any = (globalThis as any).WebAssembly
const { state, update, inputs } = ppoProgram({ hidden: hidden!, batch: batch!, flat: !!flat })
let calls: any[] = []
let exportsOf: any
ModuleBuilder.prototype.encode = function (this: any, pages: number) { for (const [i, c] of calls.entries()) this.export('u' + i, c); return enc.call(this, pages) }
;(globalThis as any).__calls = (c: any) => { calls = c }
const Inst = W.Instance
W.Instance = function (m: any, i: any) { const x = new Inst(m, i); exportsOf = x.exports; return x }
const program: any = compile({ target: 'wasm', state: state as any, functions: { update: { inputs: inputs as any, fn: update as any } } })
const graph = request.functions.update.graph()
const t = []
for (let i = 0; i < 5; i++) { const a = performance.now(); original(request); t.push((performance.now() - a).toFixed(1)) }
console.log('wasm build ms', t.join(' '))
const analysis = analyse(graph)
const units = fuse(analysis)
const desc = (id: number) => { const n = analysis.graph.nodes[id]!; const o: any = n.operation; return `${id}:${o.fn ?? o.op}${o.transposeA ? 'tA' : ''}${o.transposeB ? 'tB' : ''}[${n.shape}](${n.inputs.map((i) => analysis.views[i]!.root + (analysis.views[i]!.root === i ? '' : '*'))})` }
for (let i = 0; i < 300; i++) await program.update()
await new Promise((r) => setTimeout(r, 200))
let sum = 0
const offset = calls.length - units.length - (calls.length > units.length ? 1 : 0)
calls.forEach((_, i) => {
  const f = exportsOf['u' + i]
  for (let k = 0; k < 2000; k++) f()
  let best = Infinity
  for (let rep = 0; rep < 50; rep++) { const a = performance.now(); for (let k = 0; k < 50; k++) f(); best = Math.min(best, (performance.now() - a) / 50) }
  sum += best
  const u = units[i]
  console.log((best * 1000).toFixed(2).padStart(8), u ? u.kind : '-', u ? u.nodes.map(desc).join(' ') : 'copies')
})
console.log('sum', (sum * 1000).toFixed(1))
