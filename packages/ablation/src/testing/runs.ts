/** Experiments and run folders made by hand, for tests. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Arm, Experiment, Reading } from '../experiment.ts'

export const reading: Reading = {
  ...{ metric: null, better: 'higher', control: null, normalise: {} },
  ...{ xName: null, logX: false, logY: false },
}

export function armOf(name: string, changes: Partial<Arm> = {}): Arm {
  return {
    ...{ name, label: name, set: { evalEvery: 1000 }, seeds: null, isNull: false, bar: null, references: [] },
    ...{ task: 'CartPole-v1', method: name, x: null, line: name, panel: '' },
    train: { algo: 'ppo', env: 'CartPole-v1', steps: 2000, preset: null, envOptions: {} },
    ...changes,
  }
}

export function experimentOf(arms: readonly Arm[], changes: Partial<Experiment> = {}): Experiment {
  return {
    ...{ name: 'small', claim: 'It works.', seeds: [1, 2, 3, 4], study: null, arms, reading },
    quick: { steps: null, seeds: [1, 2], only: [], set: {}, arms: {} },
    ...changes,
  }
}

/** A run folder as training leaves it; without a score it is unfinished. */
export function writeRun(root: string, of: Arm, seed: number, score?: number, updates?: number): string {
  const folder = join(root, of.name, `seed-${seed}`)
  mkdirSync(join(folder, 'checkpoints', '0'), { recursive: true })
  const { algo, env, steps, envOptions } = of.train!
  const config = {
    ...{ reprise: '0.1.0', algo, env: { id: env, options: envOptions }, preset: null },
    options: { seed, steps, ...of.set },
    ...{ versions: { node: '24.0.0' }, machine: { cpu: 'CPU', cores: 2 } },
    git: { commit: '0123456789abcdef', dirty: false },
  }
  const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config))
  const mean = (step: number, value: number) => ({ step, mean_reward: value, std_reward: 0, episodes: 1 })
  writeFileSync(join(folder, 'eval.jsonl'), lines([mean(1000, 100), mean(2000, score ?? 0)]))
  if (updates !== undefined) {
    writeFileSync(join(folder, 'metrics.jsonl'), lines([{ step: 2000, time: 1, 'train/n_updates': updates }]))
  }
  if (score !== undefined) {
    const result = {
      ...{ algo, env, seed, score, stdReward: 1, returns: [score], failedEpisodes: 0, steps: 2048, successRate: null },
      ...{ wallSeconds: 9 + seed, stepsPerSecond: 1000, executor: 'eager:cpu', parameterHash: 'abc' },
    }
    writeFileSync(join(folder, 'result.json'), JSON.stringify(result))
  }
  return folder
}
