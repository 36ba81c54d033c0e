/** `train --seeds`: one child process per seed, a few at a time, and one summary of them all. */
import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { RepriseError, repriseCommand } from '@reprise/core'
import { writeFileAtomic } from '@reprise/storage'
import { type RunResult, resolveRun, type SessionResult, type TrainOptions } from '@reprise/train'
import { INTERRUPTED, interruptible } from './interrupt.ts'
import { type Io, SEED_CHILD } from './io.ts'
import { parseSeeds } from './seed-list.ts'
import { summarise } from './seed-summary.ts'
import { quoted, shown } from './shown.ts'

export interface SeedsCall {
  /** `1..5` */
  readonly seeds: string
  readonly jobs: number | undefined
  readonly options: TrainOptions
  readonly quiet: boolean
}

/** How one seed ended. */
export interface SeedOutcome {
  readonly seed: number
  /** As a person types it. */
  readonly folder: string
  readonly exitCode: number
  readonly result: RunResult | undefined
}

/** The exit code is 0 where every seed was trained to its end. */
export async function trainSeeds(call: SeedsCall, io: Io): Promise<number> {
  const seeds = parseSeeds(call.seeds)
  // Whatever is wrong with the options is said once, before a child starts or a folder exists.
  const { algorithm, definition, out } = await resolveRun({ ...call.options, seed: seeds[0] }, 'flag')
  const base = out ?? defaultBase(algorithm.name, definition.spec.id)
  for (const seed of seeds) refuseExisting(seedFolder(base, seed))

  const jobs = Math.min(call.jobs ?? availableParallelism(), seeds.length)
  if (!call.quiet) {
    io.out(
      `${algorithm.name} on ${definition.spec.id}: seeds ${seeds.join(', ')}, ${jobs} at a time, in ${shown(base)}`,
    )
  }
  const outcomes: SeedOutcome[] = []
  const waiting = [...seeds]
  const interrupted = await interruptible(io, async (signal) => {
    const worker = async () => {
      while (waiting.length > 0 && !signal.aborted) {
        const seed = waiting.shift()!
        outcomes.push(await trainSeed(seed, seedFolder(base, seed), call, io, signal))
      }
    }
    await Promise.all(Array.from({ length: jobs }, worker))
    return signal.aborted
  })

  outcomes.sort((a, b) => a.seed - b.seed)
  const { lines, summary } = summarise(outcomes)
  io.out(lines.join('\n'))
  if (existsSync(base)) {
    const file = join(base, 'summary.json')
    writeFileAtomic(file, `${JSON.stringify({ algo: algorithm.name, env: definition.spec.id, ...summary }, null, 2)}\n`)
    if (!call.quiet) io.out(`\nSummary: ${shown(file)}`)
  }
  if (interrupted) {
    for (const { folder, result } of outcomes)
      if (!result && existsSync(folder)) io.out(`Continue with: ${io.command} resume ${quoted(folder)}`)
    if (waiting.length > 0) io.out(`Never begun: seed${waiting.length === 1 ? '' : 's'} ${waiting.join(', ')}`)
    return INTERRUPTED
  }
  return Math.max(...outcomes.map(({ exitCode }) => exitCode))
}

async function trainSeed(
  seed: number,
  folder: string,
  call: SeedsCall,
  io: Io,
  signal: AbortSignal,
): Promise<SeedOutcome> {
  const child = fork(
    fileURLToPath(new URL('../bin/reprise.mjs', import.meta.url)),
    childArguments(seed, folder, call.options),
    {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, [SEED_CHILD]: '1' },
      // The bin file registers what it needs itself.
      execArgv: [],
    },
  )
  const interrupt = () => {
    if (child.connected) child.send('interrupt')
  }
  if (signal.aborted) interrupt()
  signal.addEventListener('abort', interrupt)
  let session: SessionResult | undefined
  child.on('message', (message) => {
    session = message as SessionResult
  })
  const tag = `[seed ${seed}] `
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (!call.quiet && line.trim() !== '') io.out(tag + line)
  })
  createInterface({ input: child.stderr! }).on('line', (line) => io.err(tag + line))
  const exitCode = await new Promise<number>((resolve) => {
    child.on('error', () => resolve(1))
    child.on('close', (code) => resolve(code ?? 1))
  })
  signal.removeEventListener('abort', interrupt)
  return { seed, folder: shown(folder), exitCode, result: session?.result }
}

/** The same call for one seed, as flags. */
function childArguments(seed: number, folder: string, options: TrainOptions): string[] {
  const { algo, env, steps, preset, config, initFrom, set, envOptions, executor } = options
  const flag = (name: string, value: unknown) => (value === undefined ? [] : [`--${name}=${value}`])
  const pairs = (name: string, values: object = {}) =>
    Object.entries(values).map(([key, value]) => `--${name}=${key}=${value}`)
  return [
    'train',
    ...flag('algo', algo),
    ...flag('env', env),
    ...flag('steps', steps),
    ...flag('seed', seed),
    ...flag('out', folder),
    ...(preset === false ? ['--no-preset'] : flag('preset', preset)),
    ...flag('config', config),
    ...flag('init-from', initFrom),
    ...pairs('set', set),
    ...pairs('env-set', envOptions),
    ...flag('executor', executor),
  ]
}

function seedFolder(base: string, seed: number): string {
  return join(base, `seed-${seed}`)
}

function refuseExisting(folder: string): void {
  if (!existsSync(folder)) return
  throw new RepriseError('RPR_FILE_EXISTS', `'${shown(folder)}' exists already.`, {
    value: folder,
    hint: `Choose another folder with --out, or continue that run with '${repriseCommand(`resume ${shown(folder)}`)}'.`,
  })
}

function defaultBase(algo: string, env: string): string {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
  return join('runs', `${algo}-${env.replaceAll('/', '-')}-seeds-${stamp}`)
}
