/** For tests of SAC, TD3 and REDQ: random updates as the loop makes them, and gradients read out of a first Adam step. */
import type { HostArray, HostTree, InputSpec, UpdateCall } from '@reprise/backend'
import { Pcg64 } from '@reprise/core'
import type { PolicySpaces, ReplayAlgorithm } from '../algorithm.ts'

export interface UpdateSpec {
  rows?: number
  /** Of the schedule's moment. */
  update?: number
  index?: number
  count?: number
  /** Instead of the schedule's own; 0 leaves all networks where they are. */
  learningRate?: number
}

/** One update on random transitions: some ended, some of several steps, the first action always legal. */
export function updateCallOf(
  algorithm: object,
  options: object,
  spaces: PolicySpaces,
  rng: Pcg64,
  { rows = 6, update = 0, index = 0, count = 1, learningRate }: UpdateSpec = {},
): UpdateCall {
  const replay = algorithm as ReplayAlgorithm
  const context = { spaces, options: options as never, rng: new Pcg64(0), maxEpisodeSteps: undefined }
  const { inputs } = replay.build(context)
  const actions = inputs.act['mask']?.shape[0] ?? 3
  const make = (name: string, { dtype, shape }: InputSpec): HostArray => {
    const length = rows * shape.reduce((a, b) => a * b, 1)
    if (dtype === 'bool')
      return Uint8Array.from({ length }, (_, i) => Number(i % shape[0]! === 0 || rng.random() < 0.6))
    if (dtype === 'int32') return Int32Array.from({ length }, () => rng.integers(actions))
    return Float32Array.from({ length }, () => {
      if (name === 'discount') return [0, 0.9, 0.9 ** 2][rng.integers(3)]!
      if (name === 'weight') return rng.uniform(0.1, 1)
      return name === 'policyAction' ? rng.uniform(-0.99, 0.99) : rng.normal()
    })
  }
  const all = (specs: Readonly<Record<string, InputSpec>>) =>
    Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, make(name, spec)]))
  const moment = { options: options as never, progress: 0, step: 0, previousStep: 0, update, index, count, rng }
  return {
    batch: all(inputs.batch),
    noise: all(inputs.noise),
    schedule: { ...replay.schedule(moment), ...(learningRate === undefined ? {} : { learningRate }) },
  }
}

/** The state with fresh moments of every optimiser. */
export function freshMoments(state: HostTree): HostTree {
  return Object.fromEntries(
    Object.entries(state).map(([path, tensor]) => [
      path,
      path.includes('Optimizer/') ? { ...tensor, data: new Float32Array(tensor.data.length) } : tensor,
    ]),
  )
}

/** What `<name>Optimizer` saw as the gradient of the one step from fresh moments to `state`. */
export function gradientOf(state: HostTree, name: 'actor' | 'critic' | 'alpha'): Float64Array {
  return Float64Array.from(state[`${name}Optimizer/m`]!.data, (m) => m / 0.1)
}
