import { allocateColumns, type GoalSpec, leaf, Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import type { Batch } from '../batch.ts'
import { START } from '../draw-context.ts'
import { RingStore } from '../store/ring-store.ts'
import { NStepView } from '../view/n-step.ts'
import { EpisodeReader } from './episode-reader.ts'
import { type HindsightOptions, hindsight } from './hindsight.ts'

/** Sorted as a Dict's leaves are. `observation` says which one it is: episode number and step. */
const LEAVES = [
  leaf('achieved_goal', 'int32', [1]),
  leaf('desired_goal', 'int32', [1]),
  leaf('observation', 'int32', [2]),
]
const goals: GoalSpec = {
  reward: (achieved, desired) => (achieved[0] === desired[0] ? 0 : -1 - Math.abs(achieved[0]! - desired[0]!)),
  terminated: (achieved, desired) => achieved[0] === desired[0],
}

interface Episode {
  /** Achieved goal of each observation, the last one included. */
  readonly achieved: number[]
  readonly desired: number
  readonly rewards: number[]
  /** 0 goes on, 1 task ended, 2 cut. */
  end: 0 | 1 | 2
}

/** Random episodes in a real store, and their whole history beside it. */
class World {
  readonly streams: number
  readonly store: RingStore
  readonly history: Episode[] = []
  readonly #open: number[]
  readonly #rng: Pcg64
  readonly #columns: readonly Batch['observation'][]

  constructor(streams: number, capacity: number, seed: number) {
    this.streams = streams
    this.store = new RingStore({ observation: LEAVES, fields: {} }, { capacity, streams })
    this.#open = new Array<number>(streams).fill(-1)
    this.#rng = new Pcg64(seed)
    this.#columns = [0, 1, 2].map(() => allocateColumns(LEAVES, streams))
  }

  step(): void {
    const [first, next, final] = this.#columns as [Batch['observation'], Batch['observation'], Batch['observation']]
    const reward = new Float32Array(this.streams)
    const terminated = new Uint8Array(this.streams)
    const truncated = new Uint8Array(this.streams)
    const rng = this.#rng
    const put = (columns: Batch['observation'], row: number, number: number, step: number) => {
      const episode = this.history[number]!
      columns[0]!.data[row] = episode.achieved[step]!
      columns[1]!.data[row] = episode.desired
      columns[2]!.data.set([number, step], 2 * row)
    }
    for (let row = 0; row < this.streams; row++) {
      if (this.#open[row]! < 0) {
        this.#open[row] = this.history.length
        this.history.push({ achieved: [rng.integers(6)], desired: rng.integers(6), rewards: [], end: 0 })
      }
      const number = this.#open[row]!
      const episode = this.history[number]!
      const at = episode.rewards.length
      put(first, row, number, at)
      episode.achieved.push(rng.integers(6))
      episode.rewards.push(goals.reward([episode.achieved[at + 1]!], [episode.desired]))
      const dies = rng.integers(12) === 0
      const done = dies || episode.achieved[at + 1] === episode.desired
      const cut = rng.integers(8) === 0
      episode.end = done ? 1 : cut ? 2 : 0
      reward[row] = episode.rewards[at]!
      terminated[row] = done ? 1 : 0
      truncated[row] = cut ? 1 : 0
      if (done || cut) {
        put(final, row, number, at + 1)
        this.#open[row] = -1
      } else put(next, row, number, at + 1)
    }
    this.store.add({
      ...{ observation: first, nextObservation: next, finalObservation: final },
      ...{ fields: {}, reward, terminated, truncated },
    })
  }

  /** A batch of live slots. */
  batch(view: NStepView, rows: number): Batch | undefined {
    const live = [...this.store.flags.keys()].filter((slot) => view.eligible(slot))
    if (live.length === 0) return undefined
    const batch = view.allocate(rows)
    for (let i = 0; i < rows; i++) batch.handles.slots[i] = live[this.#rng.integers(live.length)]!
    view.gather(batch)
    return batch
  }
}

function copyOf(batch: Batch) {
  const observation = (columns: Batch['observation'], row: number) => ({
    achieved: columns[0]!.data[row]!,
    desired: columns[1]!.data[row]!,
    episode: columns[2]!.data[2 * row]!,
    step: columns[2]!.data[2 * row + 1]!,
  })
  return Array.from({ length: batch.rows }, (_, row) => ({
    now: observation(batch.observation, row),
    next: observation(batch.nextObservation, row),
    reward: batch.reward[row]!,
    discount: batch.discount[row]!,
    steps: batch.steps[row]!,
  }))
}

/** What a row is under another goal, from the history alone. */
function relabelled(episode: Episode, step: number, n: number, gamma: number, goal: number) {
  let reward = 0
  let m = 0
  let discount = 1
  while (m < n && step + m < episode.rewards.length) {
    const achieved = episode.achieved[step + m + 1]!
    reward += gamma ** m * goals.reward([achieved], [goal])
    m++
    discount *= gamma
    if (achieved === goal) return { reward, steps: m, discount: 0 }
  }
  const last = step + m === episode.rewards.length
  const died = last && episode.end === 1 && episode.achieved[step + m] !== episode.desired
  return { reward, steps: m, discount: died ? 0 : discount }
}

describe('conformance 10: hindsight against the whole history', () => {
  it.each(['future', 'final', 'episode'] as const)('%s', (strategy) => {
    let checked = 0
    let replaced = 0
    for (let seed = 0; seed < 24; seed++) {
      const rng = new Pcg64(1000 + seed)
      const streams = 1 + (seed % 3)
      const world = new World(streams, 7 + rng.integers(34), seed)
      const n = 1 + rng.integers(4)
      const gamma = 0.9
      const view = new NStepView(world.store, { n, gamma, wholeEpisodes: seed % 2 === 0 })
      const transform = hindsight({ store: world.store, goals, strategy, perReal: 4, gamma })
      for (let t = 0; t < 120; t++) {
        world.step()
        const batch = world.batch(view, 8)
        if (batch === undefined) continue
        const before = copyOf(batch)
        transform.apply(batch, rng, START)
        for (const [row, after] of copyOf(batch).entries()) {
          checked++
          const { episode: number, step } = before[row]!.now
          const episode = world.history[number]!
          const goal = after.now.desired
          const kept = goal === episode.desired && JSON.stringify(after) === JSON.stringify(before[row])
          if (!kept) replaced++
          const stepsBefore = new EpisodeReader(world.store).stepsBefore(batch.handles.slots[row]!)
          const { length } = episode.achieved
          const from = strategy === 'future' ? step + 1 : strategy === 'final' ? length - 1 : step - stepsBefore + 1
          const { steps, reward, discount } = relabelled(episode, step, n, gamma, goal)
          const expected = {
            now: { achieved: episode.achieved[step], desired: goal, episode: number, step },
            next: { achieved: episode.achieved[step + steps], desired: goal, episode: number, step: step + steps },
            ...{ reward: Math.fround(reward), discount: Math.fround(discount), steps },
          }
          const near = Math.abs(after.reward - reward) < 1e-5 && Math.abs(after.discount - discount) < 1e-6
          const rest = (row: object) => JSON.stringify({ ...row, reward: 0, discount: 0 })
          const legal = kept || episode.achieved.slice(from).includes(goal)
          // Told apart only where it is wrong: half a million assertions would take half a minute.
          if (!(legal && near && rest(after) === rest(expected)))
            expect({ ...after, legal }).toEqual({ ...expected, legal: true })
        }
      }
    }
    expect(checked).toBeGreaterThan(15_000)
    expect(replaced).toBeGreaterThan(8_000)
  })
})

/** One stream with one finished episode whose observation k achieves k; desired 99. */
function ladder(length: number): RingStore {
  const store = new RingStore({ observation: LEAVES, fields: {} }, { capacity: 64, streams: 1 })
  const put = (step: number) => {
    const columns = allocateColumns(LEAVES, 1)
    columns[0]!.data[0] = step
    columns[1]!.data[0] = 99
    return columns
  }
  for (let step = 0; step < length; step++) {
    store.add({
      observation: put(step),
      nextObservation: put(step + 1),
      finalObservation: put(step + 1),
      fields: {},
      reward: [-1],
      terminated: [0],
      truncated: [step === length - 1 ? 1 : 0],
    })
  }
  return store
}

function drawAt(store: RingStore, slot: number, rows: number, options: Partial<HindsightOptions> = {}) {
  const view = new NStepView(store, { n: 1, gamma: 0.9 })
  const batch = view.allocate(rows)
  batch.handles.slots.fill(slot)
  view.gather(batch)
  const transform = hindsight({ store, goals, strategy: 'future', perReal: 4, gamma: 0.9, ...options })
  transform.apply(batch, new Pcg64(5), START)
  return batch
}

describe('conformance 10: hindsight draws', () => {
  it.each([
    [1, 0.5],
    [4, 0.8],
    [9, 0.9],
  ])('a share of k / (k + 1) of the rows, k = %i', (perReal, share) => {
    const desired = drawAt(ladder(10), 3, 50_000, { perReal }).observation[1]!.data as Int32Array
    const replaced = desired.reduce((sum, goal) => sum + Number(goal !== 99), 0)
    expect(Math.abs(replaced / 50_000 - share)).toBeLessThan(0.01)
  })

  it.each([
    ['future', [4, 5, 6, 7, 8, 9, 10]],
    ['episode', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    ['final', [10]],
  ] as const)('%s goals uniformly, and only the right ones', (strategy, legal) => {
    const desired = drawAt(ladder(10), 3, 40_000, { strategy, perReal: 1e9 }).observation[1]!.data as Int32Array
    const counts = new Map<number, number>()
    for (const goal of desired) counts.set(goal, (counts.get(goal) ?? 0) + 1)
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual(legal)
    const mean = 40_000 / legal.length
    let chi = 0
    for (const count of counts.values()) chi += (count - mean) ** 2 / mean
    // The 0.999 quantile at 9 degrees of freedom.
    expect(chi).toBeLessThan(27.9)
  })

  it('the next state itself: reward 0 and no bootstrap, though the step was none', () => {
    const batch = drawAt(ladder(10), 9, 100, { perReal: 1e9 })
    expect([...new Set(batch.reward)]).toEqual([0])
    expect([...new Set(batch.discount)]).toEqual([0])
  })

  it('leaves synthetic rows and the store alone', () => {
    const store = ladder(10)
    const saved = JSON.stringify(store.state())
    const view = new NStepView(store, { n: 1, gamma: 0.9 })
    const batch = view.allocate(4)
    view.gather(batch)
    batch.synthetic.fill(1)
    hindsight({ store, goals, strategy: 'final', perReal: 1e9, gamma: 0.9 }).apply(batch, new Pcg64(0), START)
    expect([...batch.observation[1]!.data]).toEqual([99, 99, 99, 99])
    batch.synthetic.fill(0)
    hindsight({ store, goals, strategy: 'final', perReal: 1e9, gamma: 0.9 }).apply(batch, new Pcg64(0), START)
    expect([...batch.observation[1]!.data]).toEqual([10, 10, 10, 10])
    expect(JSON.stringify(store.state())).toBe(saved)
  })
})

describe('hindsight refuses', () => {
  const make = (observation = LEAVES, options: Partial<HindsightOptions> = {}) => {
    const store = new RingStore({ observation, fields: {} }, { capacity: 8, streams: 1 })
    return hindsight({ store, goals, strategy: 'future', perReal: 4, gamma: 0.9, ...options })
  }

  it('observations without goals, or goals that differ in size', () => {
    expect(() => make([leaf('', 'float32', [2])])).toThrow(/needs an observation with 'achieved_goal'/)
    expect(() => make([LEAVES[0]!, leaf('desired_goal', 'int32', [2])])).toThrow(
      /int32 \[1\], desired_goal int32 \[2\]/,
    )
  })

  it('shares, discounts and strategies out of range', () => {
    expect(() => make(LEAVES, { perReal: 0 })).toThrow(/'perReal' = 0/)
    expect(() => make(LEAVES, { gamma: 1.5 })).toThrow(/'gamma' = 1.5/)
    expect(() => make(LEAVES, { strategy: 'past' as 'final' })).toThrow(/future, final, episode/)
  })

  it('stacked frames', () => {
    const store = ladder(5)
    const view = new NStepView(store, { n: 1, gamma: 0.9, frameStack: 2 })
    const batch = view.allocate(1)
    view.gather(batch)
    const transform = hindsight({ store, goals, strategy: 'future', perReal: 4, gamma: 0.9 })
    expect(() => transform.apply(batch, new Pcg64(0), START)).toThrow(/without frameStack/)
  })
})
