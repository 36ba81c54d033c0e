import { createReplay, START } from './src/index.ts'
import { Pcg64, leaf, allocateColumns } from '@reprise/core'
const kind = process.argv[4] ?? 'uniform'
const cfg = { capacity: Number(process.argv[2]), gamma: 0.99, nSteps: Number(process.argv[3]), withLatest: false, draw: kind === 'uniform' ? { kind: 'uniform', replacement: true } : { kind: 'proportional', alpha: 0.6, beta: 'linear(0.4, 1)', epsilon: 1e-6, normalizeBy: 'batchMax', newPriority: 'runningMax', stratified: true } } as any
const N = 64
const schema = { observation: [leaf('', 'float32', [8])], fields: { action: { dtype: 'float32' as const, shape: [2] } } }
const replay = createReplay(cfg, schema, N, new Pcg64(1))
const obs = allocateColumns(schema.observation, N)
const step = { observation: obs, nextObservation: obs, finalObservation: obs, fields: { action: new Float32Array(2 * N) }, reward: new Float64Array(N).fill(1), terminated: new Uint8Array(N), truncated: new Uint8Array(N) }
const M = Math.max(1000, Number(process.argv[2]) / 64 * 1.05)
for (let i = 0; i < M; i++) { step.truncated.fill(0); step.truncated[i % N] = 1; replay.add(step) }
const batch = replay.allocate(256)
for (let i = 0; i < 4000; i++) replay.draw(batch, START)
const q = (run: () => void) => { const xs: number[] = []; for (let i = 0; i < 8000; i++) { const t = performance.now(); run(); xs.push(performance.now() - t) } xs.sort((a, b) => a - b); return [0.001, 0.01, 0.1, 0.5].map((p) => (xs[Math.floor(p * xs.length)]! * 1e3).toFixed(1)).join(' ') }
console.log(kind, process.argv[2], 'add', q(() => replay.add(step)))
console.log('draw us at quantiles .001 .01 .1 .5:', q(() => replay.draw(batch, START)))
const fresh = new Pcg64(5)
console.log('gather of random rows', q(() => { for (let i = 0; i < 256; i++) batch.handles.slots[i] = fresh.integers(replay.store.slots); replay.view.gather(batch) }))
const err = new Float32Array(256).map((_, i) => i / 100)
console.log('draw+feedback', q(() => { replay.draw(batch, START); replay.feedback(batch, { tdError: err }) }))
