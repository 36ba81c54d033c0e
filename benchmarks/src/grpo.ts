/**
 * `bench grpo`: one GRPO iteration by phases (collection, advantage, update) beside a PyTorch loop of the same sizes over
 * the same environment: 64 groups of 8 episodes of 50 steps of Pendulum, where no episode ends sooner.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { kernels } from '@reprise/advantage'
import { Pcg64 } from '@reprise/core'
import { quietReporter, train } from '@reprise/train'
import { INSTALL_HINT, rivalsPython, runRival } from './rivals.ts'

export const grpoHelp =
  'a GRPO iteration by phases beside PyTorch [--iterations 30] [--executor auto] [--out file.json]'

const [GROUPS, GROUP_SIZE, STEPS] = [64, 8, 50]
const SIZES = { groups: GROUPS, groupSize: GROUP_SIZE, maxEpisodeSteps: STEPS }
const ROWS = GROUPS * GROUP_SIZE * STEPS
const UPDATE = { epochs: 2, minibatches: 4, learningRate: 1e-3 }
/** Iterations before those that are measured: code is compiled in them. */
const WARM_UP = 40

const PHASES = ['collection', 'advantage', 'update', 'total'] as const
type Phases = Readonly<Record<(typeof PHASES)[number], readonly number[]>>

export async function runGrpo(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      iterations: { type: 'string', default: '30' },
      executor: { type: 'string', default: 'auto' },
      out: { type: 'string' },
    },
  })
  const iterations = Number(values.iterations)
  if (!Number.isSafeInteger(iterations) || iterations < 3)
    throw new Error(`--iterations ${values.iterations} is no integer >= 3.`)
  const python = rivalsPython('torch')
  console.log(`one GRPO iteration: ${GROUPS} groups x ${GROUP_SIZE} episodes x ${STEPS} steps of Pendulum-v1,`)
  console.log(`${UPDATE.epochs} epochs of ${UPDATE.minibatches} minibatches; milliseconds, median (best)`)
  console.log(`${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node.js ${process.versions.node}`)
  const measured: object[] = []
  for (const hidden of [[128], [128, 128]]) measured.push(await compare(hidden, iterations, values.executor, python))
  if (python === undefined)
    console.log(`\nPyTorch was left out: it is not installed. To have it: ${INSTALL_HINT} --train`)
  if (values.out !== undefined)
    writeFileSync(values.out, `${JSON.stringify({ machine: cpus()[0]?.model, rows: measured }, null, 2)}\n`)
}

