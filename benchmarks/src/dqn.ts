/** `bench dqn`: end-to-end steps per second of DQN CartPole beside Stable-Baselines3 with the same settings. */
import { type RivalSpeed, runBeside } from './beside-sb3.ts'
import { runRival } from './rivals.ts'

export const dqnHelp =
  'DQN CartPole end to end beside Stable-Baselines3 [--steps 20000] [--executor auto] [--out file.json]'

/** rl-zoo's settings for CartPole-v1, under the names of both sides. */
const OURS = {
  learningRate: 2.3e-3,
  batchSize: 64,
  capacity: 100_000,
  learningStarts: 1000,
  gamma: 0.99,
  targetUpdateInterval: 10,
  trainEvery: 256,
  gradientSteps: 128,
  explorationFraction: 0.16,
  explorationFinalEps: 0.04,
}
const THEIRS = {
  learning_rate: 2.3e-3,
  batch_size: 64,
  buffer_size: 100_000,
  learning_starts: 1000,
  gamma: 0.99,
  target_update_interval: 10,
  train_freq: 256,
  gradient_steps: 128,
  exploration_fraction: 0.16,
  exploration_final_eps: 0.04,
}

const NETWORKS = [
  [256, 256],
  [64, 64],
]

export async function runDqn(args: string[]): Promise<void> {
  const rows = NETWORKS.map((hidden) => ({
    name: hidden.join(' x '),
    ours: { algo: 'dqn', env: 'CartPole-v1', set: { ...OURS, hidden }, warmUp: 2000 },
    rival: (python: string, steps: number) =>
      runRival(python, 'sb3_dqn.py', {
        env: 'CartPole-v1',
        steps,
        seeds: [1],
        settings: { ...THEIRS, netArch: hidden },
      }) as RivalSpeed,
  }))
  const title = "DQN CartPole-v1, rl-zoo's settings"
  await runBeside({ title, defaultSteps: 20_000, leastSteps: 2000, rows }, args)
}
