/** Means and deviations on gpu.js: of buckets (one thread each), and of a whole batch (blocks, then their sum). */
import { type Executed, type GpuRuntime, type Handle, type KernelThis, type MakeKernel, toFloat32 } from '@reprise/gpu'
import { type BucketAdvantagesInput, sortBuckets } from '../bucket-advantages.ts'
import { checkLengths } from '../check.ts'
import type { WhitenOptions } from '../whiten.ts'

const BLOCK = 256

interface Blocks {
  readonly size: number
  readonly block: number
}

function blockSums(this: KernelThis<Blocks>, values: Float32Array, center: Float32Array, power: Float32Array): number {
  const from = this.thread.x * this.constants.block
  let sum = 0
  for (let k = 0; k < this.constants.block; k++) {
    if (from + k < this.constants.size) {
      const difference = values[from + k] - center[0]
      if (power[0] > 1.5) {
        sum = sum + difference * difference
      } else {
        sum = sum + difference
      }
    }
  }
  return sum
}

function meanOf(this: KernelThis<Blocks>, sums: Float32Array): number {
  let sum = 0
  for (let k = 0; k < this.constants.block; k++) {
    sum = sum + sums[k]
  }
  return sum / this.constants.size
}

/** The variance's mean of squares times n / divisor, as a deviation. */
function deviationOf(this: KernelThis<Blocks>, sums: Float32Array, ratio: Float32Array): number {
  let sum = 0
  for (let k = 0; k < this.constants.block; k++) {
    sum = sum + sums[k]
  }
  return Math.sqrt((sum / this.constants.size) * ratio[0])
}

function standardised(
  this: KernelThis,
  values: Float32Array,
  mean: Float32Array,
  deviation: Float32Array,
  epsilon: Float32Array,
): number {
  return (values[this.thread.x] - mean[0]) / (deviation[0] + epsilon[0])
}

/** Passes for the mean and deviation of [size] values. `constants` is [0, 1, 2]. */
function makeStatistics(make: MakeKernel, size: number) {
  const blocks = Math.ceil(size / BLOCK)
  const sums = make(blockSums, { output: blocks, constants: { size, block: BLOCK } })
  const mean = make(meanOf, { output: 1, constants: { size, block: blocks } })
  const deviation = make(deviationOf, { output: 1, constants: { size, block: blocks } })
  return (values: Handle, zero: Handle, one: Handle, two: Handle, ratio: Handle) => {
    const center = mean(sums(values, zero, one))
    return { mean: center, deviation: deviation(sums(values, center, two), ratio) }
  }
}

/** n / divisor of the variance; one value has no deviation. */
const varianceRatio = (size: number, kind: 'population' | 'sample') =>
  kind === 'population' ? 1 : size > 1 ? size / (size - 1) : 0

const ZERO = Float32Array.of(0)
const ONE = Float32Array.of(1)
const TWO = Float32Array.of(2)

export interface WhitenInput extends WhitenOptions {
  readonly values: ArrayLike<number>
}

export async function gpuWhiten(
  gpu: GpuRuntime,
  { values, std = 'sample', epsilon = 1e-8 }: WhitenInput,
  ran: (executed: Executed) => void,
): Promise<Float32Array> {
  const size = values.length
  if (size === 0) return new Float32Array(0)
  const plan = gpu.pipeline('whiten', [size, 1, 1, 1, 1, 1], (make) => {
    const statistics = makeStatistics(make, size)
    const standardise = make(standardised, { output: size })
    return (values, zero, one, two, ratio, epsilon) => {
      const { mean, deviation } = statistics(values, zero, one, two, ratio)
      return [standardise(values, mean, deviation, epsilon)]
    }
  })
  const ratio = Float32Array.of(varianceRatio(size, std))
  const [out] = await plan.run(toFloat32(values), ZERO, ONE, TWO, ratio, Float32Array.of(epsilon))
  ran(plan.executed!)
  return out!
}

