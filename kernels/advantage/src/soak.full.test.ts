/** 1e5 calls of a kernel and of a pipeline: memory stays flat. */
import { closeGpu, whyUnavailable } from '@reprise/gpu'
import { afterAll, expect, it } from 'vitest'
import { kernels } from './index.ts'

afterAll(closeGpu)

const CALLS = 100_000

const noWebGpu = await whyUnavailable('webgpu')
if (noWebGpu !== undefined) console.warn(`the soak on webgpu is skipped: ${noWebGpu}`)
const EXECUTORS = [...(noWebGpu === undefined ? ['webgpu'] : []), 'webasm', 'cpu', 'simd', 'reference']

it.each(EXECUTORS)('memory is flat over 1e5 calls on %s', async (executor) => {
  const values = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i))
  const group = Int32Array.from(values, (_, i) => i >> 3)
  const call = async (i: number) => {
    if (i % 2 && executor !== 'simd') await kernels.whiten({ values }, { executor })
    else
      await kernels.groupAdvantages(
        { rewards: values, group, kind: 'group_std', std: 'sample', epsilon: 1e-6 },
        { executor },
      )
  }
  const samples: number[] = []
  for (let i = 0; i < CALLS; i++) {
    await call(i)
    if (i % (CALLS / 10) === CALLS / 10 - 1) {
      global.gc?.()
      samples.push(process.memoryUsage().rss / 2 ** 20)
    }
  }
  // The first fifth is warm-up: compiled code and the size that the heap settles at.
  const [start, end] = [Math.max(...samples.slice(0, 3)), Math.min(...samples.slice(-3))]
  expect(end - start, `MiB at each tenth: ${samples.map(Math.round).join(', ')}`).toBeLessThan(48)
})
