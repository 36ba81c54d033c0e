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
import {
  compile,
  GraphBuilder,
  type OnnxProgram,
  onnxTarget,
  readOnnxProgram,
  spec,
  type Target,
  writeOnnxProgram,
} from '@reprise/compile'
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

export function startRows(processes: number): StartRow[] {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'))
  try {
    const path = join(folder, 'ppo.program')
    const modes = [
      ['wasm', 'trace and compile, wasm'],
      ['onnx', 'trace and compile, onnx'],
      ['load', 'load the saved graph, onnx'],
      ['runtime', '(start of ONNX Runtime itself)'],
    ] as const
    return modes.map(([mode, name]) => {
      const times = Array.from({ length: processes }, () => ownProcess(mode, path))
      const least = (key: keyof StartTimes) => Math.min(...times.map((row) => row[key]))
      return { name, cold: least('cold'), warm: least('warm') }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function ownProcess(mode: string, path: string): StartTimes {
  const { stdout, stderr, status } = spawnSync(process.execPath, [...process.execArgv, SELF, mode, path], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`measuring the start failed: ${stderr}`)
  return JSON.parse(stdout) as StartTimes
}

async function measure(mode: string, path: string): Promise<StartTimes> {
  const learner = ppoProgram()
  // ONNX Runtime starts once per process, whichever way its first program comes: a row of its own.
  if (mode === 'runtime') return { cold: await timed(trivialProgram), warm: 0 }
  if (mode !== 'wasm') (await trivialProgram()).dispose()
  const start = mode === 'load' ? () => readOnnxProgram(path) : () => traceAndCompile(learner, mode)
  const times: number[] = []
  for (let i = 0; i <= REPETITIONS; i++) {
    const began = performance.now()
    const program = await start()
    times.push(performance.now() - began)
    if (mode === 'onnx' && i === 0) await writeOnnxProgram(program as OnnxProgram, path)
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

function trivialProgram(): Promise<OnnxProgram> {
  const g = new GraphBuilder()
  const graph = g.build({ y: g.unary('neg', g.input('x', [1])) })
  const inputs = { x: spec([1]) }
  return onnxTarget().build({ state: {}, functions: { f: { name: 'f', graph: () => graph, inputs } } })
}

/** As the executors do. */
async function traceAndCompile(program: LearnerProgram, name: string): Promise<{ dispose(): void }> {
  const { act, decide, batch, noise, schedule } = program.inputs
  const rows = (specs: InputSpecs, count: number) =>
    Object.fromEntries(Object.entries(specs).map(([key, { dtype, shape }]) => [key, spec([count, ...shape], dtype)]))
  const onnx = onnxTarget()
  let built: Promise<OnnxProgram> | undefined
  const target: Target = {
    ...onnx,
    build: (request) => {
      built = onnx.build(request)
      return built
    },
  }
  const compiled = compile({
    state: program.state,
    target: name === 'onnx' ? target : name,
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
  return built ?? (compiled as { dispose(): void })
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

if (process.argv[1] === SELF) console.log(JSON.stringify(await measure(process.argv[2]!, process.argv[3]!)))
