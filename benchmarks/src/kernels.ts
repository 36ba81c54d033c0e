/** `bench kernels`: every executor of the kernels over sizes, where it overtakes the reference, and two fixed sizes. */
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { kernels } from '@reprise/advantage'
import { Pcg64 } from '@reprise/core'
import { closeGpu, GPU_EXECUTORS, type Kernel, whyUnavailable } from '@reprise/gpu'
import { releaseProducts, SimilarityIndex, similarity } from '@reprise/similarity'
import { rivalsPython, runRival } from './rivals.ts'

export const kernelsHelp =
  'kernels: executors over sizes, crossovers [--sizes 1e3,1e4,1e5,1e6] [--rounds 15] [--only name,...] [--out file.json]'

const rng = new Pcg64(0)
const numbers = (n: number) => Float32Array.from({ length: n }, () => rng.normal())
const flags = (n: number) => Uint8Array.from({ length: n }, () => (rng.random() < 0.01 ? 1 : 0))

/** [128, size / 128], as a rollout of many environments has it. */
function rollout(cells: number) {
  const steps = Math.min(128, cells)
  const numEnvs = Math.max(1, Math.round(cells / steps))
  const size = steps * numEnvs
  return {
    steps,
    numEnvs,
    rewards: numbers(size),
    values: numbers(size),
    actionValues: numbers(size),
    logRatios: numbers(size),
    terminated: flags(size),
    truncated: flags(size),
    finalValues: numbers(size),
    lastValues: numbers(numEnvs),
    gamma: 0.99,
    lambda: 0.95,
    rhoBar: 1,
    cBar: 1,
  }
}

const grouped = (cells: number) => {
  const group = Int32Array.from({ length: cells }, (_, i) => i >> 3)
  return { group, bucket: group, kind: 'group_std', std: 'sample', epsilon: 1e-6 } as const
}
/** 16 queries against a memory of vectors of 64. */
const pairs = (cells: number) => ({
  queries: numbers(16 * 64),
  memory: numbers(Math.max(1, Math.round(cells / (16 * 64))) * 64),
  width: 64,
  metric: 'cosine' as const,
  k: 10,
  threshold: 0.3,
})

// biome-ignore lint/suspicious/noExplicitAny: kernels of all kinds, each with inputs of its own
type AnyKernel = Kernel<any, unknown>

const CASES: Readonly<Record<string, readonly [AnyKernel, (cells: number) => object]>> = {
  gae: [kernels.gae, rollout],
  discountedReturns: [kernels.discountedReturns, rollout],
  vTrace: [kernels.vTrace, rollout],
  retrace: [kernels.retrace, rollout],
  rewardToGo: [
    kernels.rewardToGo,
    (n) => ({
      rewards: numbers(n),
      offsets: Int32Array.from({ length: Math.floor(n / 50) + 1 }, (_, i, last = Math.floor(n / 50)) =>
        i === last ? n : i * 50,
      ),
      gamma: 0.99,
    }),
  ],
  groupAdvantages: [kernels.groupAdvantages, (n) => ({ ...grouped(n), rewards: numbers(n) })],
  stepAdvantages: [kernels.stepAdvantages, (n) => ({ ...grouped(n), returns: numbers(n), kind: 'mean' })],
  whiten: [kernels.whiten, (n) => ({ values: numbers(n) })],
  prototypeBuckets: [
    kernels.prototypeBuckets,
    (n) => ({
      anchors: numbers(Math.ceil(n / 32) * 32),
      width: 32,
      group: new Int32Array(Math.ceil(n / 32)).map((_, i) => i >> 7),
      threshold: 0.95,
    }),
  ],
  similarities: [similarity.similarities, pairs],
  topK: [similarity.topK, pairs],
  neighbours: [similarity.neighbours, pairs],
  nearestPrototype: [similarity.nearestPrototype, pairs],
}

interface Row {
  readonly kernel: string
  readonly cells: number
  readonly executor: string
  /** What gpu.js or the product says ran. */
  readonly ran: string
  readonly median: number
  readonly best: number
}

