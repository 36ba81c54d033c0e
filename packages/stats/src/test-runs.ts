/** Small run folders for the tests. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'

export interface RunSketch {
  algo?: string
  env?: string
  seed?: number
  options?: Record<string, unknown>
  /** Mean rewards at steps 1000, 2000, ... */
  rewards?: readonly number[]
  finished?: boolean
}

/** Writes a folder as `reprise train` does, with few columns. */
export function writeRun(path: string, sketch: RunSketch = {}): string {
  const {
    algo = 'ppo',
    env = 'CartPole-v1',
    seed = 1,
    options = {},
    rewards = [10, 200, 500],
    finished = true,
  } = sketch
  mkdirSync(path, { recursive: true })
  const config = { reprise: '0.1.0', algo, env: { id: env, options: {} }, options: { seed, steps: 3000, ...options } }
  writeFileSync(join(path, 'config.yaml'), stringify(config))
  const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  const metrics = rewards.map((mean, i) => ({
    step: (i + 1) * 1000,
    time: i + 0.5,
    ...(i > 0 ? { 'rollout/ep_rew_mean': mean - 5 } : {}),
    'train/approx_kl': 0.01 * (i + 1),
  }))
  const evaluations = rewards.map((mean, i) => ({
    step: (i + 1) * 1000,
    time: i + 0.75,
    mean_reward: mean,
    std_reward: 1,
    episodes: 2,
    returns: [mean - 1, mean + 1],
    seed: 0,
  }))
  writeFileSync(join(path, 'metrics.jsonl'), lines(metrics))
  writeFileSync(join(path, 'eval.jsonl'), lines(evaluations))
  if (finished) {
    const score = rewards.at(-1) ?? 0
    const result = {
      algo,
      env,
      seed,
      steps: rewards.length * 1000,
      score,
      stdReward: 1,
      returns: [score],
      wallSeconds: 2,
    }
    writeFileSync(join(path, 'result.json'), JSON.stringify({ ...result, stepsPerSecond: 1500, executor: 'eager:cpu' }))
  }
  return path
}
