import { type Executed, type GpuRuntime, type KernelThis, toFloat32 } from '@reprise/gpu'
import { checkLengths } from '../check.ts'
import { assignPrototypes, type PrototypesInput } from '../step-groups.ts'

interface Shape {
  readonly steps: number
  readonly width: number
}

function cosines(this: KernelThis<Shape>, anchors: Float32Array): number {
  let a = Math.floor(this.thread.x / this.constants.steps)
  // A GPU's division may be off by a bit.
  if (this.thread.x - a * this.constants.steps >= this.constants.steps) {
    a = a + 1
  }
  const b = this.thread.x - a * this.constants.steps
  let dot = 0
  let left = 0
  let right = 0
  for (let j = 0; j < this.constants.width; j++) {
    const x = anchors[a * this.constants.width + j]
    const y = anchors[b * this.constants.width + j]
    dot = dot + x * y
    left = left + x * x
    right = right + y * y
  }
  let cosine = dot / (Math.sqrt(left) * Math.sqrt(right))
  if (left === 0 || right === 0) {
    cosine = 0
  }
  return cosine
}

/** `prototypeBuckets`: all pairs on gpu.js, group by group; the greedy assignment, which is sequential, on the host. */
export async function gpuPrototypeBuckets(
  gpu: GpuRuntime,
  input: PrototypesInput,
  ran: (executed: Executed) => void,
): Promise<Int32Array> {
  const { anchors, width, group } = input
  checkLengths('prototypeBuckets', group.length * width, { anchors })
  const members = new Map<number, number[]>()
  for (let step = 0; step < group.length; step++) {
    const own = members.get(group[step]!)
    if (own === undefined) members.set(group[step]!, [step])
    else own.push(step)
  }
  const within = new Int32Array(group.length)
  const pairs = new Map<number, { steps: number; cosines: Float32Array }>()
  for (const [number, steps] of members) {
    const rows = new Float32Array(steps.length * width)
    steps.forEach((step, k) => {
      within[step] = k
      for (let j = 0; j < width; j++) rows[k * width + j] = anchors[step * width + j]!
    })
    const constants = { steps: steps.length, width }
    const plan = gpu.kernel('cosines', [rows.length], cosines, { output: steps.length ** 2, constants })
    pairs.set(number, { steps: steps.length, cosines: (await plan.run(toFloat32(rows)))[0]! })
    ran(plan.executed!)
  }
  return assignPrototypes(input, (step, prototype) => {
    const own = pairs.get(group[step]!)!
    return own.cosines[within[step]! * own.steps + within[prototype]!]!
  })
}
