/**
 * A source made of sources: real and generated experience, fresh and stored data, one replay per task. The rows of a batch
 * lie part after part, in the order of the parts, drawn in place: nothing is copied.
 */
import { parseSchedule, RepriseError, type Serializable } from '@reprise/core'
import type { Batch, FeedbackReport, Signal } from '../batch.ts'
import { readSignal } from '../buffer/feedback.ts'
import type { DrawContext } from '../draw-context.ts'
import { checkOption, fit } from '../select/state.ts'
import type { Source } from '../source.ts'
import { layoutOf, rowRange } from './row-range.ts'
import { shareOut } from './shares.ts'

export interface MixPart {
  /** In metrics (`real_size`) and in saved state. Letters, digits and `_`; no two parts have the same. */
  readonly name: string
  readonly source: Source
  /** Share of a batch, in [0, 1], or a schedule over the run. Every part but the first, which takes what remains, has one. */
  readonly ratio?: number | string
  /** Items that it must hold to be drawn from. Default: as many as rows are wanted of it. */
  readonly least?: number
  /** Marks its rows as generated: they get no feedback. Default: as its source marks them. */
  readonly synthetic?: boolean
}

/** The rows of one part in a batch. */
interface Range {
  readonly batch: Batch
  /** Its part of a signal. */
  readonly values: Float64Array
}

/** How a batch was last divided. */
interface Division {
  readonly counts: Int32Array
  readonly ranges: (Range | undefined)[]
}

export class Mix implements Source {
  readonly parts: readonly MixPart[]
  readonly #ratio: readonly ((progress: number) => number)[]
  readonly #ratios: Float64Array
  readonly #sizes: Float64Array
  readonly #least: Float64Array
  readonly #counts: Int32Array
  readonly #out: Uint8Array
  /** Rows that each part gave to the last draw. */
  readonly #last: Int32Array
  readonly #divisions = new WeakMap<Batch, Division>()

  /**
   * @throws RepriseError RPR_REPLAY_CONFIG for no parts, equal names, ratios above 1 in sum or parts with other columns;
   *   RPR_OPTION_RANGE
   */
  constructor(parts: readonly MixPart[]) {
    checkParts(parts)
    this.parts = parts
    this.#ratio = parts.map(({ ratio }) => parseSchedule(ratio ?? 0))
    this.#ratios = new Float64Array(parts.length)
    this.#sizes = new Float64Array(parts.length)
    this.#least = Float64Array.from(parts, ({ least }) => least ?? -1)
    this.#counts = new Int32Array(parts.length)
    this.#out = new Uint8Array(parts.length)
    this.#last = new Int32Array(parts.length)
    for (const progress of [0, 1]) this.#setRatios(progress)
  }

  get size(): number {
    let size = 0
    for (let i = 0; i < this.parts.length; i++) size += this.parts[i]!.source.size
    return size
  }

  allocate(rows: number): Batch {
    return this.parts[0]!.source.allocate(rows)
  }