function bucketMeans(this: KernelThis, rewards: Float32Array, order: Float32Array, starts: Float32Array): number {
  const from = starts[this.thread.x]
  const to = starts[this.thread.x + 1]
  let sum = 0
  for (let i = from; i < to; i = i + 1) {
    sum = sum + rewards[order[i]]
  }
  return sum / (to - from)
}

/** kind: 1 the bucket's deviation, 2 the batch's, 3 leave one out, 0 none; sample: 1 divides by n - 1 */
function bucketScales(
  this: KernelThis,
  rewards: Float32Array,
  order: Float32Array,
  starts: Float32Array,
  means: Float32Array,
  batchDeviation: Float32Array,
  parameters: Float32Array,
): number {
  const from = starts[this.thread.x]
  const to = starts[this.thread.x + 1]
  const count = to - from
  const mean = means[this.thread.x]
  let scale = 1
  if (parameters[0] > 2.5) {
    scale = count / Math.max(1, count - 1)
  } else {
    if (parameters[0] > 1.5) {
      scale = 1 / (batchDeviation[0] + parameters[2])
    } else {
      if (parameters[0] > 0.5) {
        let squares = 0
        for (let i = from; i < to; i = i + 1) {
          const difference = rewards[order[i]] - mean
          squares = squares + difference * difference
        }
        scale = 1 / (Math.sqrt(squares / Math.max(1, count - parameters[1])) + parameters[2])
      }
    }
  }
  return scale
}

function relative(
  this: KernelThis,
  rewards: Float32Array,
  bucket: Float32Array,
  starts: Float32Array,
  means: Float32Array,
  scales: Float32Array,
): number {
  const own = bucket[this.thread.x]
  let out = 0
  if (starts[own + 1] - starts[own] > 1.5) {
    out = (rewards[this.thread.x] - means[own]) * scales[own]
  }
  return out
}

const KINDS = { mean: 0, group_std: 1, batch_std: 2, leave_one_out: 3 } as const

/** `bucketAdvantages`, and with adjacent rows `groupAdvantages`. The host sorts; sums run on gpu.js. */
export async function gpuBucketAdvantages(
  gpu: GpuRuntime,
  { rewards, bucket, kind, std, epsilon }: BucketAdvantagesInput,
  ran: (executed: Executed) => void,
): Promise<Float64Array> {
  const size = rewards.length
  checkLengths('bucketAdvantages', size, { bucket })
  if (size === 0) return new Float64Array(0)
  const { of, order, starts } = sortBuckets(bucket)
  const buckets = starts.length - 1
  const lengths = [size, size, size, starts.length, 1, 1, 1, 1, 3]
  const plan = gpu.pipeline(kind === 'batch_std' ? 'batchAdvantages' : 'bucketAdvantages', lengths, (make) => {
    const statistics = kind === 'batch_std' ? makeStatistics(make, size) : undefined
    const means = make(bucketMeans, { output: buckets })
    const scales = make(bucketScales, { output: buckets })
    const compare = make(relative, { output: size })
    return (rewards, bucket, order, starts, zero, one, two, ratio, parameters) => {
      const batch = statistics?.(rewards, zero, one, two, ratio).deviation ?? zero
      const mean = means(rewards, order, starts)
      return [compare(rewards, bucket, starts, mean, scales(rewards, order, starts, mean, batch, parameters))]
    }
  })
  const parameters = Float32Array.of(KINDS[kind], std === 'sample' ? 1 : 0, epsilon)
  const ratio = Float32Array.of(varianceRatio(size, std))
  const sorted = [toFloat32(of), toFloat32(order), toFloat32(starts)]
  const [out] = await plan.run(toFloat32(rewards), ...sorted, ZERO, ONE, TWO, ratio, parameters)
  ran(plan.executed!)
  return Float64Array.from(out!)
}
