/** `bench compile`: one PPO update and one policy call on every executor, beside PyTorch and JAX. */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { ppo } from '@reprise/algorithms'
import { createExecutor, type Executor, type ExecutorName, listExecutors, type UpdatesCall } from '@reprise/backend'
import { box, discrete, Pcg64, resolveOptions } from '@reprise/core'
import { type StartRow, startRows, startShares } from './compile-start.ts'
import { INSTALL_HINT, rivalsPython, runRival } from './rivals.ts'

export const compileHelp =
  'PPO update and policy call on each executor beside PyTorch and JAX [--quick] [--out file.json]'

const SIZES = [
  [64, 64],
  [64, 256],
  [256, 256],
] as const
const WIDTHS = [1, 8, 64, 512]
const EXECUTORS = ['eager:cpu', 'eager:wasm', 'eager:tensorflow', 'onnx', 'wasm', 'tensorflow', 'auto'] as const
/** Updates in one call, as the training loop makes them. JAX is called once per update with data that lie on its side. */
const PER_CALL = 16
/** Characters of a column of the tables. */
const COLUMN = 14

interface Row {
  readonly kind: 'update' | 'act'
  readonly name: string
  readonly hidden?: number
  readonly batch?: number
  readonly width?: number
  /** Fastest mean of a block of calls. */
  readonly ms: number
}

export async function runCompile(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { quick: { type: 'boolean', default: false }, out: { type: 'string' } },
  })
  const seconds = values.quick ? 0.2 : 1
  const starts = startRows(values.quick ? 1 : 5)
  const rows: Row[] = []
  const absent = (await listExecutors()).filter(({ available }) => !available)
  for (const executor of EXECUTORS) {
    const missing = absent.find(({ name }) => name === executor)
    if (missing !== undefined) {
      console.log(`${executor} was left out: it ${missing.note}`)
      continue
    }
    for (const [hidden, batch] of SIZES) rows.push(await updateRow(executor, hidden, batch, seconds))
    for (const width of WIDTHS) rows.push(await actRow(executor, width, seconds))
  }
  const python = rivalsPython()
  let versions: Record<string, string> | undefined
  if (python) {
    const rival = runRival(python, 'ppo_update.py', { sizes: SIZES, widths: WIDTHS, seconds }) as {
      versions: Record<string, string>
      rows: Row[]
    }
    versions = rival.versions
    rows.push(...rival.rows)
  }
  print(rows, versions)
  printStarts(starts)
  if (values.out)
    writeFileSync(values.out, `${JSON.stringify({ node: process.versions.node, versions, rows, starts }, null, 2)}\n`)
}

