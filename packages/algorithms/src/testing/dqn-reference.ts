/**
 * The gradient of DQN's loss in plain loops over float64 numbers, written from the papers' equations and with nothing of
 * the package but its option names: what the tensor program is compared with.
 */
import type { HostRecord } from '@reprise/backend'
import type { DqnOptions } from '../dqn.ts'

interface Layer {
  readonly inputs: number
  readonly outputs: number
}

interface Forward {
  /** Input of each layer, and the output of the last. */
  readonly values: readonly number[][]
}

function forward(vector: ArrayLike<number>, layers: readonly Layer[], x: readonly number[]): Forward {
  const values = [[...x]]
  let at = 0
  layers.forEach(({ inputs, outputs }, l) => {
    const below = values[l]!
    const out: number[] = []
    for (let j = 0; j < outputs; j++) {
      let sum = vector[at + inputs * outputs + j]!
      for (let i = 0; i < inputs; i++) sum += below[i]! * vector[at + i * outputs + j]!
      out.push(l < layers.length - 1 ? Math.max(0, sum) : sum)
    }
    values.push(out)
    at += (inputs + 1) * outputs
  })
  return { values }
}

/** Adds to `gradient` what an error `dOut` at the outputs gives. */
function backward(
  vector: ArrayLike<number>,
  layers: readonly Layer[],
  { values }: Forward,
  dOut: readonly number[],
  gradient: Float64Array,
): void {
  let end = layers.reduce((total, { inputs, outputs }) => total + (inputs + 1) * outputs, 0)
  let d = [...dOut]
  for (let l = layers.length - 1; l >= 0; l--) {
    const { inputs, outputs } = layers[l]!
    const at = end - (inputs + 1) * outputs
    const below = values[l]!
    const dBelow = new Array<number>(inputs).fill(0)
    for (let j = 0; j < outputs; j++) {
      gradient[at + inputs * outputs + j]! += d[j]!
      for (let i = 0; i < inputs; i++) {
        gradient[at + i * outputs + j]! += below[i]! * d[j]!
        dBelow[i]! += d[j]! * vector[at + i * outputs + j]!
      }
    }
    d = dBelow.map((value, i) => (l > 0 && below[i]! > 0 ? value : 0))
    end = at
  }
}

/** Outputs of the last layer to [atoms][actions], and errors back. */
function combine(out: readonly number[], actions: number, isDueling: boolean): number[][] {
  const width = isDueling ? 1 + actions : actions
  return Array.from({ length: out.length / width }, (_, z) => {
    const row = out.slice(z * width, (z + 1) * width)
    if (!isDueling) return row
    const [value, ...advantages] = row as [number, ...number[]]
    const mean = advantages.reduce((a, b) => a + b, 0) / actions
    return advantages.map((advantage) => value + advantage - mean)
  })
}

function uncombine(d: readonly number[][], actions: number, isDueling: boolean): number[] {
  return d.flatMap((row) => {
    if (!isDueling) return row
    const total = row.reduce((a, b) => a + b, 0)
    return [total, ...row.map((value) => value - total / actions)]
  })
}

function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits)
  const e = logits.map((x) => Math.exp(x - largest))
  const total = e.reduce((a, b) => a + b, 0)
  return e.map((x) => x / total)
}

/** Algorithm 1 of Bellemare et al. 2017, atom by atom. */
export function projectByHand(
  probabilities: readonly number[],
  reward: number,
  discount: number,
  [min, max]: readonly [number, number],
): number[] {
  const n = probabilities.length
  const gap = (max - min) / (n - 1)
  const out = new Array<number>(n).fill(0)
  probabilities.forEach((p, j) => {
    const moved = Math.min(max, Math.max(min, reward + discount * (min + j * gap)))
    const b = (moved - min) / gap
    const low = Math.min(n - 1, Math.floor(b))
    const high = Math.min(n - 1, low + 1)
    if (high === low) out[low]! += p
    else {
      out[low]! += p * (high - b)
      out[high]! += p * (b - low)
    }
  })
  return out
}

export interface ReferenceCase {
  readonly options: DqnOptions
  readonly observationSize: number
  readonly actions: number
  readonly params: ArrayLike<number>
  readonly target: ArrayLike<number>
  readonly batch: HostRecord
  /** `weightNoise` of the update, flat. */
  readonly noise?: ArrayLike<number>
}

