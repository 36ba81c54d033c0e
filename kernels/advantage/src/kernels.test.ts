/** Every kernel gives on gpu.js what its reference gives, on every executor that starts here. */
import { isDeepStrictEqual } from 'node:util'
import { Pcg64 } from '@reprise/core'
import { closeGpu, GPU_EXECUTORS, relativeError, whyUnavailable } from '@reprise/gpu'
import { afterAll, describe, expect, it } from 'vitest'
import { GROUP_ADVANTAGE_KINDS, kernels, STD_KINDS, subgroups } from './index.ts'

const reasons = new Map<string, string | undefined>()
for (const executor of GPU_EXECUTORS) {
  const reason = await whyUnavailable(executor)
  if (reason !== undefined) console.warn(`tests on ${executor} are skipped: ${reason}`)
  reasons.set(executor, reason)
}
afterAll(closeGpu)

const TOLERANCE = 1e-5
const rng = new Pcg64(6)
const numbers = (n: number, scale = 1) => Float32Array.from({ length: n }, () => scale * rng.normal())
const flags = (n: number, rate: number) => Uint8Array.from({ length: n }, () => (rng.random() < rate ? 1 : 0))

/** [steps, numEnvs]: single rows and columns, and lengths around the powers of the scan's radix. */
const SHAPES: readonly (readonly [number, number])[] = [
  [1, 1],
  [1, 7],
  [2, 3],
  [4, 5],
  [5, 2],
  [17, 6],
  [64, 3],
  [130, 40],
]

/** A software Vulkan takes about a second to compile a kernel, and every shape is compiled. */
const shapesOf = (executor: string) => (executor === 'webgpu' ? SHAPES.slice(-2) : SHAPES)

function rollout(steps: number, numEnvs: number) {
  const size = steps * numEnvs
  return {
    steps,
    numEnvs,
    rewards: numbers(size),
    values: numbers(size, 3),
    actionValues: numbers(size, 3),
    logRatios: numbers(size, 0.5),
    terminated: flags(size, 0.1),
    truncated: flags(size, 0.1),
    finalValues: numbers(size, 3),
    lastValues: numbers(numEnvs, 3),
    gamma: 0.95 + 0.05 * rng.random(),
    lambda: rng.random(),
    rhoBar: 1,
    cBar: 1,
  }
}

const parts = (result: object): ArrayLike<number>[] =>
  ArrayBuffer.isView(result) ? [result as unknown as Float32Array] : Object.values(result)

type AnyKernel = {
  (input: never, options: { executor: string }): Promise<object>
  reference(input: never): object
  lastRun: unknown
}

async function agree(kernel: unknown, input: object, executor: string) {
  const { reference } = kernel as AnyKernel
  const actual = parts(await (kernel as AnyKernel)(input as never, { executor }))
  const expected = parts(reference(input as never))
  expect(actual.length).toBe(expected.length)
  expected.forEach((array, i) => {
    expect(relativeError(actual[i]!, array), `output ${i}`).toBeLessThan(TOLERANCE)
  })
  expect((kernel as AnyKernel).lastRun).toMatchObject({ executor, executed: { backend: executor } })
}

describe.each(GPU_EXECUTORS)('on %s', (executor) => {
  const here = it.skipIf(reasons.get(executor) !== undefined)

  for (const name of ['gae', 'discountedReturns', 'vTrace', 'retrace'] as const)
    here(name, async () => {
      for (const [steps, numEnvs] of shapesOf(executor)) await agree(kernels[name], rollout(steps, numEnvs), executor)
    })

  here('rollouts keep NaN and infinities to the episodes that they are in', async () => {
    for (const name of ['gae', 'discountedReturns', 'vTrace', 'retrace'] as const) {
      if (executor === 'webgpu' && name !== 'gae') continue
      const input = rollout(700, 4)
      input.rewards[4 * 300] = Number.NaN
      input.rewards[4 * 650 + 1] = Number.POSITIVE_INFINITY
      input.finalValues[4 * 10 + 2] = Number.NEGATIVE_INFINITY
      input.truncated[4 * 10 + 2] = 1
      input.terminated[4 * 10 + 2] = 0
      input.gamma = 0.5
      input.terminated.fill(0, 4 * 400)
      input.truncated.fill(0, 4 * 400)
      await agree(kernels[name], input, executor)
    }
  })

  here('rewardToGo', async () => {
    const offsets = [0, 1, 1, 40, 41, 300]
    await agree(kernels.rewardToGo, { rewards: numbers(300), offsets, gamma: 0.95 }, executor)
    await agree(kernels.rewardToGo, { rewards: numbers(1), offsets: [0, 1], gamma: 0.95 }, executor)
  })

  here('groupAdvantages', async () => {
    for (const size of executor === 'webgpu' ? [600] : [1, 9, 600])
      for (const kind of GROUP_ADVANTAGE_KINDS)
        for (const std of STD_KINDS) {
          const group = Int32Array.from({ length: size }, (_, i) => Math.floor(i / 8))
          const rewards = numbers(size)
          await agree(kernels.groupAdvantages, { rewards, group, kind, std, epsilon: 1e-4 }, executor)
        }
  })

  here('bucketAdvantages and stepAdvantages, of rows in any order', async () => {
    const group = Int32Array.from({ length: 500 }, () => rng.integers(20))
    const bucket = subgroups(
      group,
      Int32Array.from(group, () => rng.integers(3)),
    )
    const options = { bucket, std: 'sample', epsilon: 1e-6 }
    await agree(kernels.bucketAdvantages, { ...options, rewards: numbers(500), kind: 'group_std' }, executor)
    await agree(kernels.stepAdvantages, { ...options, returns: numbers(500), kind: 'mean' }, executor)
  })

  here('prototypeBuckets', async () => {
    const width = 6
    const centers = numbers(5 * width)
    const pick = Int32Array.from({ length: 120 }, () => rng.integers(5))
    const anchors = Float32Array.from(
      { length: pick.length * width },
      (_, i) => centers[pick[Math.floor(i / width)]! * width + (i % width)]! + 0.01 * rng.normal(),
    )
    const group = Int32Array.from(pick, (_, i) => Math.floor(i / 40))
    await agree(kernels.prototypeBuckets, { anchors, width, group, threshold: 0.95 }, executor)
  })

  here('whiten', async () => {
    for (const size of executor === 'webgpu' ? [5000] : [1, 2, 255, 256, 5000])
      for (const std of STD_KINDS)
        await agree(kernels.whiten, { values: numbers(size).map((x) => x + 3), std, epsilon: 1e-8 }, executor)
  })
})

