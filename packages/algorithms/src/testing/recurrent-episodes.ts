/** For tests: episodes and rollouts of a policy with memory, played step by step as the loops do. */
import type { Executor, HostArray, LearnerProgram } from '@reprise/backend'
import type { Pcg64 } from '@reprise/core'
import type { EpisodeGroups, PolicySpaces, Rollout } from '../algorithm.ts'
import { actInputs } from './fixtures.ts'

/** Plays one episode per length on random observations; columns are packed, `memory` left out. */
export async function recurrentEpisodes(
  executor: Executor,
  { inputs }: LearnerProgram,
  rng: Pcg64,
  spaces: PolicySpaces,
  lengths: readonly number[] = [3, 1, 4, 2, 5, 2, 3, 1],
): Promise<EpisodeGroups> {
  const width = lengths.length
  const offsets = new Int32Array(width + 1)
  lengths.forEach((length, e) => {
    offsets[e + 1] = offsets[e]! + length
  })
  const columns: Record<string, HostArray> = {}
  const [size] = inputs.act['memory']!.shape
  const memory = new Float32Array(width * size!)
  for (let t = 0; t < Math.max(...lengths); t++) {
    const given = actInputs(rng, width, spaces)
    const { memory: next, ...out } = await executor.act({ ...given, memory })
    memory.set(next as Float32Array)
    const { noise: _, ...seen } = given
    for (const [name, values] of Object.entries({ ...seen, ...out })) {
      const row = values.length / width
      const Type = values.constructor as new (length: number) => HostArray
      columns[name] ??= new Type(offsets[width]! * row)
      lengths.forEach((length, e) => {
        if (t < length) columns[name]!.set(values.subarray(e * row, (e + 1) * row), (offsets[e]! + t) * row)
      })
    }
  }
  return {
    numEpisodes: width,
    columns,
    offsets,
    group: Int32Array.from(lengths, (_, e) => Math.floor(e / 4)),
    returns: Float64Array.from(lengths, () => rng.normal()),
    outcomes: new Float64Array(width).fill(Number.NaN),
    truncated: new Uint8Array(width),
    taskIds: new Float64Array(width).fill(Number.NaN),
    failedEpisodes: 0,
  }
}

/** A rollout on random observations that begins in the middle of episodes; others begin on its way. */
export async function recurrentRollout(
  executor: Executor,
  { inputs }: LearnerProgram,
  rng: Pcg64,
  spaces: PolicySpaces,
  { steps = 6, numEnvs = 4 } = {},
): Promise<Rollout> {
  const rows = steps * numEnvs
  const flags = () => Uint8Array.from({ length: rows }, () => (rng.random() < 0.2 ? 1 : 0))
  const normals = (length: number) => {
    const out = new Float32Array(length)
    rng.fillNormal(out)
    return out
  }
  const episodeStart = flags()
  const size = inputs.act['memory']!.shape[0]!
  const memory = normals(numEnvs * size).map(Math.tanh)
  const columns: Record<string, HostArray> = {}
  let before: Float32Array | undefined
  for (let t = 0; t < steps; t++) {
    for (let i = 0; i < numEnvs; i++) if (episodeStart[t * numEnvs + i]) memory.fill(0, i * size, (i + 1) * size)
    before ??= memory.slice()
    const given = actInputs(rng, numEnvs, spaces)
    const { memory: next, ...out } = await executor.act({ ...given, memory })
    memory.set(next as Float32Array)
    const { noise: _, ...seen } = given
    for (const [name, values] of Object.entries({ ...seen, ...out })) {
      const Type = values.constructor as new (length: number) => HostArray
      columns[name] ??= new Type(steps * values.length)
      columns[name].set(values, t * values.length)
    }
  }
  return {
    steps,
    numEnvs,
    columns,
    rewards: normals(rows),
    terminated: flags(),
    truncated: flags(),
    episodeStart,
    finalValues: normals(rows),
    lastValues: normals(numEnvs),
    memory: before!,
  }
}
