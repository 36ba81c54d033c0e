import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { registerTfjsGradients } from '../src/testing/tfjs-gradients.ts'
import { compile } from '../src/program.ts'
import { ppoProgram } from './ppo-update.ts'
await registerTfjsGradients()
await tf.setBackend('cpu')
for (const flat of [true, false]) {
const saved: any[] = []
for (const target of ['wasm', 'wasm', 'interpreter']) {
  const { state, update, inputs } = ppoProgram({ hidden: 32, batch: 37, flat })
  const program: any = compile({ target, state: state as any, functions: { update: { inputs: inputs as any, fn: update as any } } })
  const ins = program.update.inputs
  let s = 1; const rnd = () => ((s = (Math.imul(s, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1)
  for (let step = 0; step < 20; step++) {
    for (const k of ['obs', 'advantage', 'target']) ins.batch[k].set(Float32Array.from({ length: ins.batch[k].length }, rnd))
    ins.batch.logProb.fill(-0.69)
    ins.batch.action.set(Int32Array.from({ length: 37 }, () => rnd() > 0 ? 1 : 0))
    ins.schedule.rate[0] = 3e-4
    await program.update()
  }
  saved.push(await program.save())
}
let worst = 0, equal = true
for (const k of Object.keys(saved[0])) for (let i = 0; i < saved[0][k].data.length; i++) { worst = Math.max(worst, Math.abs(saved[0][k].data[i] - saved[2][k].data[i])); if (saved[0][k].data[i] !== saved[1][k].data[i]) equal = false }
console.log('worst', worst, 'repeat equal', equal)
}
