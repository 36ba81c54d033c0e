import { type Executed, type GpuRuntime, type KernelThis, toFloat32 } from '@reprise/gpu'
import { checkPairs, type Metric, type PairsInput } from './metric.ts'

interface Shape {
  readonly rows: number
  readonly width: number
  /** 0 cosine, 1 dot, 2 l2 */
  readonly metric: number
}

function pairs(this: KernelThis<Shape>, queries: Float32Array, memory: Float32Array): number {
  let a = Math.floor(this.thread.x / this.constants.rows)
  // A GPU's division may be off by a bit.
  if (this.thread.x - a * this.constants.rows >= this.constants.rows) {
    a = a + 1
  }
  const b = this.thread.x - a * this.constants.rows
  let dot = 0
  let left = 0
  let right = 0
  for (let k = 0; k < this.constants.width; k++) {
    const x = queries[a * this.constants.width + k]
    const y = memory[b * this.constants.width + k]
    if (this.constants.metric > 1.5) {
      dot = dot + (x - y) * (x - y)
    } else {
      dot = dot + x * y
      left = left + x * x
      right = right + y * y
    }
  }
  let value = dot
  if (this.constants.metric > 1.5) {
    value = Math.sqrt(dot)
  }
  if (this.constants.metric < 0.5) {
    value = dot / (Math.sqrt(left) * Math.sqrt(right))
    if (left === 0 || right === 0) {
      value = 0
    }
  }
  return value
}

const NUMBERS: Readonly<Record<Metric, number>> = { cosine: 0, dot: 1, l2: 2 }

/** `similarities`, a thread per pair. */
export async function gpuSimilarities(
  gpu: GpuRuntime,
  input: PairsInput,
  ran: (executed: Executed) => void,
): Promise<Float32Array> {
  const { q, m } = checkPairs('similarities', input)
  if (q * m === 0) return new Float32Array(0)
  const { queries, memory, width, metric } = input
  const constants = { rows: m, width, metric: NUMBERS[metric] }
  const plan = gpu.kernel('similarities', [q * width, m * width], pairs, { output: q * m, constants })
  const [out] = await plan.run(toFloat32(queries), toFloat32(memory))
  ran(plan.executed!)
  return out!
}
