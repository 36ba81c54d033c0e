/** `bench replay`: adding, drawing and re-prioritising beside the buffers of other libraries, in one run. */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { allocateColumns, leaf, Pcg64 } from '@reprise/core'
import { createReplay, type DrawConfig, START, type StoreSchema, type VectorStep } from '@reprise/replay'
import { rivalsPython, runRival } from './rivals.ts'

export const replayHelp =
  'replay: add, sample, update priorities [--capacities 1e4,1e5,1e6,1e7] [--rounds 300] [--only name,...] [--out file.json]'

const ADD = 64
const SAMPLE = 256

interface Row {
  readonly library: string
  readonly kind: 'uniform' | 'prioritized'
  readonly capacity: number
  /** Median microseconds; null where the buffer has no such thing. */
  readonly add: number
  readonly sample: number
  readonly update: number | null
}

interface Rivals {
  readonly rows: readonly Row[]
  readonly skipped: Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, string>>
}

const DRAWS: readonly [kind: Row['kind'], draw: DrawConfig][] = [
  ['uniform', { kind: 'uniform', replacement: true }],
  [
    'prioritized',
    {
      kind: 'proportional',
      alpha: 0.6,
      beta: 0.4,
      epsilon: 1e-6,
      normalizeBy: 'batchMax',
      newPriority: 'runningMax',
      stratified: true,
    },
  ],
]

/** CartPole's transitions: what the script of the rivals stores too. */
const SCHEMA: StoreSchema = {
  observation: [leaf('', 'float32', [4])],
  fields: { action: { dtype: 'int32', shape: [] } },
}

export function runReplay(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: {
      capacities: { type: 'string', default: '1e4,1e5,1e6,1e7' },
      rounds: { type: 'string', default: '300' },
      only: { type: 'string' },
      out: { type: 'string' },
    },
  })
  const capacities = values.capacities.split(',').map(Number)
  const rounds = Number(values.rounds)
  if (!capacities.every((capacity) => Number.isSafeInteger(capacity) && capacity >= 1000))
    throw new Error(`--capacities ${values.capacities} is no list of integers >= 1000, such as 1e4,1e6.`)
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds} is no integer >= 1.`)

  console.log(`add ${ADD}, sample ${SAMPLE} with gathered columns, update ${SAMPLE} priorities: median microseconds`)
  console.log(`${cpus()[0]?.model.trim()}, Node.js ${process.versions.node}\n`)
  const python = rivalsPython()
  const rivals = python
    ? (runRival(python, 'bench_replay.py', { capacities, rounds, only: values.only?.split(',') }) as Rivals)
    : undefined
  const ours = capacities.flatMap((capacity) => DRAWS.map(([kind, draw]) => measured(kind, draw, capacity, rounds)))
  for (const kind of ['uniform', 'prioritized'] as const) {
    console.log(
      `\n${kind.padEnd(20)}${['capacity', 'add', 'sample', 'update', 'sample+update', 'ours is'].map((s) => s.padStart(14)).join('')}`,
    )
    for (const capacity of capacities) {
      const own = ours.find((row) => row.kind === kind && row.capacity === capacity)!
      for (const row of [own, ...(rivals?.rows ?? []).filter((r) => r.kind === kind && r.capacity === capacity)])
        console.log(line(row, own))
    }
  }
  if (rivals) {
    for (const [name, why] of Object.entries(rivals.skipped)) console.log(`\n${name} was left out: ${why}`)
    console.log(
      `\n${Object.entries(rivals.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}; one thread`,
    )
  } else
    console.log(
      `\nOther libraries were left out: they are not installed. Install them with: node scripts/rivals/setup.mjs --replay`,
    )
  if (values.out)
    writeFileSync(
      values.out,
      `${JSON.stringify({ node: process.versions.node, rows: [...ours, ...(rivals?.rows ?? [])], versions: rivals?.versions }, null, 2)}\n`,
    )
}

function measured(kind: Row['kind'], draw: DrawConfig, capacity: number, rounds: number): Row {
  const replay = createReplay({ capacity, gamma: 0.99, nSteps: 1, draw, withLatest: false }, SCHEMA, ADD, new Pcg64(1))
  const random = new Pcg64(2)
  const step = randomStep(random)
  for (let stored = 0; stored <= capacity; stored += ADD) replay.add(step)
  const batch = replay.allocate(SAMPLE)
  const tdError = new Float32Array(SAMPLE)
  const feedback = { tdError }
  const prioritized = kind === 'prioritized'
  const change = prioritized ? Math.min(4000, Math.ceil(capacity / SAMPLE)) : 0
  const times: { add: number[]; sample: number[]; update: number[] } = { add: [], sample: [], update: [] }
  // The first rounds spread the priorities and let V8 compile; they are not counted.
  for (let round = -Math.max(change, 500); round < rounds; round++) {
    random.fillNormal(tdError)
    const began = performance.now()
    replay.add(step)
    const added = performance.now()
    replay.draw(batch, START)
    const sampled = performance.now()
    if (prioritized) replay.feedback(batch, feedback)
    const updated = performance.now()
    if (round < 0) continue
    times.add.push(added - began)
    times.sample.push(sampled - added)
    times.update.push(updated - sampled)
  }
  const median = (values: number[]) => 1000 * values.sort((a, b) => a - b)[values.length >> 1]!
  return {
    library: 'Reprise',
    kind,
    capacity,
    add: median(times.add),
    sample: median(times.sample),
    update: prioritized ? median(times.update) : null,
  }
}

function randomStep(random: Pcg64): VectorStep {
  const columns = () => {
    const made = allocateColumns(SCHEMA.observation, ADD)
    random.fillNormal(made[0]!.data as Float32Array)
    return made
  }
  const reward = new Float32Array(ADD)
  random.fillNormal(reward)
  return {
    observation: columns(),
    nextObservation: columns(),
    finalObservation: columns(),
    fields: { action: Int32Array.from({ length: ADD }, () => random.integers(2)) },
    reward,
    terminated: new Uint8Array(ADD),
    truncated: new Uint8Array(ADD),
  }
}

function line(row: Row, own: Row): string {
  const total = (r: Row) => r.sample + (r.update ?? 0)
  const shown = (value: number | null) => (value === null ? '-' : value.toFixed(1)).padStart(14)
  const ratio = row === own ? '' : `${(total(row) / total(own)).toFixed(1)}x faster`
  const cells = [row.add, row.sample, row.update, total(row)].map(shown).join('')
  return `  ${row.library.padEnd(18)}${row.capacity.toExponential(0).padStart(14)}${cells}${ratio.padStart(14)}`
}
