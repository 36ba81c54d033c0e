/**
 * Hindsight experience replay (Andrychowicz et al. 2017): in a share of the drawn rows the goal is replaced by one that
 * the same episode achieved, and reward and discount are worked out anew. Works on the drawn copy; nothing stored changes.
 */
import { allocate, type Column, type GoalSpec, type LeafSpec, type Pcg64, RepriseError } from '@reprise/core'
import type { Batch } from '../batch.ts'
import type { DrawContext } from '../draw-context.ts'
import { checkOption } from '../select/state.ts'
import type { Transform } from '../source.ts'
import type { RingStore } from '../store/ring-store.ts'
import { EpisodeReader } from './episode-reader.ts'

export interface HindsightOptions {
  /** Its observations have the leaves `achieved_goal` and `desired_goal`, of equal type and size. */
  readonly store: RingStore
  readonly goals: GoalSpec
  /**
   * Which achieved goal: `future`, uniform over what the episode achieved from the row's first step on, its next
   * observation included; `final`, the last one; `episode`, uniform over all of them. An episode that still goes on
   * counts as far as it is stored.
   */
  readonly strategy: 'future' | 'final' | 'episode'
  /** k: replaced rows per row that keeps its goal, so that a share of k / (k + 1) is replaced. > 0 */
  readonly perReal: number
  /** Discount per step, in [0, 1]: that of the view which gathers the rows. */
  readonly gamma: number
}

/**
 * The transform. In a replaced row of m steps, reward is the sum of gamma^j times the reward of each next observation
 * under the new goal; where one of them ends the task, the row ends there (`steps`, `nextObservation`, discount 0).
 * A row that had ended for another reason than its own goal stays ended. Synthetic rows are left alone.
 * @throws RepriseError RPR_REPLAY_CONFIG without the two goals, RPR_OPTION_RANGE for perReal or gamma
 */
export function hindsight(options: HindsightOptions): Transform {
  return new Hindsight(options)
}

const STRATEGIES = ['future', 'final', 'episode']

class Hindsight implements Transform {
  readonly #store: EpisodeReader
  readonly #goals: GoalSpec
  readonly #strategy: 'future' | 'final' | 'episode'
  readonly #share: number
  readonly #gamma: number
  /** Numbers of the two leaves. */
  readonly #achievedLeaf: number
  readonly #desiredLeaf: number
  /** One goal each: one that was achieved, the row's own, and the one that it is to have. */
  readonly #achieved: Column['data']
  readonly #own: Column['data']
  readonly #goal: Column['data']