export async function runKernels(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      sizes: { type: 'string', default: '1e3,1e4,1e5,1e6' },
      rounds: { type: 'string', default: '15' },
      only: { type: 'string' },
      out: { type: 'string' },
    },
  })
  const sizes = values.sizes.split(',').map(Number)
  const rounds = Number(values.rounds)
  if (!sizes.every((size) => Number.isSafeInteger(size) && size >= 16))
    throw new Error(`--sizes ${values.sizes} is no list of integers >= 16, such as 1e3,1e5.`)
  if (!Number.isSafeInteger(rounds) || rounds < 3) throw new Error(`--rounds ${values.rounds} is no integer >= 3.`)
  const only = values.only?.split(',')
  const unknown = only?.find((name) => !(name in CASES) && name !== 'bars')
  if (unknown !== undefined)
    throw new Error(`--only ${unknown} is no kernel. Known: ${Object.keys(CASES).join(', ')}, bars.`)

  console.log(`milliseconds of wall clock, median (best); ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores`)
  const available: string[] = ['reference']
  for (const executor of GPU_EXECUTORS) {
    const reason = await whyUnavailable(executor)
    if (reason === undefined) available.push(executor)
    else console.log(`${executor} is left out: ${reason}`)
  }
  const rows: Row[] = []
  try {
    for (const [name, [kernel, inputOf]] of Object.entries(CASES)) {
      if (only !== undefined && !only.includes(name)) continue
      rows.push(...(await overSizes(name, kernel, inputOf, sizes, rounds, available)))
    }
    const bars = only === undefined || only.includes('bars') ? await fixedSizes(rounds) : []
    if (values.out !== undefined)
      writeFileSync(values.out, `${JSON.stringify({ machine: cpus()[0]?.model, rows, bars }, null, 2)}\n`)
  } finally {
    await closeGpu()
    await releaseProducts()
  }
}

/** Executors that need no gpu.js. */
const OWN: readonly string[] = ['product', 'simd']

async function overSizes(
  name: string,
  kernel: AnyKernel,
  inputOf: (cells: number) => object,
  sizes: readonly number[],
  rounds: number,
  available: readonly string[],
): Promise<Row[]> {
  const executors = kernel.executors.filter((executor) => available.includes(executor) || OWN.includes(executor))
  console.log(`\n${name.padEnd(20)}${executors.map((executor) => executor.padStart(22)).join('')}`)
  const rows: Row[] = []
  for (const size of sizes) {
    const input = inputOf(size)
    const cells = kernel.cells(input)
    const times = new Map<string, number[]>(executors.map((executor) => [executor, []]))
    const ran = new Map<string, string>()
    // In turn: what else the machine does hits all alike. Two rounds to warm up.
    for (let round = -2; round < rounds; round++)
      for (const executor of executors) {
        const start = performance.now()
        await kernel(input, { executor })
        if (round >= 0) times.get(executor)!.push(performance.now() - start)
        const executed = kernel.lastRun?.executed
        ran.set(executor, executed === undefined ? executor : `${executed.backend} ${executed.executorKind}`)
      }
    const line = executors.map((executor) => {
      const sorted = times.get(executor)!.sort((a, b) => a - b)
      const [median, best] = [sorted[sorted.length >> 1]!, sorted[0]!]
      rows.push({ kernel: name, cells, executor, ran: ran.get(executor)!, median, best })
      return `${median.toFixed(3)} (${best.toFixed(3)})`.padStart(22)
    })
    console.log(`${String(cells).padEnd(20)}${line.join('')}`)
  }
  for (const executor of executors.slice(1)) {
    const from = crossover(rows, executor)
    const kind = rows.findLast((row) => row.executor === executor)!.ran
    console.log(`  ${executor} (${kind}): ${from === undefined ? 'never faster' : `faster from ${from} cells`}`)
  }
  return rows
}

/** The least size from which the executor's best time stays below the reference's. */
function crossover(rows: readonly Row[], executor: string): number | undefined {
  let from: number | undefined
  for (const row of rows.filter((row) => row.executor === executor)) {
    const reference = rows.find(({ executor, cells }) => executor === 'reference' && cells === row.cells)!
    if (row.best < reference.best && row.median < reference.median) from ??= row.cells
    else from = undefined
  }
  return from
}

