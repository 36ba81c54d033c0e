import {
  allocate,
  allocateColumns,
  type Columns,
  Pcg64,
  type PcgState,
  RepriseError,
  type Serializable,
} from '@reprise/core'
import type { Batch } from '../batch.ts'
import type { DrawContext } from '../draw-context.ts'
import { checkOption, fit, refuseEmpty } from '../select/state.ts'
import type { Source } from '../source.ts'
import { gatherRows } from '../store/rows.ts'
import { allocateDrawnRows } from '../view/drawn-rows.ts'

type Data = Columns[number]['data']

/** Rows that are all there from the beginning; N of them in every array. */
export interface DatasetColumns {
  readonly observation: Columns
  readonly nextObservation: Columns
  /** [N, ...] by name. */
  readonly fields: Readonly<Record<string, Data>>
  /** [N] */
  readonly reward: ArrayLike<number>
  /** [N] gamma^m, 0 where the task ended. */
  readonly discount: ArrayLike<number>
  /** [N] Default: 1 each. */
  readonly steps?: ArrayLike<number>
}

/**
 * Uniform draws, with replacement, from rows that never change: an offline dataset, or what a generator made. The columns
 * are kept as they are given, not copied and not saved: `state` is that of the draws.
 */
export class FixedDataset implements Source {
  readonly size: number
  readonly #columns: DatasetColumns
  readonly #fields: readonly { readonly name: string; readonly data: Data; readonly size: number }[]
  readonly #synthetic: boolean
  readonly #rng: Pcg64

  /** @throws RepriseError RPR_SHAPE for columns of different length */
  constructor(columns: DatasetColumns, { seed, synthetic = false }: { seed: number; synthetic?: boolean }) {
    const size = columns.reward.length
    checkOption('reward.length', size, size < 2 ** 31, 'at most 2^31 - 1 rows')
    this.size = size
    this.#columns = columns
    this.#fields = Object.entries(columns.fields).map(([name, data]) => {
      const width = size === 0 ? 1 : data.length / size
      if (!Number.isInteger(width)) throw misfit(name, data.length, size)
      return { name, data, size: width }
    })
    for (const [name, leaves] of Object.entries({ observation: columns.observation, next: columns.nextObservation }))
      for (const leaf of leaves)
        if (leaf.data.length !== size * leaf.size) throw misfit(`${name} '${leaf.path}'`, leaf.data.length, size)
    if (columns.discount.length !== size) throw misfit('discount', columns.discount.length, size)
    if (columns.steps && columns.steps.length !== size) throw misfit('steps', columns.steps.length, size)
    this.#synthetic = synthetic
    this.#rng = new Pcg64(seed)
  }

  allocate(rows: number): Batch {
    const { observation, nextObservation } = this.#columns
    return {
      ...allocateDrawnRows(rows),
      observation: allocateColumns(observation, rows),
      nextObservation: allocateColumns(nextObservation, rows),
      fields: Object.fromEntries(this.#fields.map(({ name, data, size }) => [name, like(data, rows * size)])),
      reward: new Float32Array(rows),
      discount: new Float32Array(rows),
      steps: new Int32Array(rows),
    }
  }

  /** @throws RepriseError RPR_REPLAY_EMPTY where there are no rows */
  draw(batch: Batch, _context: DrawContext): void {
    const { rows, handles, reward, discount, steps } = batch
    const { slots } = handles
    const columns = this.#columns
    if (this.size === 0) refuseEmpty(0, rows)
    for (let i = 0; i < rows; i++) slots[i] = this.#rng.integers(this.size)
    for (let i = 0; i < rows; i++) {
      const slot = slots[i]!
      reward[i] = columns.reward[slot]!
      discount[i] = columns.discount[slot]!
      steps[i] = columns.steps ? columns.steps[slot]! : 1
    }
    gather(columns.observation, slots, rows, batch.observation)
    gather(columns.nextObservation, slots, rows, batch.nextObservation)
    for (let c = 0; c < this.#fields.length; c++) {
      const { name, data, size } = this.#fields[c]!
      gatherRows(data, data, size, slots, rows, batch.fields[name] as Data, size, 0)
    }
    handles.generations.fill(0)
    batch.probabilities.fill(1 / this.size)
    batch.weights.fill(1)
    batch.source.fill(0)
    batch.synthetic.fill(this.#synthetic ? 1 : 0)
  }

  metrics(_context: DrawContext): Record<string, number> {
    return { size: this.size }
  }

  state(): Serializable {
    return { rows: this.size, rng: this.#rng.state() }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH for a dataset of another size */
  load(state: Serializable): void {
    const saved = fit.record(state)
    const rows = fit.integer(saved, 'rows')
    if (rows !== this.size) throw fit.error(`it is of a dataset of ${rows} rows, here are ${this.size}`)
    this.#rng.setState(saved['rng'] as unknown as PcgState)
  }
}

function gather(from: Columns, slots: Int32Array, rows: number, out: Columns): void {
  for (let c = 0; c < from.length; c++) {
    const { data, size } = from[c]!
    gatherRows(data, data, size, slots, rows, out[c]!.data, size, 0)
  }
}

function like(data: Data, length: number): Data {
  if (data instanceof Float32Array) return allocate('float32', length)
  if (data instanceof Float64Array) return allocate('float64', length)
  return data instanceof Int32Array ? allocate('int32', length) : allocate('uint8', length)
}

function misfit(name: string, length: number, rows: number): RepriseError {
  return new RepriseError('RPR_SHAPE', `Column ${name} has ${length} elements, which do not fit ${rows} rows.`, {
    value: length,
    hint: 'Every column holds as many rows as there are rewards.',
  })
}
