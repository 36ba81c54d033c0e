/** One property check: a random function, recorded and compiled, against TensorFlow.js eagerly. */
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

/** @returns what differs, or undefined */
export async function checkRandomFunction(seed: number, target: Target): Promise<string | undefined> {
  const length = 5 + new Pcg64(seed).integers(56)
  const { specs, data, call, steps } = randomFunction(seed, length)
  const inputs = (make: (name: string, spec: TensorSpec) => tf.Tensor): Record<string, tf.Tensor> =>
    Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, make(name, spec)]))
  const eager = tf.tidy(() => {
    const outputs = call(inputs((name, { shape, dtype }) => tf.tensor(data[name]!.slice(), [...shape], dtype)))
    return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, value.dataSync() as HostData]))
  })
  const graph = simplify(record('random', ({ input }) => ({ outputs: call(inputs(input)) })))
  validate(graph)
  const request = { name: 'random', inputs: specs, graph: () => graph }
  const program = await target.build({ state: {}, functions: { random: request } })
  try {
    const fn = program.functions['random']!
    for (const [name, values] of Object.entries(data)) fn.inputs[name]!.set(values)
    await fn.run()
    for (const [name, wanted] of Object.entries(eager)) {
      const difference = differ(fn.outputs[name]!, wanted, graph.nodes[graph.outputs[name]!]!.dtype === 'float32')
      if (difference !== undefined) return `seed ${seed}, ${name}: ${difference} after ${steps.join(', ')}`
    }
    return undefined
  } finally {
    program.dispose()
  }
}

function differ(got: HostData, wanted: HostData, float: boolean): string | undefined {
  const largest = Array.from(wanted, Math.abs).reduce((a, b) => Math.max(a, b), 1e-3)
  for (let i = 0; i < wanted.length; i++) {
    const near = float ? Math.abs(got[i]! - wanted[i]!) <= TOLERANCE * largest : got[i] === wanted[i]
    if (!near) return `${got[i]} for ${wanted[i]} at ${i}`
  }
  return undefined
}