/** Sizes with a bar of their own. */
async function fixedSizes(rounds: number): Promise<object[]> {
  const bars: object[] = []
  const report = (name: string, times: number[], note = '') => {
    times.sort((a, b) => a - b)
    const [median, best] = [times[times.length >> 1]!, times[0]!]
    console.log(`${name.padEnd(64)}${median.toFixed(2).padStart(9)} (${best.toFixed(2)})${note}`)
    bars.push({ name, median, best })
    return { median, best }
  }
  console.log('\nfixed sizes, executor auto')
  const input = rollout(4096 * 128)
  const out = await kernels.gae(input)
  for (const [name, given] of [
    ['gae, 4096 environments x 128 steps, output reused', { ...input, out }],
    ['gae, the same, output made anew', input],
  ] as const)
    report(name, await timed(4 * rounds, () => kernels.gae(given)), ran(kernels.gae))
  const rewards = numbers(4096 * 128)
  const group = Int32Array.from(rewards, (_, i) => i >> 7)
  const request = { rewards, group, kind: 'group_std', std: 'sample', epsilon: 1e-6 } as const
  report(
    'group advantages, 4096 groups x 128',
    await timed(4 * rounds, () => kernels.groupAdvantages(request)),
    ran(kernels.groupAdvantages),
  )

  const [queries, rows, width] = [64, 50_000, 128]
  const data = numbers(rows * width)
  const probes = numbers(queries * width)
  const index = new SimilarityIndex({ width })
  for (let i = 0; i < rows; i++) index.add(`${i}`, data.subarray(i * width, (i + 1) * width))
  const search = { queries: probes, memory: data, width, metric: 'cosine' as const, k: 10 }
  const python = rivalsPython()
  const ofNumpy: number[] = []
  const ofIndex: number[] = []
  const ofKernel: number[] = []
  const ofVersion: number[] = []
  // In turn: what else the machine does hits all alike.
  for (let turn = 0; turn < TURNS; turn++) {
    if (python !== undefined) {
      const request = { queries, rows, width, repetitions: rounds + 2 }
      const { milliseconds } = runRival(python, 'matrix_product.py', request) as { milliseconds: number[] }
      ofNumpy.push(...milliseconds.slice(2))
    }
    // The first calls of all copy the memory to where the product is computed, and reorder it.
    const warmUp = turn === 0 ? 5 : 2
    ofIndex.push(...(await timed(rounds, () => index.query(probes, { k: 10 }), warmUp)))
    ofKernel.push(...(await timed(rounds, () => similarity.topK(search), warmUp)))
    ofVersion.push(...(await timed(rounds, () => similarity.topK({ ...search, memoryVersion: 1 }), 2)))
  }
  index.dispose()
  const ours = [
    report('top-10 of 64 queries, index of 50 000 x 128', ofIndex, `, ${index.lastChoice!.executor}`),
    report('the same, memory given with the call (the same each time)', ofKernel, ran(similarity.topK)),
    report('the same, with a version of the memory', ofVersion, ran(similarity.topK)),
  ]
  if (python === undefined) console.log("NumPy is left out: set up the rivals' environment (scripts/rivals/setup.mjs).")
  else {
    const theirs = report("NumPy's matrix product alone", ofNumpy)
    const ratios = ours.map(
      ({ median, best }) => `${(median / theirs.median).toFixed(2)} (best ${(best / theirs.best).toFixed(2)})`,
    )
    console.log(`of NumPy's time: the index ${ratios[0]}, the kernel ${ratios[1]}, with a version ${ratios[2]}`)
  }
  return bars
}

const TURNS = 6

const ran = ({ lastRun }: AnyKernel) => `, ${lastRun!.executor}`

async function timed(count: number, call: () => unknown, warmUp = count): Promise<number[]> {
  for (let i = 0; i < warmUp; i++) await call()
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    await call()
    times.push(performance.now() - start)
  }
  return times
}
