import type { HostArray, UpdateCall } from '@reprise/backend'
import { discrete, Pcg64 } from '@reprise/core'
import { type DqnOptions, dqn } from '../dqn.ts'
import { OBSERVATION_SIZE, spacesFor } from './fixtures.ts'

export interface DqnBatchSpec {
  rows: number
  actions: number
  maskSize?: number
  learningRate?: number
  copyTarget?: number
}

/** One update on random transitions: some ended, some of several steps, the first action always legal. */
export function dqnUpdateCall(options: DqnOptions, rng: Pcg64, spec: DqnBatchSpec): UpdateCall {
  const { rows, actions, maskSize = 0, learningRate = 1e-3, copyTarget = 0 } = spec
  const normals = (length: number) => {
    const out = new Float32Array(length)
    rng.fillNormal(out)
    return out
  }
  const each = (value: () => number) => Float32Array.from({ length: rows }, value)
  const available: Record<string, HostArray> = {
    observation: normals(rows * OBSERVATION_SIZE),
    nextObservation: normals(rows * OBSERVATION_SIZE),
    action: Int32Array.from({ length: rows }, () => rng.integers(actions)),
    reward: normals(rows),
    discount: each(() => [0, 0.9, 0.9 ** 2, 0.9 ** 3][rng.integers(4)]!),
    weight: each(() => rng.uniform(0.1, 1)),
    nextMask: Uint8Array.from({ length: rows * maskSize }, (_, i) => Number(i % maskSize === 0 || rng.random() < 0.6)),
  }
  const spaces = spacesFor(discrete(actions), maskSize)
  const { inputs } = dqn.build({ spaces, options, rng: new Pcg64(0), maxEpisodeSteps: undefined })
  return {
    batch: Object.fromEntries(Object.keys(inputs.batch).map((name) => [name, available[name]!])),
    noise: Object.fromEntries(
      Object.entries(inputs.noise).map(([name, { shape }]) => [name, normals(rows * shape[0]!)]),
    ),
    schedule: { learningRate, copyTarget },
  }
}
