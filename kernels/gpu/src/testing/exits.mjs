/** Run by exit.test.ts in a process of its own: opens an executor, computes, closes; nothing ends the process. */
import { register } from 'tsx/esm/api'

register()
const { closeGpu, openGpu } = await import('../index.ts')
const gpu = await openGpu(process.argv[2])
const double = gpu.kernel(
  'double',
  [8192],
  function (a) {
    return 2 * a[this.thread.x]
  },
  { output: 8192 },
)
const [out] = await double.run(new Float32Array(8192).fill(3))
await closeGpu()
console.log(out[8191])
