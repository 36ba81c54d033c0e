import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { assertExecuted } from './executor.ts'
import { closeGpu, GPU_EXECUTORS, type KernelThis, openGpu, PLAN_LIMIT, whyUnavailable } from './index.ts'

const reasons = new Map<string, string | undefined>()
for (const executor of GPU_EXECUTORS) {
  const reason = await whyUnavailable(executor)
  if (reason !== undefined) console.warn(`tests on ${executor} are skipped: ${reason}`)
  reasons.set(executor, reason)
}
afterAll(closeGpu)

function scaled(this: KernelThis<{ offset: number }>, values: Float32Array, factor: Float32Array): number {
  return values[this.thread.x] * factor[0] + this.constants.offset
}

describe.each(GPU_EXECUTORS)('%s', (executor) => {
  const here = it.skipIf(reasons.get(executor) !== undefined)
  const n = 5000
  const values = Float32Array.from({ length: n }, (_, i) => i - 7)

  here('runs a kernel, and says where', async () => {
    const plan = (await openGpu(executor)).kernel('scaled', [n, 1], scaled, { output: n, constants: { offset: 1 } })
    const [out] = await plan.run(values, Float32Array.of(2))
    expect(out).toEqual(values.map((x) => 2 * x + 1))
    expect(plan.executed).toEqual({ executorKind: 'kernel', backend: executor, fallbackReason: null })
  })

  here('runs two passes as one plan, into arrays that later calls leave alone', async () => {
    const gpu = await openGpu(executor)
    const plan = gpu.pipeline('twice', [n, 1], (make) => {
      const one = make(scaled, { output: n, constants: { offset: 1 } })
      const two = make(scaled, { output: n, constants: { offset: 2 } })
      return (a, f) => {
        const first = one(a, f)
        return [first, two(first, f)]
      }
    })
    const [[first, second], [later]] = await Promise.all([
      plan.run(values, Float32Array.of(2)),
      plan.run(values, Float32Array.of(3)),
    ])
    expect(first).toEqual(values.map((x) => 2 * x + 1))
    expect(second).toEqual(values.map((x) => 2 * (2 * x + 1) + 2))
    expect(later).toEqual(values.map((x) => 3 * x + 1))
    expect(plan.executed!.backend).toBe(executor)
    if (executor !== 'cpu') expect(plan.executed!.executorKind).toMatch(/^fused-/)
  })

  here('is started again after closing, and refuses the plans of before', async () => {
    const old = (await openGpu(executor)).kernel('scaled', [n, 1], scaled, { output: n, constants: { offset: 1 } })
    await old.run(values, Float32Array.of(1))
    await closeGpu()
    await expect(old.run(values, Float32Array.of(1))).rejects.toThrow(/closed/)
    const plan = (await openGpu(executor)).kernel('scaled', [n, 1], scaled, { output: n, constants: { offset: 0 } })
    expect((await plan.run(values, Float32Array.of(1)))[0]).toEqual(values)
  })

  here('lets the process exit by itself', async () => {
    const script = fileURLToPath(new URL('./testing/exits.mjs', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [script, executor], { timeout: 50_000 })
    expect(stdout.trim()).toBe('6')
  })
})

describe('the runtime', () => {
  it('keeps a limited number of plans', async () => {
    const gpu = await openGpu('webasm')
    for (let n = 1; n <= PLAN_LIMIT + 5; n++) {
      const plan = gpu.kernel('scaled', [n, 1], scaled, { output: n, constants: { offset: 0 } })
      expect((await plan.run(new Float32Array(n).fill(3), Float32Array.of(2)))[0]![n - 1]).toBe(6)
    }
    expect(gpu.plans).toBe(PLAN_LIMIT)
  })

  it('names an input of another length', async () => {
    const plan = (await openGpu('cpu')).kernel('scaled', [4, 1], scaled, { output: 4, constants: { offset: 0 } })
    await expect(plan.run(new Float32Array(3), Float32Array.of(2))).rejects.toThrow(/Input 0 .*3 elements/)
  })

  it('knows its executors', () => {
    expect(() => openGpu('webgl' as 'webgpu')).toThrow(/No gpu.js executor is called 'webgl'/)
  })

  it('takes a silent degradation for an error', () => {
    const executed = { executorKind: 'generic', backend: 'cpu', fallbackReason: 'kernel maps' }
    expect(() => assertExecuted('webasm', 'x', executed)).toThrow(/asked for on 'webasm' and ran on 'cpu'.*kernel maps/)
    expect(() => assertExecuted('webgpu', 'x', { ...executed, backend: 'webgpu' })).toThrow(/generic/)
    expect(() => assertExecuted('cpu', 'x', executed)).not.toThrow()
  })

  it('fails on what webasm cannot compile, instead of running it elsewhere', async () => {
    const gpu = await openGpu('webasm')
    const plan = gpu.kernel(
      'unsupported',
      [4],
      function (this: KernelThis, a: Float32Array) {
        // Neither compiled nor silently run elsewhere.
        return Math.hypot(a[this.thread.x], 1)
      },
      { output: 4 },
    )
    await expect(plan.run(new Float32Array(4))).rejects.toThrow()
  })
})
