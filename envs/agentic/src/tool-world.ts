/**
 * The fixed part of ToolChain: which capability each tool needs and gives, and every task's hidden chain and description.
 * Tasks come in families. `similarity` is both the probability that a link of a task's chain is its family's, and the
 * expected cosine between the descriptions of two tasks of one family: what looks alike is solved alike.
 */
import { TaskRandom } from './task-random.ts'

/** Numbers of a task's description. */
export const DESCRIPTION = 16

export interface ToolWorldOptions {
  readonly tools: number
  readonly capabilities: number
  readonly length: number
  readonly tasks: number
  readonly firstTask: number
  readonly families: number
  readonly similarity: number
  readonly world: number
}

export interface ToolWorld {
  /** [tools] the capability that a call needs, or -1. */
  readonly needs: Int32Array
  /** [tools] the capability that the right call gives. */
  readonly gives: Int32Array
  /** [tasks, length] tools in order; row i is task firstTask + i. */
  readonly chains: Int32Array
  /** [tasks, DESCRIPTION] unit vectors. */
  readonly descriptions: Float32Array
}

// Streams of a world's randomness.
const TOOLS = 1
const FAMILY = 2
const TASK = 3

export function toolWorld(options: ToolWorldOptions): ToolWorld {
  const { tools, capabilities, length, tasks, firstTask, families, similarity, world } = options
  const random = new TaskRandom()
  random.seed(world, 0, TOOLS)
  const needs = new Int32Array(tools)
  const gives = new Int32Array(tools)
  for (let tool = 0; tool < tools; tool++) {
    // The first two are always there to begin with.
    needs[tool] = tool < 2 || random.below(2) === 0 ? -1 : random.below(capabilities)
    gives[tool] = random.below(capabilities)
  }
  const legal = (held: number) => Array.from(needs.keys()).filter((t) => needs[t]! < 0 || (held >> needs[t]!) & 1)
  const keep = Math.round(similarity * 1048576)
  /** A chain that can be called in order, following `model` where its links can. */
  const chain = (model: Int32Array | undefined): Int32Array => {
    const out = new Int32Array(length)
    let held = 0
    for (let i = 0; i < length; i++) {
      const choices = legal(held)
      const copies = model !== undefined && random.chance(keep) && choices.includes(model[i]!)
      out[i] = copies ? model[i]! : choices[random.below(choices.length)]!
      held |= 1 << gives[out[i]!]!
    }
    return out
  }
  const models = Array.from({ length: families }, (_, family) => {
    random.seed(world, family, FAMILY)
    return { chain: chain(undefined), direction: unitVector(random) }
  })
  const chains = new Int32Array(tasks * length)
  const descriptions = new Float32Array(tasks * DESCRIPTION)
  for (let i = 0; i < tasks; i++) {
    const task = firstTask + i
    const { chain: model, direction } = models[task % families]!
    random.seed(world, task, TASK)
    chains.set(chain(model), i * length)
    const own = unitVector(random)
    const mixed = direction.map((x, j) => Math.sqrt(similarity) * x + Math.sqrt(1 - similarity) * own[j]!)
    const norm = normOf(mixed)
    descriptions.set(
      mixed.map((x) => x / norm),
      i * DESCRIPTION,
    )
  }
  return { needs, gives, chains, descriptions }
}

function normOf(v: readonly number[]): number {
  return Math.sqrt(v.reduce((sum, x) => sum + x * x, 0))
}

function unitVector(random: TaskRandom): number[] {
  for (;;) {
    // Sums of uniforms are near enough to normals to have no direction.
    const v = Array.from({ length: DESCRIPTION }, () => {
      let sum = -4
      for (let i = 0; i < 8; i++) sum += (random.below(1048576) + 0.5) / 1048576
      return sum
    })
    const norm = normOf(v)
    if (norm > 0) return v.map((x) => x / norm)
  }
}
