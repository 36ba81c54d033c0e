/** For tests: small spaces, data as the loops hand it over, and gradients read out of a first Adam step. */
import {
  createExecutor,
  type Executor,
  type ExecutorName,
  type HostRecord,
  type HostTree,
  type UpdatesCall,
} from '@reprise/backend'
import { box, discrete, type OptionTable, Pcg64, resolveOptions, type Space } from '@reprise/core'
import { actionHead } from '@reprise/nn'
import { expect } from 'vitest'
import type { Algorithm, EpisodeGroups, PolicySpaces, Rollout } from '../algorithm.ts'

export const OBSERVATION_SIZE = 3

export function spacesFor(action: Space = discrete(3), maskSize = 0): PolicySpaces {
  const observation = box({ low: -9, high: 9, shape: [OBSERVATION_SIZE] })
  return { observation, action, observationSize: OBSERVATION_SIZE, maskSize }
}

/** The option values of an algorithm with small networks; `source` is file where options without effect matter. */
export function optionsFor<T extends OptionTable>(
  table: T,
  values: Record<string, unknown> = {},
  source: 'preset' | 'file' = 'preset',
) {
  return resolveOptions(table, [
    { source: 'preset', values: { hidden: [8] } },
    { source, values },
  ]).values
}

type Built = Pick<Algorithm, 'build'>

export async function learnerFor(
  algorithm: object,
  options: object,
  { spaces = spacesFor(), executor = 'eager:cpu' as ExecutorName, seed = 1, maxEpisodeSteps = 20 } = {},
): Promise<Executor> {
  const program = (algorithm as Built).build({
    spaces,
    options: options as never,
    rng: new Pcg64(seed),
    maxEpisodeSteps,
  })
  return createExecutor({ executor, program })
}

/** Inputs of `act` for `rows` rows of random observations. */
export function actInputs(
  rng: Pcg64,
  rows: number,
  { action, maskSize }: PolicySpaces,
): Record<string, Float32Array | Uint8Array> {
  const observation = new Float32Array(rows * OBSERVATION_SIZE)
  rng.fillNormal(observation)
  const { noise } = actionHead(action)
  const drawn = new Float32Array(rows * noise.shape.reduce((a, b) => a * b, 1))
  if (noise.fill === 'uniform') rng.fillUniform(drawn)
  else rng.fillNormal(drawn)
  const inputs: Record<string, Float32Array | Uint8Array> = { observation, noise: drawn }
  // The first action is always legal, others at random.
  if (maskSize > 0)
    inputs['mask'] = Uint8Array.from({ length: rows * maskSize }, (_, i) =>
      i % maskSize === 0 || rng.random() < 0.6 ? 1 : 0,
    )
  return inputs
}

export interface Played {
  readonly columns: HostRecord
}

/** Acts on random observations, and gives columns as the loops do. */
export async function play(executor: Executor, rng: Pcg64, rows: number, spaces: PolicySpaces): Promise<Played> {
  const inputs = actInputs(rng, rows, spaces)
  const out = await executor.act(inputs)
  const { noise: _, ...seen } = inputs
  return { columns: { ...seen, ...out } }
}

export async function rolloutOf(
  executor: Executor,
  rng: Pcg64,
  { steps = 8, numEnvs = 2, spaces = spacesFor() } = {},
): Promise<Rollout> {
  const rows = steps * numEnvs
  const { columns } = await play(executor, rng, rows, spaces)
  const flags = (share: number) => Uint8Array.from({ length: rows }, () => (rng.random() < share ? 1 : 0))
  const normals = (length: number) => {
    const out = new Float32Array(length)
    rng.fillNormal(out)
    return out
  }
  return {
    steps,
    numEnvs,
    columns,
    rewards: normals(rows),
    terminated: flags(0.1),
    truncated: flags(0.1),
    episodeStart: flags(0.2),
    finalValues: normals(rows),
    lastValues: normals(numEnvs),
  }
}

export async function episodesOf(
  executor: Executor,
  rng: Pcg64,
  {
    lengths = [3, 1, 4, 2, 5, 2, 3, 1],
    groupSize = 4,
    spaces = spacesFor(),
    returns = undefined as readonly number[] | undefined,
    truncated = undefined as readonly number[] | undefined,
  } = {},
): Promise<EpisodeGroups> {
  const offsets = new Int32Array(lengths.length + 1)
  lengths.forEach((length, e) => {
    offsets[e + 1] = offsets[e]! + length
  })
  const { columns } = await play(executor, rng, offsets[lengths.length]!, spaces)
  return {
    numEpisodes: lengths.length,
    columns,
    offsets,
    group: Int32Array.from(lengths, (_, e) => Math.floor(e / groupSize)),
    returns: Float64Array.from(returns ?? lengths.map(() => rng.normal())),
    outcomes: new Float64Array(lengths.length).fill(Number.NaN),
    truncated: Uint8Array.from(truncated ?? lengths.map(() => 0)),
    taskIds: new Float64Array(lengths.length).fill(Number.NaN),
    failedEpisodes: 0,
  }
}

/** The state with fresh moments: after one step from it, m = 0.1 x gradient. */
export function withoutMoments(state: HostTree): HostTree {
  const fresh = { ...state }
  for (const path of ['optimizer/m', 'optimizer/v', 'optimizer/step']) {
    const { data, ...rest } = state[path]!
    fresh[path] = { ...rest, data: new Float32Array(data.length) }
  }
  return fresh
}

/** The gradient of the one step that led from fresh moments to `state`. */
export function gradientIn(state: HostTree): Float32Array {
  return Float32Array.from(state['optimizer/m']!.data as Float32Array, (m) => m / 0.1)
}

/**
 * Compares the gradient of an update's `loss` at the learner's parameters with finite differences. A clip boundary may lie
 * within the step, so the gradient must lie between the differences to the left and to the right.
 */
export async function expectLossGradient(
  learner: Executor,
  call: UpdatesCall,
  step = 3e-3,
  tolerance = 0.03,
): Promise<void> {
  const start = withoutMoments((await learner.save()) as HostTree)
  const lossAt = async (i: number, shift: number) => {
    const params = Float32Array.from(start['params']!.data)
    params[i]! += shift
    await learner.load({ ...start, params: { ...start['params']!, data: params } })
    return (await learner.updates(call)).metrics['loss']![0]!
  }
  const here = await lossAt(0, 0)
  const gradient = gradientIn((await learner.save()) as HostTree)
  const slack = tolerance * Math.max(...gradient.map(Math.abs))
  expect(slack).toBeGreaterThan(0)
  for (let i = 0; i < gradient.length; i++) {
    const right = ((await lossAt(i, step)) - here) / step
    const left = (here - (await lossAt(i, -step))) / step
    expect(gradient[i], `element ${i}, from above`).toBeLessThan(Math.max(left, right) + slack)
    expect(gradient[i], `element ${i}, from below`).toBeGreaterThan(Math.min(left, right) - slack)
  }
}

export function bytesOf(state: HostTree): Record<string, string> {
  return Object.fromEntries(
    Object.entries(state).map(([path, { data }]) => [
      path,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
    ]),
  )
}