  /**
   * Fills `batch` with rows of every part: see `shareOut`. Importance weights are those of each part's own draw.
   * @throws RepriseError RPR_REPLAY_EMPTY with all counts where no part holds enough
   */
  draw(batch: Batch, context: DrawContext): void {
    const { parts } = this
    const counts = this.#counts
    this.#setRatios(context.progress)
    for (let i = 0; i < parts.length; i++) this.#sizes[i] = parts[i]!.source.size
    if (!shareOut(batch.rows, this.#ratios, this.#sizes, this.#least, counts, this.#out)) this.#refuse(batch.rows)
    const { ranges } = this.#divide(batch)
    this.#last.set(counts)
    // Parts need not write what they leave at its default, and other parts may have written there before.
    batch.weights.fill(1)
    batch.synthetic.fill(0)
    for (let i = 0; i < parts.length; i++) {
      const part = ranges[i]?.batch
      if (part === undefined) continue
      parts[i]!.source.draw(part, context)
      part.source.fill(i)
      if (parts[i]!.synthetic) part.synthetic.fill(1)
    }
  }

  /**
   * Passes each part the signals of its rows. Rows of parts that take no feedback are not counted.
   * @throws RepriseError RPR_REPLAY_SCORE or RPR_SHAPE, before anything changes; RPR_REPLAY_CONFIG for a strange batch
   */
  feedback(batch: Batch, signal: Signal): FeedbackReport {
    const division = this.#divisions.get(batch)
    if (division === undefined)
      throw new RepriseError('RPR_REPLAY_CONFIG', 'Feedback came for a batch that this mix has not drawn.', {
        hint: 'Give back the batch that draw() filled.',
      })
    const values = readSignal(signal, batch.rows)
    const total = { applied: 0, stale: 0, synthetic: 0 }
    let from = 0
    for (let i = 0; i < this.parts.length; i++) {
      const range = division.ranges[i]
      if (range === undefined) continue
      const { source, synthetic } = this.parts[i]!
      const { rows } = range.batch
      if (synthetic) total.synthetic += rows
      else if (source.feedback) {
        const own = range.values
        for (let row = 0; row < rows; row++) own[row] = values[from + row]!
        const report = source.feedback(range.batch, signal.score === undefined ? { tdError: own } : { score: own })
        total.applied += report.applied
        total.stale += report.stale
        total.synthetic += report.synthetic
      }
      from += rows
    }
    return total
  }

  /** The metrics of the parts behind their names, and the rows that each gave to the last draw: `real_rows`. */
  metrics(context: DrawContext): Record<string, number> {
    const metrics: Record<string, number> = { size: this.size }
    for (const [i, { name, source }] of this.parts.entries()) {
      metrics[`${name}_rows`] = this.#last[i]!
      for (const [key, value] of Object.entries(source.metrics(context))) metrics[`${name}_${key}`] = value
    }
    return metrics
  }

  state(): Serializable {
    return { parts: Object.fromEntries(this.parts.map(({ name, source }) => [name, source.state()])) }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH for other parts */
  load(state: Serializable): void {
    const saved = fit.record(fit.record(state)['parts'] ?? null)
    const names = this.parts.map(({ name }) => name)
    if (Object.keys(saved).sort().join() !== [...names].sort().join())
      throw fit.error(`it is of a mix of ${Object.keys(saved).join(', ')}, here of ${names.join(', ')}`)
    for (const { name, source } of this.parts) source.load(saved[name]!)
  }

  #setRatios(progress: number): void {
    let rest = 1
    for (let i = 1; i < this.parts.length; i++) {
      const ratio = this.#ratio[i]!(progress)
      this.#ratios[i] = ratio
      rest -= ratio
      if (!(ratio >= 0 && rest >= -1e-9)) this.#refuseRatios(progress)
    }
    this.#ratios[0] = Math.max(0, rest)
  }

  /** The batch as ranges of `#counts` rows; made anew only where the counts have changed. */
  #divide(batch: Batch): Division {
    const counts = this.#counts
    const known = this.#divisions.get(batch)
    if (known !== undefined && equal(known.counts, counts)) return known
    let from = 0
    const ranges = Array.from(counts, (rows): Range | undefined => {
      if (rows === 0) return undefined
      const part = rowRange(batch, from, rows)
      from += rows
      return { batch: part, values: new Float64Array(rows) }
    })
    const division = { counts: counts.slice(), ranges }
    this.#divisions.set(batch, division)
    return division
  }

  #refuse(rows: number): never {
    const held = this.parts.map(({ name, source, least }) => {
      return `${name} holds ${source.size}${least === undefined ? '' : ` of at least ${least}`}`
    })
    throw new RepriseError('RPR_REPLAY_EMPTY', `No part of the mix can give ${rows} rows: ${held.join(', ')}.`, {
      value: this.size,
      hint: 'Store more first, draw fewer rows, or lower `least` of a part.',
    })
  }

  #refuseRatios(progress: number): never {
    const given = this.parts.slice(1).map(({ name, ratio }) => `${name} ${ratio}`)
    throw new RepriseError(
      'RPR_REPLAY_CONFIG',
      `The ratios ${given.join(', ')} leave the first part less than nothing at progress ${progress}.`,
      { value: given, hint: 'Each is >= 0 and their sum is <= 1.' },
    )
  }
}

function checkParts(parts: readonly MixPart[]): void {
  const config = (message: string, value: unknown, hint: string) =>
    new RepriseError('RPR_REPLAY_CONFIG', message, { value, hint })
  if (parts.length === 0 || parts.length > 256)
    throw config(`A mix of ${parts.length} parts is not possible.`, parts.length, 'It takes 1 to 256.')
  const layout = layoutOf(parts[0]!.source.allocate(1))
  for (const [i, { name, source, ratio, least }] of parts.entries()) {
    checkOption('name', name, /^\w+$/.test(name), 'letters, digits and _')
    if (parts.findIndex((part) => part.name === name) !== i)
      throw config(`Two parts of a mix are called '${name}'.`, name, 'Give each a name of its own.')
    if ((ratio === undefined) !== (i === 0))
      throw config(
        i === 0 ? `The first part, '${name}', has a ratio.` : `Part '${name}' has no ratio.`,
        ratio,
        'The first part takes what remains; each of the others has a ratio.',
      )
    checkOption('least', least, least === undefined || (Number.isSafeInteger(least) && least >= 1), 'an integer >= 1')
    const own = layoutOf(source.allocate(1))
    if (own === layout) continue
    throw config(
      `Part '${name}' has other columns (${own}) than '${parts[0]!.name}' (${layout}).`,
      own,
      'All parts of a mix give the same columns.',
    )
  }
}

function equal(a: Int32Array, b: Int32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
