/** One property check: a random function, recorded and compiled for each target, against TensorFlow.js eagerly. */
import { Pcg64 } from '@reprise/core'
import * as tf from '@tensorflow/tfjs-core'
import type { HostData, TensorSpec } from '../graph.ts'
import { simplify } from '../passes/simplify.ts'
import { record } from '../record/record.ts'
import type { Target } from '../target.ts'
import { validate } from '../validate.ts'
import { randomFunction } from './random-function.ts'

/** Floats within this of the tensor's largest element: chained rounding grows with depth. */
const TOLERANCE = 1e-5

/**
 * @returns what differs on the first target where something does; 'unstable' where eager results themselves move by
 * more than 3e-5 when inputs move by 1e-6 (mostly a comparison that rounding decides), which proves nothing; undefined
 * where all is well
 */
export async function checkRandomFunction(seed: number, targets: readonly Target[]): Promise<string | undefined> {
  const length = 5 + new Pcg64(seed).integers(56)
  const { specs, data, call, steps } = randomFunction(seed, length)
  const inputs = (make: (name: string, spec: TensorSpec) => tf.Tensor): Record<string, tf.Tensor> =>
    Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, make(name, spec)]))
  const eagerly = (noise: () => number): Record<string, HostData> =>
    tf.tidy(() => {
      const outputs = call(
        inputs((name, { shape, dtype }) => {
          const values = data[name]!.slice()
          if (dtype === 'float32')
            values.forEach((value, i) => {
              values[i] = value + noise()
            })
          return tf.tensor(values, [...shape], dtype)
        }),
      )
      return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, value.dataSync() as HostData]))
    })
  const eager = eagerly(() => 0)
  const graph = simplify(record('random', ({ input }) => ({ outputs: call(inputs(input)) })))
  validate(graph)
  const request = { name: 'random', inputs: specs, graph: () => graph }
  for (const target of targets) {
    const program = await target.build({ state: {}, functions: { random: request } })
    const fn = program.functions['random']!
    for (const [name, values] of Object.entries(data)) fn.inputs[name]!.set(values)
    await fn.run()
    for (const [name, wanted] of Object.entries(eager)) {
      const difference = differ(fn.outputs[name]!, wanted, graph.nodes[graph.outputs[name]!]!.dtype === 'float32')
      if (difference !== undefined) {
        const shift = new Pcg64(seed)
        const moved = eagerly(() => shift.uniform(-1e-6, 1e-6))
        if (Object.keys(eager).some((key) => differ(moved[key]!, eager[key]!, true, 3e-5) !== undefined))
          return 'unstable'
        return `seed ${seed}, ${target.name}, ${name}: ${difference} after ${steps.join(', ')}`
      }
    }
    program.dispose()
  }
  return undefined
}

function differ(got: HostData, wanted: HostData, float: boolean, tolerance = TOLERANCE): string | undefined {
  const largest = Array.from(wanted, Math.abs).reduce((a, b) => Math.max(a, b), 1e-2)
  for (let i = 0; i < wanted.length; i++) {
    const near = float ? Math.abs(got[i]! - wanted[i]!) <= tolerance * largest : got[i] === wanted[i]
    if (!near) return `${got[i]} for ${wanted[i]} at ${i}`
  }
  return undefined
}
