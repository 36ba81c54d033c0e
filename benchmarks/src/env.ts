/** `bench env`: steps per second of the native environments beside Gymnasium's. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { agentic } from '@reprise/agentic'
import { classicControl } from '@reprise/classic-control'
import { type AnyEnvDefinition, allocateColumns } from '@reprise/core'
import { diagnostic } from '@reprise/diagnostic'
import { toyText } from '@reprise/toy-text'
import { type MeasureOptions, measure, type Timing } from './measure.ts'
import { INSTALL_HINT, rivalsPython, runRival } from './rivals.ts'

export const envHelp = 'native environments beside Gymnasium [--only ids] [--widths 1,8,64,1024] [--out file.json]'

/** Width 0 stands for the single environment. */
interface Row {
  readonly env: string
  readonly width: number
  readonly reprise: Timing
  readonly gymnasium?: Timing
  readonly gymnasiumNative?: Timing
}

interface RivalResult {
  readonly versions: Record<string, string>
  readonly rows: { env: string; width: number; kind: 'sync' | 'native' | 'single'; timing: Timing }[]
}

const POOL = 64

export function runEnv(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      widths: { type: 'string', default: '1,8,64,1024' },
      seconds: { type: 'string', default: '0.2' },
      repetitions: { type: 'string', default: '7' },
      out: { type: 'string' },
      /** Internal: measures one width of the one environment of --only, in this process. */
      alone: { type: 'string' },
    },
  })
  const definitions = select(values.only)
  const widths = values.widths.split(',').map((text) => positive('widths', text, true))
  const options = {
    seconds: positive('seconds', values.seconds),
    repetitions: positive('repetitions', values.repetitions, true),
  }

  if (values.alone !== undefined) {
    const width = Number(values.alone)
    const definition = definitions[0]!
    console.log(
      JSON.stringify(width === 0 ? measureSingle(definition, options) : measureVector(definition, width, options)),
    )
    return
  }
  const python = rivalsPython()
  const rival = python
    ? (runRival(python, 'bench_gymnasium.py', {
        envs: definitions.map(({ spec }) => spec.id),
        widths,
        ...options,
      }) as RivalResult)
    : undefined
  const rows: Row[] = []
  for (const definition of definitions) {
    for (const width of [0, ...widths])
      rows.push(row(definition, width, measureAlone(definition, width, options), rival))
  }
  print(rows, rival)
  if (values.out !== undefined) {
    const machine = { cpu: cpus()[0]?.model, cpus: cpus().length, node: process.version, platform: process.platform }
    writeFileSync(
      values.out,
      `${JSON.stringify({ bench: 'env', machine, rivals: rival?.versions, ...options, rows }, null, 2)}\n`,
    )
  }
}

/** In a process of its own: what V8 has compiled for one environment or width must not slow down or speed up the next. */
function measureAlone({ spec }: AnyEnvDefinition, width: number, { seconds, repetitions }: MeasureOptions): Timing {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  const given = Object.entries({ only: spec.id, alone: width, seconds, repetitions }).map(([k, v]) => `--${k}=${v}`)
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', loader, main, 'env', ...given], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`Measuring ${spec.id} failed: ${stderr}`)
  return JSON.parse(stdout)
}

function select(only: string | undefined): AnyEnvDefinition[] {
  const all = [...classicControl, ...toyText, ...diagnostic, ...agentic]
  if (only === undefined) return all
  return only.split(',').map((id) => {
    const found = all.find(({ spec }) => spec.id === id)
    if (!found)
      throw new Error(`--only ${id}: no such environment. Known: ${all.map(({ spec }) => spec.id).join(', ')}.`)
    return found
  })
}

function positive(name: string, text: string, whole = false): number {
  const value = Number(text)
  if (value > 0 && (!whole || Number.isSafeInteger(value))) return value
  throw new Error(`--${name} ${text}: it takes ${whole ? 'integers >= 1' : 'a number > 0'}.`)
}

/** Random actions, drawn beforehand; the vector environment resets rows itself (SameStep). */
function measureVector(definition: AnyEnvDefinition, width: number, options: MeasureOptions): Timing {
  const vector = definition.makeVector!(width)
  vector.reset({ seeds: 0 })
  const space = vector.singleActionSpace
  space.seed(0)
  const pool = allocateColumns(space.leaves, POOL * width)
  for (let i = 0; i < POOL * width; i++) space.write(space.sample(), pool, i)
  const { actions } = vector.columns
  const rounds = Math.max(1, Math.ceil(20_000 / width / POOL))
  const from = pool[0]!.data
  const to = actions[0]!.data
  const size = to.length
  const batch = () => {
    for (let round = 0; round < rounds; round++) {
      for (let k = 0; k < POOL; k++) {
        for (let i = 0; i < size; i++) to[i] = from[k * size + i]!
        void vector.step()
      }
    }
  }
  return measure(batch, rounds * POOL * width, options)
}

function measureSingle(definition: AnyEnvDefinition, options: MeasureOptions): Timing {
  const env = definition.make()
  void env.reset({ seed: 0 })
  env.actionSpace.seed(0)
  const actions = Array.from({ length: 4096 }, () => env.actionSpace.sample())
  const batch = () => {
    for (const action of actions) {
      const result = env.step(action)
      if (!(result instanceof Promise) && (result.terminated || result.truncated)) void env.reset()
    }
  }
  return measure(batch, actions.length, options)
}

function row(definition: AnyEnvDefinition, width: number, reprise: Timing, rival: RivalResult | undefined): Row {
  const { id } = definition.spec
  const find = (kind: string) => rival?.rows.find((r) => r.env === id && r.width === width && r.kind === kind)?.timing
  const gymnasium = find(width === 0 ? 'single' : 'sync')
  const gymnasiumNative = find('native')
  return {
    env: id,
    width,
    reprise,
    ...(gymnasium ? { gymnasium } : {}),
    ...(gymnasiumNative ? { gymnasiumNative } : {}),
  }
}

function print(rows: readonly Row[], rival: RivalResult | undefined): void {
  const rate = (timing: Timing | undefined) => (timing ? `${(timing.median / 1e6).toFixed(3)} M` : '')
  const ratio = (ours: Timing, theirs: Timing | undefined) =>
    theirs ? `x ${(ours.median / theirs.median).toFixed(1)}` : ''
  const cells = rows.map(({ env, width, reprise, gymnasium, gymnasiumNative }) => [
    env,
    width === 0 ? 'single' : String(width),
    rate(reprise),
    ...(rival
      ? [rate(gymnasium), ratio(reprise, gymnasium), rate(gymnasiumNative), ratio(reprise, gymnasiumNative)]
      : []),
  ])
  const head = ['environment', 'width', 'Reprise', ...(rival ? ['Gymnasium', 'ratio', 'its native', 'ratio'] : [])]
  const table = [head, ...cells]
  const widths = head.map((_, c) => Math.max(...table.map((line) => line[c]!.length)))
  for (const line of table) {
    console.log(
      line
        .map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)))
        .join('  ')
        .trimEnd(),
    )
  }
  console.log('\nSteps per second of processor time, median; random actions; a process for each row of Reprise.')
  if (rival) {
    const versions = Object.entries(rival.versions).map(([name, version]) => `${name} ${version}`)
    console.log(
      `${versions.join(', ')}. Gymnasium: SyncVectorEnv, and its own vector CartPole; both in NextStep, whose`,
    )
    console.log('reset rows are counted as steps. Reprise: SameStep, every step a transition.')
  } else {
    console.log(`Gymnasium is not installed, so its rows were left out. To have them: ${INSTALL_HINT}`)
  }
}