async function compare(hidden: number[], iterations: number, executor: string, python: string | undefined) {
  const most = Math.min(availableParallelism(), GROUPS)
  const threads = most > 1 ? [1, most] : [1]
  const named = (who: string) =>
    threads.map((count) => ({ name: `${who}, ${count} thread${count > 1 ? 's' : ''}`, count }))
  const own = named('Reprise')
  const rivals = python === undefined ? [] : named('PyTorch')
  const columns = new Map<string, Phases>()
  const add = (name: string, phases: Phases) => {
    const known = columns.get(name)
    const joined = PHASES.map((p) => [p, [...(known?.[p] ?? []), ...phases[p]]])
    columns.set(name, Object.fromEntries(joined) as unknown as Phases)
  }
  let used = ''
  // In turn: what else the machine does hits all alike.
  for (let turn = 0; turn < 3; turn++) {
    const share = Math.ceil(iterations / 3)
    for (const { name, count } of rivals) add(name, pytorch(python!, 'numpy', hidden, share, count))
    for (const { name, count } of own) {
      const ran = await reprise(hidden, share, executor, count)
      used = ran.executor
      add(name, ran.phases)
    }
  }
  const gymnasium =
    python !== undefined && rivalsPython('gymnasium') !== undefined
      ? pytorch(python, 'gymnasium', hidden, 3, 1).collection
      : undefined

  console.log(`\npolicy ${hidden.join(' x ')}, executor ${used}`)
  const names = [...own, ...rivals].map(({ name }) => name)
  console.log(
    `${''.padEnd(12)}${names.map((name) => name.padStart(22)).join('')}${rivals.length > 0 ? '   ratio' : ''}`,
  )
  const ratios: Record<string, number> = {}
  for (const phase of PHASES) {
    const cells = names.map((name) => columns.get(name)![phase])
    const line = cells.map((times) => `${median(times).toFixed(2)} (${Math.min(...times).toFixed(2)})`.padStart(22))
    const medians = cells.map(median)
    const others = medians.slice(own.length)
    if (others.length > 0) ratios[phase] = Math.min(...others) / Math.min(...medians.slice(0, own.length))
    console.log(`${phase.padEnd(12)}${line.join('')}${phase in ratios ? ratios[phase]!.toFixed(2).padStart(8) : ''}`)
  }
  if (rivals.length > 0)
    console.log('ratio: the faster PyTorch to the faster Reprise, by median; its environment is one NumPy program.')
  if (gymnasium !== undefined) {
    const ratio = median(gymnasium) / Math.min(...own.map(({ name }) => median(columns.get(name)!.collection)))
    ratios['collectionGymnasium'] = ratio
    console.log(
      `PyTorch over Gymnasium's SyncVectorEnv collects in ${median(gymnasium).toFixed(0)} ms: ratio ${ratio.toFixed(1)}.`,
    )
  }
  const summary = (phases: Phases) =>
    Object.fromEntries(PHASES.map((p) => [p, { median: median(phases[p]), best: Math.min(...phases[p]) }]))
  return {
    hidden,
    executor: used,
    ratios,
    ...Object.fromEntries([...columns].map(([name, phases]) => [name, summary(phases)])),
  }
}

/** Iterations of a training run, by the shares of time in its log; the advantages of a batch by themselves. */
async function reprise(hidden: number[], iterations: number, executor: string, threads: number) {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'))
  const rows: Readonly<Record<string, number>>[] = []
  const reporter = { ...quietReporter, log: (row: Readonly<Record<string, number>>) => void rows.push(row) }
  const off = { evalEvery: 0, checkpointEvery: 0, finalEpisodes: 1, tensorboard: false }
  try {
    const { result } = await train({
      algo: 'grpo',
      env: 'Pendulum-v1',
      preset: false,
      steps: ROWS * (WARM_UP + iterations),
      executor,
      out: join(folder, 'run'),
      ui: reporter,
      set: { ...SIZES, hidden, collectorThreads: threads, ...UPDATE, ...off },
    })
    const advantage = await advantages()
    const phases: Record<string, number[]> = { collection: [], advantage: [], update: [], total: [] }
    for (const row of rows.slice(WARM_UP)) {
      const total = (1e3 * ROWS) / row['time/sps']!
      const learn = total * row['time/learn_share']!
      phases['collection']!.push(total * row['time/collect_share']!)
      phases['advantage']!.push(advantage)
      phases['update']!.push(learn - advantage)
      phases['total']!.push(total)
    }
    return { phases: phases as unknown as Phases, executor: result!.executor }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Milliseconds for the advantages of one batch. */
async function advantages(): Promise<number> {
  const rng = new Pcg64(0)
  const rewards = Float64Array.from({ length: GROUPS * GROUP_SIZE }, () => rng.normal())
  const group = Int32Array.from(rewards, (_, i) => Math.floor(i / GROUP_SIZE))
  const times: number[] = []
  for (let i = 0; i < 500; i++) {
    const start = performance.now()
    await kernels.groupAdvantages({ rewards, group, kind: 'group_std', std: 'sample', epsilon: 1e-4 })
    times.push(performance.now() - start)
  }
  return median(times.slice(250))
}

function pytorch(python: string, env: string, hidden: number[], iterations: number, threads: number): Phases {
  const { epochs, minibatches, learningRate } = UPDATE
  const request = {
    ...{ env, hidden, iterations, threads, epochs, minibatches },
    ...{ groups: GROUPS, group_size: GROUP_SIZE, steps: STEPS, learning_rate: learningRate },
  }
  return (runRival(python, 'grpo_torch.py', request) as { milliseconds: Phases }).milliseconds
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1]!
}