export function referenceUpdate(given: ReferenceCase): { loss: number; gradient: Float64Array; tdError: number[] } {
  const { options, observationSize, actions, batch } = given
  const atoms = options.c51 ? options.atoms : 1
  const widths = [observationSize, ...options.hidden, atoms * (options.dueling ? 1 + actions : actions)]
  const layers = widths.slice(1).map((outputs, l) => ({ inputs: widths[l]!, outputs }))
  const z = Array.from({ length: atoms }, (_, i) => options.vMin + ((options.vMax - options.vMin) * i) / (atoms - 1))
  const plainSize = layers.reduce((total, { inputs, outputs }) => total + (inputs + 1) * outputs, 0)
  const noisyFrom = layers.length === 1 ? 0 : (layers[0]!.inputs + 1) * layers[0]!.outputs
  const noiseSize = layers.slice(layers.length === 1 ? 0 : 1).reduce((n, l) => n + l.inputs + l.outputs, 0)

  /** The noise of each plain parameter, draw `k`. */
  function epsilonOf(k: number): Float64Array {
    const epsilon = new Float64Array(plainSize)
    let from = k * noiseSize
    let at = noisyFrom
    const f = (x: number) => Math.sign(x) * Math.sqrt(Math.abs(x))
    for (const { inputs, outputs } of layers.slice(layers.length === 1 ? 0 : 1)) {
      for (let j = 0; j < outputs; j++) {
        const output = f(given.noise![from + inputs + j]!)
        for (let i = 0; i < inputs; i++) epsilon[at + i * outputs + j] = f(given.noise![from + i]!) * output
        epsilon[at + inputs * outputs + j] = output
      }
      from += inputs + outputs
      at += (inputs + 1) * outputs
    }
    return epsilon
  }
  function vectorOf(params: ArrayLike<number>, k: number): ArrayLike<number> {
    if (!options.noisy) return params
    const epsilon = epsilonOf(k)
    return Float64Array.from({ length: plainSize }, (_, i) =>
      i < noisyFrom ? params[i]! : params[i]! + params[plainSize + i - noisyFrom]! * epsilon[i]!,
    )
  }
  /** Value of each action, from [atoms][actions]. */
  function valuesOf(outputs: readonly number[][]): number[] {
    if (!options.c51) return outputs[0]!
    return Array.from({ length: actions }, (_, a) =>
      softmax(outputs.map((row) => row[a]!)).reduce((total, p, i) => total + p * z[i]!, 0),
    )
  }
  const rowOf = (name: string, i: number) =>
    Array.from(batch[name]!.subarray(i * observationSize, (i + 1) * observationSize) as ArrayLike<number>)

  const online = vectorOf(given.params, 0)
  const target = vectorOf(given.target, 1)
  const choosing = options.double ? vectorOf(given.params, 2) : target
  const rows = batch['reward']!.length
  const cases = Array.from({ length: rows }, (_, i) => {
    const outputsBy = (vector: ArrayLike<number>) =>
      combine(forward(vector, layers, rowOf('nextObservation', i)).values.at(-1)!, actions, options.dueling)
    const next = outputsBy(target)
    let best = -1
    valuesOf(outputsBy(choosing)).forEach((value, a, all) => {
      if (batch['nextMask'] && !batch['nextMask'][i * actions + a]) return
      if (best < 0 || value > all[best]!) best = a
    })
    const pass = forward(online, layers, rowOf('observation', i))
    const outputs = combine(pass.values.at(-1)!, actions, options.dueling)
    const action = batch['action']![i]!
    const reward = batch['reward']![i]!
    const discount = batch['discount']![i]!
    return { pass, next, best, outputs, action, reward, discount, weight: batch['weight']?.[i] ?? 1 }
  })

  const errors = cases.map(({ outputs, action, next, best, reward, discount }) =>
    options.c51 ? 0 : outputs[0]![action]! - (reward + discount * next[0]![best]!),
  )
  const alpha = options.priorityAlpha ?? 0.4
  const m = options.lapFloor
  const priority = (x: number) => Math.max(Math.abs(x), m) ** alpha
  const meanPriority = errors.reduce((total, x) => total + priority(x), 0) / rows
  const clip = (x: number, at: number) => Math.min(at, Math.max(-at, x))
  const gradient = new Float64Array(plainSize)
  const tdError: number[] = []
  let loss = 0
  cases.forEach(({ pass, next, best, outputs, action, reward, discount, weight }, i) => {
    const d = outputs.map((row) => row.map(() => 0))
    if (options.c51) {
      const goal = projectByHand(softmax(next.map((row) => row[best]!)), reward, discount, [options.vMin, options.vMax])
      const p = softmax(outputs.map((row) => row[action]!))
      const kl = goal.reduce((total, g, k) => total + (g > 0 ? g * Math.log(g / p[k]!) : 0), 0)
      p.forEach((pk, k) => {
        d[k]![action] = ((pk - goal[k]!) * weight) / rows
      })
      loss += (kl * weight) / rows
      tdError.push(kl)
    } else {
      const x = errors[i]!
      const size = Math.abs(x)
      let slope = 2 * x
      let value = x * x
      if (options.replay === 'pal') {
        slope = (priority(x) * clip(x, m)) / meanPriority
        value = (size < m ? m ** alpha * x * x * 0.5 : (m * size ** (1 + alpha)) / (1 + alpha)) / meanPriority
      } else if (options.replay === 'lap' || options.loss === 'huber') {
        const threshold = options.replay === 'lap' ? m : 1
        slope = clip(x, threshold)
        value = size < threshold ? 0.5 * x * x : threshold * (size - 0.5 * threshold)
      }
      d[0]![action] = (slope * weight) / rows
      loss += (value * weight) / rows
      tdError.push(size)
    }
    backward(online, layers, pass, uncombine(d, actions, options.dueling), gradient)
  })
  if (!options.noisy) return { loss, gradient, tdError }
  const epsilon = epsilonOf(0)
  const deviations = gradient.subarray(noisyFrom).map((g, i) => g * epsilon[noisyFrom + i]!)
  return { loss, gradient: Float64Array.from([...gradient, ...deviations]), tdError }
}
