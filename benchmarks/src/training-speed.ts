import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { train } from '@reprise/train'

export interface SpeedOptions {
  readonly algo: string
  readonly env: string
  readonly executor: string
  readonly set: Readonly<Record<string, unknown>>
  readonly steps: number
  /** Steps of a run before, in which code is compiled. */
  readonly warmUp: number
}

/** Steps per second of a training run without evaluations and checkpoints, and the executor that ran it. */
export async function trainingSpeed(options: SpeedOptions): Promise<{ stepsPerSecond: number; executor: string }> {
  const { algo, env, executor } = options
  const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'))
  const set = { ...options.set, evalEvery: 0, checkpointEvery: 0, finalEpisodes: 1, tensorboard: false }
  const run = (out: string, steps: number) =>
    train({ algo, env, preset: false, steps, executor, out: join(folder, out), set })
  try {
    await run('warm-up', options.warmUp)
    const { result } = await run('measured', options.steps)
    return { stepsPerSecond: result!.stepsPerSecond, executor: result!.executor }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
