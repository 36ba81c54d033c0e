/**
 * Times the target onnx: npx tsx packages/compile/bench/onnx.ts. A policy 4-64-64-2, and one PPO update (two tanh layers, two
 * heads, clipped surrogate, value and entropy losses, Adam per parameter), as microseconds per awaited call: the fastest
 * of several rounds.
 */
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { graphFlops } from '../src/cost.ts'
import type { HostData, TensorSpec } from '../src/graph.ts'
import { onnxTarget } from '../src/onnx/index.ts'
import { simplify } from '../src/passes/simplify.ts'
import { record } from '../src/record/record.ts'
import type { ArgumentSource, BuiltFunction, FunctionRequest, TracedResult } from '../src/target.ts'
import { registerTfjsGradients } from '../src/testing/tfjs-gradients.ts'

type Leaf = TensorSpec & { readonly data: HostData }
const float = (...shape: number[]): TensorSpec => ({ shape, dtype: 'float32' })
let seed = 1
const random = (): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 2 ** 31 - 1
}
const leaf = (scale: number, ...shape: number[]): Leaf => ({
  ...float(...shape),
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random() * scale),
})

const sizes = (hidden: number): Record<string, number[]> => ({
  w1: [4, hidden],
  b1: [hidden],
  w2: [hidden, hidden],
  b2: [hidden],
  policy: [hidden, 2],
  policyBias: [2],
  value: [hidden, 1],
  valueBias: [1],
})

function body(x: tf.Tensor, p: Readonly<Record<string, tf.Tensor>>): { logits: tf.Tensor; hidden: tf.Tensor } {
  const dense = (h: tf.Tensor, w: string, b: string) => tf.add(tf.matMul(h as tf.Tensor2D, p[w] as tf.Tensor2D), p[b]!)
  const hidden = tf.tanh(dense(tf.tanh(dense(x, 'w1', 'b1')), 'w2', 'b2'))
  return { logits: dense(hidden, 'policy', 'policyBias'), hidden }
}

/** With the parameters as leaves of the state, or `flat`: as one vector, like their moments. */
function update(source: ArgumentSource, hidden: number, batch: number, flat: boolean): TracedResult {
  const shapes = sizes(hidden)
  const names = flat ? ['all'] : Object.keys(shapes)
  const counts = Object.values(shapes).map((shape) => shape.reduce((a, b) => a * b, 1))
  if (flat) shapes['all'] = [counts.reduce((a, b) => a + b)]
  const read = (prefix: string) => names.map((name) => source.state(`${prefix}/${name}`, float(...shapes[name]!)))
  const [params, m, v] = [read('p'), read('m'), read('v')]
  const x = source.input('x', float(batch, 4))
  const action = source.input('action', { shape: [batch], dtype: 'int32' })
  const [oldLog, advantage, target, rate] = ['oldLog', 'advantage', 'target', 'rate'].map((name) =>
    source.input(name, name === 'rate' ? float() : float(batch)),
  ) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
  const lossOf = (...values: tf.Tensor[]): tf.Scalar => {
    const parts = flat ? tf.split(values[0] as tf.Tensor1D, counts) : values
    const p = Object.fromEntries(Object.entries(sizes(hidden)).map(([name, s], i) => [name, tf.reshape(parts[i]!, s)]))
    const { logits, hidden: h } = body(x, p)
    const logs = tf.logSoftmax(logits)
    const chosen = tf.sum(tf.mul(logs, tf.oneHot(action as tf.Tensor1D, 2)), 1)
    const ratio = tf.exp(tf.sub(chosen, oldLog))
    const clipped = tf.clipByValue(ratio, 0.8, 1.2)
    const policyLoss = tf.neg(tf.mean(tf.minimum(tf.mul(ratio, advantage), tf.mul(clipped, advantage))))
    const entropy = tf.neg(tf.mean(tf.sum(tf.mul(tf.exp(logs), logs), 1)))
    const value = tf.reshape(tf.add(tf.matMul(h as tf.Tensor2D, p['value'] as tf.Tensor2D), p['valueBias']!), [batch])
    const valueLoss = tf.mean(tf.square(tf.sub(value, target)))
    return tf.sub(tf.add(policyLoss, tf.mul(valueLoss, 0.5)), tf.mul(entropy, 0.01)) as tf.Scalar
  }
  const { value: loss, grads } = tf.valueAndGrads(lossOf)(params)
  const next: Record<string, tf.Tensor> = {}
  for (const [i, name] of names.entries()) {
    const mean = tf.add(tf.mul(m[i]!, 0.9), tf.mul(grads[i]!, 0.1))
    const square = tf.add(tf.mul(v[i]!, 0.999), tf.mul(tf.square(grads[i]!), 0.001))
    next[`m/${name}`] = mean
    next[`v/${name}`] = square
    next[`p/${name}`] = tf.sub(params[i]!, tf.div(tf.mul(mean, rate), tf.add(tf.sqrt(square), 1e-5)))
  }
  return { outputs: { loss }, nextState: next }
}

