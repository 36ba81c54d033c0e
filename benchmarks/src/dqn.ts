/** `bench dqn`: end-to-end steps per second of DQN CartPole beside Stable-Baselines3 with the same settings. */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { INSTALL_HINT, rivalsPython, runRival } from './rivals.ts'
import { trainingSpeed } from './training-speed.ts'

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
  const { values } = parseArgs({
    args,
    options: {
      steps: { type: 'string', default: '20000' },
      executor: { type: 'string', default: 'auto' },
      out: { type: 'string' },
    },
  })
  const steps = Number(values.steps)
  if (!Number.isSafeInteger(steps) || steps < 2000) throw new Error(`--steps ${values.steps} is no integer >= 2000.`)
  const python = rivalsPython()
  let versions: Record<string, string> | undefined
  const rows = []
  console.log(`DQN CartPole-v1, rl-zoo's settings, ${steps} steps, end to end without evaluation; steps per second`)
  console.log(`${cpus()[0]?.model.trim()}, Node.js ${process.versions.node}\n`)
  console.log(`${'network'.padEnd(12)}${'Reprise'.padStart(10)}${'SB3'.padStart(10)}${'ratio'.padStart(8)}  executor`)
  for (const hidden of NETWORKS) {
    const set = { ...OURS, hidden }
    const ours = await trainingSpeed({
      algo: 'dqn',
      env: 'CartPole-v1',
      executor: values.executor,
      set,
      steps,
      warmUp: 2000,
    })
    const rival = python
      ? (runRival(python, 'sb3_dqn.py', {
          env: 'CartPole-v1',
          steps,
          seeds: [1],
          settings: { ...THEIRS, netArch: hidden },
        }) as { stepsPerSecond: number; versions: Record<string, string> })
      : undefined
    versions = rival?.versions
    rows.push({ hidden, reprise: ours.stepsPerSecond, sb3: rival?.stepsPerSecond ?? null, executor: ours.executor })
    const shown = (value: number | undefined) => (value === undefined ? '-' : Math.round(value).toString()).padStart(10)
    const ratio = rival === undefined ? '-' : (ours.stepsPerSecond / rival.stepsPerSecond).toFixed(2)
    console.log(
      `${hidden.join(' x ').padEnd(12)}${shown(ours.stepsPerSecond)}${shown(rival?.stepsPerSecond)}${ratio.padStart(8)}  ${ours.executor}`,
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
