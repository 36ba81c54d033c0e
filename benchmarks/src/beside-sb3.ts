/** The frame of `bench train` and `bench dqn`: one row per setting, Reprise beside Stable-Baselines3 in the same run. */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { INSTALL_HINT, rivalsPython } from './rivals.ts'
import { type SpeedOptions, trainingSpeed } from './training-speed.ts'

/** Steps per second of the rival. */
export interface RivalSpeed {
  readonly stepsPerSecond: number
  readonly versions: Readonly<Record<string, string>>
}

export interface Beside {
  readonly title: string
  readonly defaultSteps: number
  readonly leastSteps: number
  readonly rows: readonly {
    readonly name: string
    readonly ours: Omit<SpeedOptions, 'executor' | 'steps'>
    rival(python: string, steps: number): RivalSpeed
  }[]
}

export async function runBeside({ title, defaultSteps, leastSteps, rows }: Beside, args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      steps: { type: 'string', default: String(defaultSteps) },
      executor: { type: 'string', default: 'auto' },
      out: { type: 'string' },
    },
  })
  const steps = Number(values.steps)
  if (!Number.isSafeInteger(steps) || steps < leastSteps)
    throw new Error(`--steps ${values.steps} is no integer >= ${leastSteps}.`)
  const python = rivalsPython('stable_baselines3')
  let versions: Readonly<Record<string, string>> | undefined
  const measured = []
  console.log(`${title}, ${steps} steps, end to end without evaluation; steps per second`)
  console.log(`${cpus()[0]?.model.trim()}, Node.js ${process.versions.node}\n`)
  const width = Math.max(...rows.map(({ name }) => name.length)) + 2
  console.log(`${''.padEnd(width)}${'Reprise'.padStart(10)}${'SB3'.padStart(10)}${'ratio'.padStart(8)}  executor`)
  for (const { name, ours, rival } of rows) {
    const own = await trainingSpeed({ ...ours, executor: values.executor, steps })
    const other = python ? rival(python, steps) : undefined
    versions = other?.versions ?? versions
    measured.push({
      name,
      set: ours.set,
      reprise: own.stepsPerSecond,
      sb3: other?.stepsPerSecond ?? null,
      executor: own.executor,
    })
    const shown = (value: number | undefined) => (value === undefined ? '-' : Math.round(value).toString()).padStart(10)
    const ratio = other === undefined ? '-' : (own.stepsPerSecond / other.stepsPerSecond).toFixed(2)
    console.log(
      `${name.padEnd(width)}${shown(own.stepsPerSecond)}${shown(other?.stepsPerSecond)}${ratio.padStart(8)}  ${own.executor}`,
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
    writeFileSync(
      values.out,
      `${JSON.stringify({ steps, node: process.versions.node, versions, rows: measured }, null, 2)}\n`,
    )
}