  constructor({ store, goals, strategy, perReal, gamma }: HindsightOptions) {
    const { observation } = store.schema
    checkOption('perReal', perReal, perReal > 0 && Number.isFinite(perReal), 'a number > 0')
    checkOption('gamma', gamma, gamma >= 0 && gamma <= 1, 'a number in [0, 1]')
    checkOption('strategy', strategy, STRATEGIES.includes(strategy), `one of ${STRATEGIES.join(', ')}`)
    this.#store = new EpisodeReader(store)
    this.#goals = goals
    this.#strategy = strategy
    this.#share = perReal / (perReal + 1)
    this.#gamma = gamma
    this.#achievedLeaf = leafOf(observation, 'achieved_goal')
    this.#desiredLeaf = leafOf(observation, 'desired_goal')
    const { dtype, size } = observation[this.#achievedLeaf]!
    const desired = observation[this.#desiredLeaf]!
    if (desired.size !== size || desired.dtype !== dtype)
      throw new RepriseError(
        'RPR_REPLAY_CONFIG',
        `Hindsight cannot make goals of what was achieved: achieved_goal is ${dtype} [${size}], desired_goal ${desired.dtype} [${desired.size}].`,
        { value: desired.size, hint: 'Both need the same type and size.' },
      )
    this.#achieved = allocate(dtype, size)
    this.#own = allocate(dtype, size)
    this.#goal = allocate(dtype, size)
  }

  /** @throws RepriseError RPR_REPLAY_CONFIG for stacked frames */
  apply(batch: Batch, rng: Pcg64, _context: DrawContext): void {
    const { slots } = batch.handles
    const { size } = batch.observation[this.#desiredLeaf]!
    if (size !== this.#goal.length)
      throw new RepriseError(
        'RPR_REPLAY_CONFIG',
        `Hindsight found goals of ${size} elements in a batch, stored are ${this.#goal.length}.`,
        { value: size, hint: 'It works on single observations: draw without frameStack.' },
      )
    for (let row = 0; row < batch.rows; row++) {
      if (batch.synthetic[row] === 1 || rng.random() >= this.#share) continue
      const slot = slots[row]!
      this.#store.copyObservation(slot, this.#choose(slot, rng), this.#achievedLeaf, this.#goal, 0)
      this.#replace(batch, row, slot)
    }
  }

  /** How many steps after the slot's observation the goal is achieved. */
  #choose(slot: number, rng: Pcg64): number {
    const left = this.#store.stepsLeft(slot)
    if (this.#strategy === 'final') return left
    if (this.#strategy === 'future') return 1 + rng.integers(left)
    const before = this.#store.stepsBefore(slot)
    return 1 - before + rng.integers(before + left)
  }

  #replace(batch: Batch, row: number, slot: number): void {
    const goals = this.#goals
    const achieved = this.#achieved
    const goal = this.#goal
    const steps = batch.steps[row]!
    const endedOtherwise = batch.discount[row] === 0 && this.#gamma > 0 && !this.#endedByGoal(batch, row)
    writeRow(batch.observation[this.#desiredLeaf]!, row, goal)
    writeRow(batch.nextObservation[this.#desiredLeaf]!, row, goal)
    let reward = 0
    let factor = 1
    for (let step = 1; step <= steps; step++) {
      this.#store.copyObservation(slot, step, this.#achievedLeaf, achieved, 0)
      reward += factor * goals.reward(achieved, goal)
      factor *= this.#gamma
      if (!goals.terminated(achieved, goal)) continue
      if (step < steps) this.#shorten(batch, row, slot, step)
      factor = 0
      break
    }
    batch.reward[row] = reward
    batch.discount[row] = endedOtherwise ? 0 : factor
  }

  /** Whether the row's last observation ends the task under the goal that the row still has. */
  #endedByGoal(batch: Batch, row: number): boolean {
    readRow(batch.nextObservation[this.#achievedLeaf]!, row, this.#achieved)
    readRow(batch.nextObservation[this.#desiredLeaf]!, row, this.#own)
    return this.#goals.terminated(this.#achieved, this.#own)
  }

  /** The row ends after `step` of its steps. */
  #shorten(batch: Batch, row: number, slot: number, step: number): void {
    const next = batch.nextObservation
    for (let leaf = 0; leaf < next.length; leaf++) {
      if (leaf !== this.#desiredLeaf) this.#store.copyObservation(slot, step, leaf, next[leaf]!.data, row)
    }
    batch.steps[row] = step
  }
}

function leafOf(leaves: readonly LeafSpec[], path: string): number {
  const leaf = leaves.findIndex((candidate) => candidate.path === path)
  if (leaf >= 0) return leaf
  const paths = leaves.map((candidate) => `'${candidate.path}'`).join(', ')
  throw new RepriseError('RPR_REPLAY_CONFIG', `Hindsight needs an observation with '${path}'; here are ${paths}.`, {
    value: path,
    hint: 'The observation is a Dict with observation, achieved_goal and desired_goal.',
  })
}

function readRow({ data, size }: Column, row: number, out: Column['data']): void {
  for (let i = 0; i < size; i++) out[i] = data[row * size + i]!
}

function writeRow({ data, size }: Column, row: number, values: Column['data']): void {
  for (let i = 0; i < size; i++) data[row * size + i] = values[i]!
}
