import { createExecutor } from '@reprise/backend'
import { box, discrete, Pcg64, resolveOptions } from '@reprise/core'
import * as tf from '@tensorflow/tfjs-core'
import { profile } from './prof.tmp.ts'
import { ppo } from './src/index.ts'
const cpu=()=>process.cpuUsage().user/1000
const spaces = { observation: box({low:-1,high:1,shape:[4]}), action: discrete(2), observationSize: 4, maskSize: 0 }
for (const name of ['eager:wasm','eager:cpu'] as const) for (const critic of ['separate','shared'] as const) for (const [H,B] of [[64,64],[64,256]] as const) {
  if (name==='eager:cpu' && process.argv[2] !== 'cpu') continue
  const { values: options } = resolveOptions(ppo.options, [{source:'api', values:{hidden:[H,H], batchSize:B, numEnvs:8, numSteps: 32, critic, ...(process.argv[3]?JSON.parse(process.argv[3]):{})}}])
  const program = ppo.build({ spaces, options, rng: new Pcg64(1), maxEpisodeSteps: 500 })
  const ex = await createExecutor({ executor: name, program })
  const R=256, rng=new Pcg64(2)
  const obs=new Float32Array(R*4), noise=new Float32Array(R); rng.fillNormal(obs); rng.fillUniform(noise)
  const a = await ex.act({ observation: obs, noise })
  const rewards=new Float32Array(R).fill(1), terminated=new Uint8Array(R), truncated=new Uint8Array(R)
  for (let i=0;i<R;i++) terminated[i]=rng.random()<0.1?1:0
  const prep = ppo.prepare({ steps:32, numEnvs:8, columns:{observation:obs, ...a}, rewards, terminated, truncated, finalValues:new Float32Array(R), lastValues:new Float32Array(8)}, {options, rng, progress:0, spaces})
  const k = prep.call!.indices.length/prep.call!.batchSize
  let kernels=0
  const reps = name==='eager:cpu'?2:40
  for (let i=0;i<reps/2;i++) await ex.updates(prep.call!)
  let best=1e9, m
  for (let i=0;i<reps;i++) { const t=cpu(); m = await ex.updates(prep.call!); best=Math.min(best,(cpu()-t)/k) }
 const eng = tf.engine() as any, orig = eng.runKernelFunc; const counts: Record<string,number> = {}
  eng.runKernelFunc = function (p: any) { if(p.kernelName) { kernels++; counts[p.kernelName]=(counts[p.kernelName]??0)+1 } return orig.call(this,p) }
  await ex.updates(prep.call!); eng.runKernelFunc = orig
  console.log(name, critic, 'H',H,'B',B, best.toFixed(3),'ms/update', 'kernels', kernels/k, 'tensors', tf.memory().numTensors)
  if (process.argv[4]) console.log(Object.entries(counts).map(([n,c])=>n+':'+c/k).join(' '))
  console.log(ppo.report(m!.metrics))
  { const o=obs.slice(0,8*4), u=noise.slice(0,8); for(let i=0;i<200;i++) ex.act({observation:o,noise:u}); profile(() => { for(let i=0;i<200;i++) ex.act({observation:o,noise:u}) }) }
  ex.dispose()
}
console.log(tf.memory())
