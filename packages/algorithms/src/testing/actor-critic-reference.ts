/**
 * The losses of SAC, TD3 and REDQ in plain loops over float64 numbers, written from the papers' equations and with nothing
 * of the package: what the tensor programs are compared with. Gradients are central differences. Networks use tanh.
 */
import type { HostRecord } from '@reprise/backend'

export type Vector = ArrayLike<number>
export type Row = readonly number[]

/** Layers one after the other: weight [inputs, outputs], bias; tanh between them, `last` after the last. */
export function mlp(vector: Vector, widths: readonly number[], x: Row, last: 'linear' | 'tanh' = 'linear'): number[] {
  let at = 0
  let out = [...x]
  for (let l = 0; l + 1 < widths.length; l++) {
    const [inputs, outputs] = [widths[l]!, widths[l + 1]!]
    const below = out
    out = Array.from({ length: outputs }, (_, j) => {
      let sum = vector[at + inputs * outputs + j]!
      for (let i = 0; i < inputs; i++) sum += below[i]! * vector[at + i * outputs + j]!
      return l + 2 < widths.length || last === 'tanh' ? Math.tanh(sum) : sum
    })
    at += (inputs + 1) * outputs
  }
  return out
}

/** Values of `count` critics that lie one after the other. */
export function critics(vector: Vector, count: number, widths: readonly number[], x: Row): number[][] {
  const size = vector.length / count
  const all = Array.from(vector)
  return Array.from({ length: count }, (_, k) => mlp(all.slice(k * size, (k + 1) * size), widths, x))
}

/** The gradient of a loss by central differences. */
export function numericalGradient(loss: (vector: Float64Array) => number, at: Vector): Float64Array {
  const vector = Float64Array.from(at as ArrayLike<number>)
  const step = 1e-5
  return vector.map((value, i) => {
    vector[i] = value + step
    const up = loss(vector)
    vector[i] = value - step
    const down = loss(vector)
    vector[i] = value
    return (up - down) / (2 * step)
  })
}

/** Rows of a batch as plain arrays. */
export function rowsOf(batch: HostRecord, name: string, rows: number): number[][] {
  const data = Array.from(batch[name]!)
  const width = data.length / rows
  return Array.from({ length: rows }, (_, i) => data.slice(i * width, (i + 1) * width))
}

export function meanOf(values: Row): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}

/** tanh of a Gaussian: the action for a noise, and the log of its density. */
export function squashed(mean: Row, std: Row, noise: Row): { action: number[]; logProb: number } {
  const before = mean.map((m, i) => m + std[i]! * noise[i]!)
  const action = before.map(Math.tanh)
  const logProb = before.reduce((sum, _, i) => {
    const density = -0.5 * noise[i]! ** 2 - Math.log(std[i]!) - 0.5 * Math.log(2 * Math.PI)
    return sum + density - Math.log(1 - action[i]! ** 2)
  }, 0)
  return { action, logProb }
}

/** The policy of SAC: one output for each mean and one for each log standard deviation. */
export function plainPolicy(vector: Vector, widths: readonly number[], x: Row, noise: Row) {
  const out = mlp(vector, widths, x)
  const half = out.length / 2
  const std = out.slice(half).map((logStd) => Math.exp(Math.min(2, Math.max(-20, logStd))))
  return squashed(out.slice(0, half), std, noise)
}

/** The policy of gSDE: `widths` end with the features, then the head, then the log standard deviations. */
export function gsdePolicy(vector: Vector, widths: readonly number[], actions: number, x: Row, noise: Row) {
  const all = Array.from(vector)
  const features = mlp(all, widths, x, 'tanh')
  const at = all.length - actions * (2 * features.length + 1)
  const mean = mlp(all.slice(at), [features.length, actions], features).map((m) => Math.min(2, Math.max(-2, m)))
  const logStd = all.slice(all.length - features.length * actions)
  const std = mean.map((_, a) => {
    const variance = features.reduce((sum, f, l) => sum + f ** 2 * Math.exp(logStd[l * actions + a]!) ** 2, 0)
    return Math.sqrt(variance + 1e-6)
  })
  return squashed(mean, std, noise)
}
