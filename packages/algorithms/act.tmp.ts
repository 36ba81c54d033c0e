import { createExecutor } from '@reprise/backend'
import { box, discrete, Pcg64, resolveOptions } from '@reprise/core'
import { ppo } from './src/index.ts'
const spaces = { observation: box({low:-1,high:1,shape:[4]}), action: discrete(2), observationSize: 4, maskSize: 0 }
const { values: options } = resolveOptions(ppo.options, [{source:'api', values:{critic: process.argv[2]}}])
const program = ppo.build({ spaces, options, rng: new Pcg64(1), maxEpisodeSteps: 500 })
const ex = await createExecutor({ executor: 'eager:wasm', program })
const o=new Float32Array(32), u=new Float32Array(8)
for (let r=0;r<6;r++){const t=performance.now(); for(let i=0;i<2000;i++) ex.act({observation:o,noise:u}); console.log(((performance.now()-t)/2000*1000).toFixed(0),'us')}
