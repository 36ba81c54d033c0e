import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { registerTfjsGradients } from '/work/main/packages/compile/src/testing/tfjs-gradients.ts'
import { compile } from '/work/main/packages/compile/src/program.ts'
import { explain } from '/work/main/packages/compile/src/explain.ts'
import { ppoProgram } from '/work/main/packages/compile/bench/ppo-update.ts'
await registerTfjsGradients()
await tf.setBackend('cpu')
for (const flat of [true, false]) for (const [hidden, batch] of [[64, 64], [64, 256], [256, 256]]) {
  const { state, update, inputs } = ppoProgram({ hidden, batch, flat })
  const t0 = performance.now()
  const program: any = compile({ target: 'wasm', state: state as any, functions: { update: { inputs: inputs as any, fn: update as any } } })
  const t1 = performance.now()
  if (process.env.PRINT && flat) { console.log(program.explain?.() ?? Object.keys(program)); }
  const ins = program.update.inputs
  let s = 1; const rnd = () => ((s = (Math.imul(s, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1)
  for (const k of ['obs', 'logProb', 'advantage', 'target']) ins.batch[k].set(Float32Array.from({ length: ins.batch[k].length }, rnd))
  ins.batch.logProb.fill(-0.69)
  ins.batch.action.set(Int32Array.from({ length: batch }, () => rnd() > 0 ? 1 : 0))
  ins.schedule.rate[0] = 3e-4
  const run = program.update
  await run()
  let best = Infinity
  for (let i = 0; i < 300; i++) await run()
  await new Promise((r) => setTimeout(r, 100))
  for (let rep = 0; rep < 40; rep++) { const a = performance.now(); for (let i = 0; i < 20; i++) await run(); best = Math.min(best, (performance.now() - a) / 20) }
  const out = await run()
  console.log(flat ? 'flat' : 'tree', hidden, batch, 'update ms', best.toFixed(4), 'build ms', (t1 - t0).toFixed(1), 'loss', out.metrics.loss[0])
  program.dispose()
}