/** Shared two-layer tanh MLP 4 -> H -> H, heads 2 and 1. */
async function learner(executor: ExecutorName, hidden: number, batch: number, act: number): Promise<Executor> {
  const { values } = resolveOptions(ppo.options, [
    {
      source: 'api',
      values: {
        hidden: [hidden, hidden],
        critic: 'shared',
        entropyCoef: 0.01,
        numEnvs: 8,
        numSteps: batch / 2,
        batchSize: batch,
      },
    },
  ])
  const program = ppo.build({
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
  return createExecutor({ executor, program, rows: { act } })
}

async function updateRow(name: ExecutorName, hidden: number, batch: number, seconds: number): Promise<Row> {
  const executor = await learner(name, hidden, batch, 8)
  const rng = new Pcg64(2)
  const rows = 4 * batch
  const normal = (length: number) => {
    const out = new Float32Array(length)
    rng.fillNormal(out)
    return out
  }
  const call: UpdatesCall = {
    columns: {
      observation: normal(4 * rows),
      action: Int32Array.from({ length: rows }, () => rng.integers(2)),
      logProb: new Float32Array(rows).fill(Math.log(0.5)),
      advantage: normal(rows),
      return: normal(rows),
    },
    indices: Int32Array.from({ length: PER_CALL * batch }, () => rng.integers(rows)),
    batchSize: batch,
    noise: {},
    schedule: { learningRate: 3e-4, ratioLow: 0.8, ratioHigh: 1.2, advantageMean: 0, advantageScale: 1 },
  }
  const ms = await fastest(async (n) => {
    for (let i = 0; i < n; i++) await executor.updates(call)
  }, seconds)
  const label = name === 'auto' ? `auto (${executor.name})` : name
  executor.dispose()
  return { kind: 'update', name: label, hidden, batch, ms: ms / PER_CALL }
}

async function actRow(name: ExecutorName, width: number, seconds: number): Promise<Row> {
  const executor = await learner(name, 64, 64, width)
  const rng = new Pcg64(3)
  const observation = new Float32Array(4 * width)
  rng.fillNormal(observation)
  const noise = new Float32Array(width)
  rng.fillUniform(noise)
  const inputs = { observation, noise }
  const ms = await fastest(async (n) => {
    for (let i = 0; i < n; i++) {
      const out = executor.act(inputs)
      if (out instanceof Promise) await out
    }
  }, seconds)
  const label = name === 'auto' ? `auto (${executor.name})` : name
  executor.dispose()
  return { kind: 'act', name: label, width, ms }
}

/** Milliseconds per call: the fastest block, after a warm-up that lets V8 optimise. */
async function fastest(run: (calls: number) => Promise<void>, seconds: number): Promise<number> {
  // A slow executor needs no fifty calls to be warm.
  const warm = performance.now() + 1000 * seconds
  for (let i = 0; i < 50 && performance.now() < warm; i++) await run(1)
  let block = 1
  for (;;) {
    const began = performance.now()
    await run(block)
    if (performance.now() - began > 10) break
    block *= 2
  }
  let best = Number.POSITIVE_INFINITY
  const until = performance.now() + 1000 * seconds
  while (performance.now() < until) {
    const began = performance.now()
    await run(block)
    best = Math.min(best, (performance.now() - began) / block)
  }
  return best
}

function print(rows: readonly Row[], versions: Record<string, string> | undefined): void {
  console.log(
    `${cpus()[0]?.model.trim()}, Node.js ${process.versions.node}; fastest block, one thread except eager and onnx above 10 MFLOP\n`,
  )
  const names = [...new Set(rows.map(({ name }) => name.replace(/ \(.*/, '')))]
  const find = (name: string, match: Partial<Row>) =>
    rows.find(
      (row) =>
        row.name.startsWith(name) && Object.entries(match).every(([key, value]) => row[key as keyof Row] === value),
    )
  const cell = (row: Row | undefined, scale: number, digits: number) =>
    (row === undefined ? '-' : (row.ms * scale).toFixed(digits)).padStart(COLUMN)
  console.log(
    `one PPO update, ms (${PER_CALL} per call)`.padEnd(34) +
      SIZES.map(([h, b]) => `H ${h}, B ${b}`.padStart(COLUMN)).join(''),
  )
  for (const name of names) {
    console.log(
      name.padEnd(34) +
        SIZES.map(([hidden, batch]) => cell(find(name, { kind: 'update', hidden, batch }), 1, 4)).join(''),
    )
  }
  console.log(
    `\n${'one policy call, H 64, microseconds'.padEnd(34)}${WIDTHS.map((n) => `N ${n}`.padStart(COLUMN)).join('')}`,
  )
  for (const name of names) {
    const cells = WIDTHS.map((width) => find(name, { kind: 'act', width }))
    if (cells.some(Boolean)) console.log(name.padEnd(34) + cells.map((row) => cell(row, 1000, 2)).join(''))
  }
  if (!versions) {
    console.log(`\nPyTorch and JAX were left out: they are not installed. Install them with: ${INSTALL_HINT} --train`)
    return
  }
  // One of the two may be absent.
  const ratio = (a: string, b: string, match: Partial<Row>, per = '') => {
    const [x, y] = [find(a, match), find(b, match)]
    return x && y ? [`${a} is ${(y.ms / x.ms).toFixed(2)}x as fast as ${b}${per}`] : []
  }
  const line = (title: string, ...ratios: string[][]) => {
    if (ratios.flat().length > 0) console.log(`${title}: ${ratios.flat().join('; ')}`)
  }
  console.log('')
  for (const [hidden, batch] of SIZES) {
    const match = { kind: 'update', hidden, batch } as const
    line(
      `H ${hidden}, B ${batch}`,
      ratio('auto', 'PyTorch eager', match),
      ratio('auto', 'JAX', match, ' per call'),
      ratio('tensorflow', 'JAX', match, ' per call'),
    )
  }
  line('policy call, N 1', ratio('auto', 'PyTorch eager', { kind: 'act', width: 1 }))
  console.log(
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  )
}

function printStarts(starts: readonly StartRow[]): void {
  const cell = (ms: number) => (ms === 0 ? '-' : ms.toFixed(1)).padStart(18)
  console.log(`\n${'start of the PPO program, ms'.padEnd(34)}${'first in process'.padStart(18)}${'later'.padStart(18)}`)
  for (const { name, cold, warm } of starts) console.log(name.padEnd(34) + cell(cold) + cell(warm))
  for (const line of startShares(starts)) console.log(line)
}
