/**
 * How long the PPO program (act, decide, update; 64-64 networks, a critic of its own) takes from user functions to running.
 * Each measurement has a process of its own, since the first compilation of a process is the slow one.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ppo } from '@reprise/algorithms'
import type { InputSpecs, LearnerProgram } from '@reprise/backend'
import { compile, GraphBuilder, loadProgram, onnxTarget, type ProgramBase, spec } from '@reprise/compile'
import { box, discrete, Pcg64, resolveOptions } from '@reprise/core'

/** Milliseconds. */
export interface StartTimes {
  /** The first of a process: the fastest of several processes. */
  readonly cold: number
  /** Later ones: the fastest of ten, of several processes. 0 where there is no second time. */
  readonly warm: number
}
export interface StartRow extends StartTimes {
  readonly name: string
}

const SELF = fileURLToPath(import.meta.url)
const REPETITIONS = 10
type TargetName = 'wasm' | 'onnx'

export function startRows(processes: number): StartRow[] {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'))
  try {
    // In turn, so that a busy neighbour slows down all of them.
    const modes = [
      ['wasm', 'trace', 'trace and compile, wasm'],
      ['wasm', 'load', 'load the written program, wasm'],
      ['onnx', 'trace', 'trace and compile, onnx'],
      ['onnx', 'load', 'load the written program, onnx'],
      ['onnx', 'runtime', '(start of ONNX Runtime itself)'],
    ] as const
    const rounds = Array.from({ length: processes }, () =>
      modes.map(([target, mode]) => ownProcess(target, mode, join(folder, `${target}.program`))),
    )
    return modes.map(([, , name], i) => {
      const least = (key: keyof StartTimes) => Math.min(...rounds.map((times) => times[i]![key]))
      return { name, cold: least('cold'), warm: least('warm') }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A loaded program's time as a share of tracing and compiling, for each target. */
export function startShares(rows: readonly StartRow[]): string[] {
  return ['wasm', 'onnx'].map((target) => {
    const [trace, load] = ['trace and compile', 'load the written program'].map(
      (what) => rows.find(({ name }) => name === `${what}, ${target}`)!,
    )
    const share = (key: keyof StartTimes) => (load![key] / trace![key]).toFixed(2)
    return `${target}: a loaded program starts in ${share('cold')} of the time of tracing, ${share('warm')} later on`
  })
}

function ownProcess(target: TargetName, mode: string, path: string): StartTimes {
  const args = [...process.execArgv, SELF, target, mode, path]
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`measuring the start failed: ${stderr}`)
  return JSON.parse(stdout) as StartTimes
}

async function measure(target: TargetName, mode: string, path: string): Promise<StartTimes> {
  // ONNX Runtime starts once per process, whichever way its first program comes: a row of its own.
  if (mode === 'runtime') return { cold: await timed(trivialProgram), warm: 0 }
  if (target === 'onnx') await timed(trivialProgram)
  const learner = ppoProgram()
  const start = () => (mode === 'load' ? loadProgram(path, { target }) : traceAndCompile(learner, target))
  const times: number[] = []
  for (let i = 0; i <= REPETITIONS; i++) {
    const began = performance.now()
    const program = await start()
    // Waits for what is built in the background.
    await program.save()
    times.push(performance.now() - began)
    if (mode === 'trace' && i === 0) await program.write(path)
    program.dispose()
  }
  return { cold: times[0]!, warm: Math.min(...times.slice(1)) }
}

async function timed(start: () => Promise<{ dispose(): void }>): Promise<number> {
  const began = performance.now()
  const program = await start()
  const ms = performance.now() - began
  program.dispose()
  return ms
}

async function trivialProgram(): Promise<{ dispose(): void }> {
  const g = new GraphBuilder()
  const graph = g.build({ y: g.unary('neg', g.input('x', [1])) })
  const inputs = { x: spec([1]) }
  return onnxTarget().build({ state: {}, functions: { f: { name: 'f', graph: () => graph, inputs } } })
}

/** As the executors do. */
function traceAndCompile(program: LearnerProgram, target: string): ProgramBase {
  const { act, decide, batch, noise, schedule } = program.inputs
  const rows = (specs: InputSpecs, count: number) =>
    Object.fromEntries(Object.entries(specs).map(([key, { dtype, shape }]) => [key, spec([count, ...shape], dtype)]))
  return compile({
    state: program.state,
    target,
    functions: {
      act: { fn: program.act as never, inputs: rows(act, 8) },
      decide: { fn: program.decide as never, inputs: rows(decide, 20) },
      update: {
        fn: (state: never, given: Record<string, never>) =>
          program.update(state, given['batch']!, given['noise']!, given['schedule']!),
        inputs: {
          batch: rows(batch, 256),
          noise: rows(noise, 256),
          schedule: Object.fromEntries(schedule.map((key) => [key, spec([])])),
        },
      },
    },
  } as never)
}

function ppoProgram(): LearnerProgram {
  const { values } = resolveOptions(ppo.options, [
    { source: 'api', values: { hidden: [64, 64], critic: 'separate', numEnvs: 8, numSteps: 128, batchSize: 256 } },
  ])
  return ppo.build({
    spaces: {
      observation: box({ low: -1, high: 1, shape: [4] }),
      action: discrete(2),
      observationSize: 4,
      maskSize: 0,
    },
    options: values,
    rng: new Pcg64(1),
    maxEpisodeSteps: 500,
  })
}

if (process.argv[1] === SELF) {
  const [target, mode, path] = process.argv.slice(2)
  console.log(JSON.stringify(await measure(target as TargetName, mode!, path!)))
}