function request(
  name: string,
  inputs: Readonly<Record<string, TensorSpec>>,
  trace: (s: ArgumentSource) => TracedResult,
) {
  const graph = simplify(record(name, trace))
  return { name, graph: () => graph, inputs } satisfies FunctionRequest
}

async function time(fn: BuiltFunction, calls: number, rounds = 15): Promise<{ wall: number; processor: number }> {
  for (let i = 0; i < calls; i++) await fn.run()
  let wall = Number.POSITIVE_INFINITY
  let processor = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const cpu = process.cpuUsage()
    const start = performance.now()
    for (let i = 0; i < calls; i++) await fn.run()
    wall = Math.min(wall, ((performance.now() - start) * 1e3) / calls)
    const used = process.cpuUsage(cpu)
    processor = Math.min(processor, (used.user + used.system) / calls)
  }
  return { wall, processor }
}

const round = (n: number): number => Number(n.toPrecision(3))
const threads = process.argv[2] === undefined ? undefined : Number(process.argv[2])
await tf.ready()
await registerTfjsGradients()
const rows: Record<string, string | number>[] = []

async function bench(label: string, state: Record<string, Leaf>, fn: FunctionRequest, calls: number): Promise<void> {
  const start = performance.now()
  const program = await onnxTarget(threads === undefined ? {} : { threads }).build({
    state,
    functions: { [fn.name]: fn },
  })
  const build = performance.now() - start
  const built = program.functions[fn.name]!
  for (const [name, array] of Object.entries(built.inputs)) {
    if (array instanceof Float32Array) for (let i = 0; i < array.length; i++) array[i] = random()
    if (name === 'rate') array[0] = 3e-4
  }
  const { wall, processor } = await time(built, calls)
  const nodes = fn.graph().nodes.length
  const megaflop = round(graphFlops(fn.graph()) / 1e6)
  rows.push({
    label,
    nodes,
    megaflop,
    'build ms': round(build),
    'us/call': round(wall),
    'cpu us/call': round(processor),
  })
  program.dispose()
}

for (const n of [1, 8, 64, 512]) {
  const p = Object.fromEntries(Object.entries(sizes(64)).map(([name, shape]) => [`p/${name}`, leaf(0.2, ...shape)]))
  const fn = request('act', { x: float(n, 4) }, (source) => {
    const params = Object.fromEntries(
      Object.entries(sizes(64)).map(([name, shape]) => [name, source.state(`p/${name}`, float(...shape))]),
    )
    return { outputs: { logits: body(source.input('x', float(n, 4)), params).logits } }
  })
  await bench(`policy N=${n}`, p, fn, n > 100 ? 500 : 2000)
}
for (const [hidden, batch] of [
  [64, 64],
  [64, 256],
  [256, 256],
] as const) {
  for (const flat of [false, true]) {
    const shapes = Object.entries(sizes(hidden))
    const count = shapes.reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b, 1), 0)
    const leaves = (prefix: string, scale: number) =>
      flat
        ? [[`${prefix}/all`, leaf(scale, count)] as const]
        : shapes.map(([name, shape]) => [`${prefix}/${name}`, leaf(scale, ...shape)] as const)
    const state = Object.fromEntries([...leaves('p', 0.1), ...leaves('m', 0), ...leaves('v', 0)])
    const columns = { oldLog: float(batch), advantage: float(batch), target: float(batch), rate: float() }
    const inputs = { x: float(batch, 4), action: { shape: [batch], dtype: 'int32' as const }, ...columns }
    const fn = request('update', inputs, (source) => update(source, hidden, batch, flat))
    await bench(`PPO H=${hidden} B=${batch}${flat ? ' flat' : ''}`, state, fn, hidden > 100 ? 60 : 300)
  }
}
console.table(rows)
