/** `bench train`: end-to-end steps per second of PPO CartPole beside Stable-Baselines3 with the same settings. */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { INSTALL_HINT, rivalsPython, runRival } from './rivals.ts'
import { trainingSpeed } from './training-speed.ts'

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

interface RivalResult {
  readonly steps: number
  readonly seconds: number
  readonly versions: Record<string, string>
}

export async function runTrain(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      steps: { type: 'string', default: '40000' },
      executor: { type: 'string', default: 'auto' },
      out: { type: 'string' },
    },
  })
  const steps = Number(values.steps)
  if (!Number.isSafeInteger(steps) || steps < 1) throw new Error(`--steps ${values.steps} is no integer >= 1.`)
  const python = rivalsPython()
  let versions: Record<string, string> | undefined
  const rows = []
  console.log(`PPO CartPole-v1, ${steps} steps, end to end without evaluation; steps per second`)
  console.log(`${cpus()[0]?.model.trim()}, Node.js ${process.versions.node}\n`)
  console.log(`${'settings'.padEnd(38)}${'Reprise'.padStart(10)}${'SB3'.padStart(10)}${'ratio'.padStart(8)}  executor`)
  for (const settings of SETTINGS) {
    const { name: _, ...set } = settings
    // The first iterations compile code: SB3's script warms up as well.
    const warmUp = 4 * settings.numEnvs * settings.numSteps
    const ours = await trainingSpeed({ algo: 'ppo', env: 'CartPole-v1', executor: values.executor, set, steps, warmUp })
    let rival: number | undefined
    if (python) {
      const result = runRival(python, 'sb3_ppo.py', {
        steps,
        num_envs: settings.numEnvs,
        num_steps: settings.numSteps,
        epochs: settings.epochs,
        batch_size: settings.batchSize,
      }) as RivalResult
      rival = result.steps / result.seconds
      versions = result.versions
    }
    rows.push({ ...settings, reprise: ours.stepsPerSecond, sb3: rival ?? null, executor: ours.executor })
    const shown = (value: number | undefined) => (value === undefined ? '-' : Math.round(value).toString()).padStart(10)
    const ratio = rival === undefined ? '-' : (ours.stepsPerSecond / rival).toFixed(2)
    console.log(
      `${settings.name.padEnd(38)}${shown(ours.stepsPerSecond)}${shown(rival)}${ratio.padStart(8)}  ${ours.executor}`,
    )
  }
  if (versions)
    console.log(
      `\nSB3: ${Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}; one thread`,
    )
  else console.log(`\nStable-Baselines3 was left out: it is not installed. Install it with: ${INSTALL_HINT} --train`)
  if (values.out)
    writeFileSync(values.out, `${JSON.stringify({ steps, node: process.versions.node, versions, rows }, null, 2)}\n`)
}
