/** `bench train`: end-to-end steps per second of PPO CartPole beside Stable-Baselines3 with the same settings. */
import { type RivalSpeed, runBeside } from './beside-sb3.ts'
import { runRival } from './rivals.ts'

export const trainHelp =
  'PPO CartPole end to end beside Stable-Baselines3 [--steps 40000] [--executor auto] [--out file.json]'

/** What both sides are given: networks 64-64 (tanh, separate critic), Adam, one thread. */
interface Settings {
  readonly name: string
  readonly numEnvs: number
  readonly numSteps: number
  readonly epochs: number
  readonly batchSize: number
}

const SETTINGS: readonly Settings[] = [
  { name: 'rl-zoo: 8 x 32, 20 epochs, batch 256', numEnvs: 8, numSteps: 32, epochs: 20, batchSize: 256 },
  { name: '8 x 128, 4 epochs, batch 256', numEnvs: 8, numSteps: 128, epochs: 4, batchSize: 256 },
  { name: '64 x 128, 4 epochs, batch 256', numEnvs: 64, numSteps: 128, epochs: 4, batchSize: 256 },
]

export async function runTrain(args: string[]): Promise<void> {
  const rows = SETTINGS.map(({ name, ...set }) => ({
    name,
    // The first iterations compile code: SB3's script warms up as well.
    ours: { algo: 'ppo', env: 'CartPole-v1', set, warmUp: 4 * set.numEnvs * set.numSteps },
    rival(python: string, steps: number): RivalSpeed {
      const request = {
        steps,
        num_envs: set.numEnvs,
        num_steps: set.numSteps,
        epochs: set.epochs,
        batch_size: set.batchSize,
      }
      const result = runRival(python, 'sb3_ppo.py', request) as RivalSpeed & { steps: number; seconds: number }
      return { stepsPerSecond: result.steps / result.seconds, versions: result.versions }
    },
  }))
  await runBeside({ title: 'PPO CartPole-v1', defaultSteps: 40_000, leastSteps: 1, rows }, args)
}