describe('simd', () => {
  const same = async (kernel: unknown, input: object) => {
    const { reference } = kernel as AnyKernel
    const actual = await (kernel as AnyKernel)(input as never, { executor: 'simd' })
    expect(isDeepStrictEqual(actual, reference(input as never))).toBe(true)
    const executed = { executorKind: 'simd', backend: 'wasm', fallbackReason: null }
    expect((kernel as AnyKernel).lastRun).toMatchObject({ executor: 'simd', executed })
  }

  it('gae: the bits of the reference, also wider and longer than what is computed at once', async () => {
    for (const [steps, numEnvs] of [...SHAPES, [33, 1000], [3, 16_384], [2, 20_001]] as const)
      await same(kernels.gae, rollout(steps, numEnvs))
    const input = rollout(50, 12)
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const name of ['rewards', 'values', 'finalValues'] as const) input[name][rng.integers(600)] = value
      await same(kernels.gae, input)
    }
    await same(kernels.gae, {
      ...input,
      rewards: [...input.rewards],
      truncated: [...input.truncated].map((x) => 256 * x),
    })
  })

  it('gae writes into arrays that it is given', async () => {
    const input = rollout(20, 6)
    for (const executor of ['reference', 'simd', 'cpu']) {
      const out = { advantages: new Float32Array(120), returns: new Float32Array(120) }
      expect((await kernels.gae({ ...input, out }, { executor })).advantages).toBe(out.advantages)
      expect(relativeError(out.returns, kernels.gae.reference(input).returns)).toBeLessThan(TOLERANCE)
    }
  })

  it('groupAdvantages: the bits of the reference, for groups of any size', async () => {
    const sizes = [1, 2, 3, 8, 63, 64, 67, 200, 1, 1, 31, 1000]
    const group = Int32Array.from(sizes.flatMap((size, g) => new Array<number>(size).fill(g % 5)))
    for (const kind of GROUP_ADVANTAGE_KINDS)
      for (const std of STD_KINDS) {
        await same(kernels.groupAdvantages, { rewards: numbers(group.length), group, kind, std, epsilon: 1e-4 })
        const many = Int32Array.from({ length: 70_000 }, (_, i) => Math.floor(i / 130))
        for (const rewards of [numbers(70_000), Float64Array.from({ length: 70_000 }, () => rng.normal())])
          await same(kernels.groupAdvantages, { rewards, group: many, kind, std, epsilon: 0 })
        await same(kernels.groupAdvantages, { rewards: [...numbers(group.length)], group, kind, std, epsilon: 1e-4 })
        const large = new Int32Array(40_000).fill(7)
        await same(kernels.groupAdvantages, { rewards: [...numbers(40_000)], group: large, kind, std, epsilon: 0 })
      }
    await same(kernels.groupAdvantages, { rewards: [], group: [], kind: 'mean', std: 'sample', epsilon: 0 })
  })
})

describe('auto', () => {
  it('takes the reference below the crossover, and says so', async () => {
    const input = rollout(16, 8)
    expect(kernels.gae.choose(input)).toEqual({
      executor: 'reference',
      reason: '128 cells: nothing was measured to be faster there',
    })
    expect(await kernels.gae(input)).toEqual(kernels.gae.reference(input))
    expect(kernels.gae.lastRun).toMatchObject({ executor: 'reference', cells: 128 })
  })
})
