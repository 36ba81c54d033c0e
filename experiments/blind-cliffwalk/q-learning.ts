/** Tabular Q-learning from the memory of a Blind Cliffwalk, one transition per update. */
import { Pcg64, SeedSequence } from '@reprise/core'
import { type BlindCliffwalkTable, blindCliffwalkTable } from '@reprise/diagnostic'
import { createSelector, type DrawConfig, type Picks, START } from '@reprise/replay'
import { type Chooser, Greedy, Oracle } from './choosers.ts'

/** How transitions are chosen: a draw of the replay package, or one that only a study can use. */
export type Draw = DrawConfig | { readonly kind: 'greedy' } | { readonly kind: 'oracle' }

export const STEP_SIZE = 1 / 4
/** Standard deviation of the first values. */
const INITIAL_DEVIATION = 0.1
/** Mean squared error at which the values count as learnt. */
const LEARNT = 1e-3

export interface Learning {
  readonly length: number
  readonly seed: number
  readonly draw: Draw
  readonly maxUpdates: number
}

/**
 * Updates until the mean squared error over all states and actions is below 1e-3; undefined where `maxUpdates` did not
 * suffice. First values and the order of the memory follow from seed and length alone.
 */
export function updatesToLearn({ length, seed, draw, maxUpdates }: Learning): number | undefined {
  const table = blindCliffwalkTable(length)
  const [forValues, forDraws] = new SeedSequence([seed, length]).spawn(2)
  const rng = new Pcg64(forValues!)
  const q = Float64Array.from({ length: 2 * length }, () => INITIAL_DEVIATION * rng.normal())
  const memory = Int32Array.from({ length: table.size }, (_, i) => i)
  rng.shuffle(memory)
  const chooser = chooserOf(draw, table, q, new Pcg64(forDraws!))
  const { state, action, reward, next, gamma, values } = table
  let error = squaredError(q, values)
  for (let update = 1; update <= maxUpdates; update++) {
    const place = chooser.next()
    const transition = draw.kind === 'oracle' ? place : memory[place]!
    const pair = 2 * state[transition]! + action[transition]!
    const s = next[transition]!
    const target = reward[transition]! + (s < 0 ? 0 : gamma * Math.max(q[2 * s]!, q[2 * s + 1]!))
    const tdError = target - q[pair]!
    const before = q[pair]! - values[pair]!
    q[pair]! += STEP_SIZE * tdError
    const after = q[pair]! - values[pair]!
    error += after * after - before * before
    chooser.replayed(place, tdError)
    if (error >= LEARNT * q.length) continue
    // The running sum has rounded: count anew before believing it.
    error = squaredError(q, values)
    if (error < LEARNT * q.length) return update
  }
  return undefined
}

function squaredError(q: Float64Array, values: Float64Array): number {
  let sum = 0
  for (let i = 0; i < q.length; i++) sum += (q[i]! - values[i]!) ** 2
  return sum
}

function chooserOf(draw: Draw, table: BlindCliffwalkTable, q: Float64Array, rng: Pcg64): Chooser {
  if (draw.kind === 'greedy') return new Greedy(table.size)
  if (draw.kind === 'oracle') return new Oracle(table, q, STEP_SIZE)
  const selector = createSelector(draw, table.size)
  for (let slot = 0; slot < table.size; slot++) selector.insert(slot, { episode: slot, step: 0, last: true })
  const picks: Picks = { slots: new Int32Array(1), probabilities: new Float64Array(1) }
  return {
    next() {
      selector.pick(picks, 1, rng, START)
      return picks.slots[0]!
    },
    replayed: (transition, tdError) => selector.update(transition, Math.abs(tdError)),
  }
}
