import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { registerTfjsGradients } from '../src/testing/tfjs-gradients.ts'
import { compile } from '../src/program.ts'
import { ppoProgram } from './ppo-update.ts'
import { wasmTarget } from '../src/wasm/target.ts'
import { analyse } from '../src/wasm/analysis.ts'
import { fuse } from '../src/wasm/fusion.ts'
import { ModuleBuilder } from '../src/wasm/encoder.ts'
await registerTfjsGradients()
await tf.setBackend('cpu')
let request: any
const original = wasmTarget.build
const cpu = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1000 }
let enc = ModuleBuilder.prototype.encode
ModuleBuilder.prototype.encode = function (p: number) { const a = performance.now(); const r = enc.call(this, p); return r }
;(wasmTarget as any).build = (r: any) => { request = r; const a = performance.now(), c = cpu(); r.functions.update.graph(); console.log('graph', (performance.now() - a).toFixed(1)); const b = performance.now(); const x = original(r); console.log('cold build ms', (performance.now() - b).toFixed(1), 'cpu', (cpu() - c).toFixed(1)); return x }
const { state, update, inputs } = ppoProgram({ hidden: 64, batch: 64, flat: process.argv[2] === '1' })
const a = performance.now()
compile({ target: 'wasm', state: state as any, functions: { update: { inputs: inputs as any, fn: update as any } } })
console.log('compile total', (performance.now() - a).toFixed(1))
const graph = request.functions.update.graph()
for (let i = 0; i < Number(process.env.N ?? 4); i++) {
  const t0 = performance.now(); const an = analyse(graph); const t1 = performance.now(); fuse(an); const t2 = performance.now(); original(request); const t3 = performance.now()
  console.log('analyse', (t1 - t0).toFixed(1), 'fuse', (t2 - t1).toFixed(1), 'build', (t3 - t2).toFixed(1))
}
