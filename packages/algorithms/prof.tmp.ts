import * as tf from '@tensorflow/tfjs-core'
export function profile(run: () => void) {
  const eng = tf.engine() as any, orig = eng.runKernelFunc; const t: Record<string,[number,number]> = {}
  let depth=0
  eng.runKernelFunc = function (p: any) { const t0=performance.now(); const r = orig.call(this,p); const d=performance.now()-t0; if(p.kernelName){ const e=t[p.kernelName]??=[0,0]; e[0]+=d; e[1]++ } return r }
  const t0=performance.now(); run(); const total=performance.now()-t0
  eng.runKernelFunc = orig
  console.log('total', total.toFixed(2)); for (const [n,[d,c]] of Object.entries(t).sort((a,b)=>b[1][0]-a[1][0]).slice(0,18)) console.log(n.padEnd(16), (d/total*100).toFixed(1)+'%', c, (d/c*1000).toFixed(1)+'us')
}
