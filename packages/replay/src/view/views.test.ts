import { type Columns, Pcg64, type Serializable, type TypedArray } from '@reprise/core'
import { decodeState, encodeState } from '@reprise/storage'
import { expect, test } from 'vitest'
import type { Batch } from '../batch.ts'
import { RingStore } from '../store/ring-store.ts'
import { History, maskOf, schema } from '../testing/history.ts'
import { episodeItems, nStepItems, sequenceItems } from '../testing/oracle.ts'
import { type EpisodeBatch, EpisodeView } from './episode.ts'
import { NStepView } from './n-step.ts'
import { type SequenceBatch, SequenceView } from './sequence.ts'
import type { DrawnRows, View } from './view.ts'

/** gamma 1/2 and rewards in eighths: every sum is exact. */
const GAMMA = 0.5
const kind = {
  magic: 'TESTVIEW',
  version: 1,
  what: 'a test',
  corrupt: 'RPR_REPLAY_CORRUPT',
  outdated: 'RPR_REPLAY_VERSION',
  hint: '',
} as const

/** A view with the items that it has reported. */
class Watched<V extends View<DrawnRows>> {
  readonly view: V
  readonly items = new Set<number>()

  constructor(view: V) {
    this.view = view
    for (let slot = 0; slot < view.store.slots; slot++) if (view.eligible(slot)) this.items.add(slot)
  }

  onWrite(): void {
    this.view.onWrite({
      insert: (slot) => {
        if (this.items.has(slot)) throw new Error(`slot ${slot} inserted twice`)
        this.items.add(slot)
      },
      remove: (slot) => this.items.delete(slot),
    })
  }

  /** All items as one batch, in the order of the slots. */
  gather<B extends DrawnRows>(): B | undefined {
    const eligible = Array.from({ length: this.view.store.slots }, (_, slot) => slot).filter((slot) =>
      this.view.eligible(slot),
    )
    same(
      'eligible slots',
      [...this.items].sort((a, b) => a - b),
      eligible,
    )
    if (eligible.length === 0) return undefined
    const batch = this.view.allocate(eligible.length)
    batch.handles.slots.set(eligible)
    this.view.gather(batch)
    return batch as B
  }
}

/** Cheaper than `expect` for millions of comparisons. */
function same(
  what: string,
  actual: number | boolean | ArrayLike<number>,
  wanted: number | boolean | ArrayLike<number>,
): void {
  if (typeof actual === 'object' && typeof wanted === 'object') {
    let equal = actual.length === wanted.length
    for (let i = 0; i < wanted.length && equal; i++) equal = actual[i] === wanted[i]
    if (equal) return
  } else if (actual === wanted) return
  throw new Error(`${what}: ${JSON.stringify(actual)}, wanted ${JSON.stringify(wanted)}`)
}

/** Row `at` of the observations, `wanted.length` frames per row. */
function sameObservation(columns: Columns, at: number, wanted: readonly number[]): void {
  for (let k = 0; k < wanted.length; k++) {
    const row = at * wanted.length + k
    same('observation', columns[0]!.data[2 * row]!, wanted[k]!)
    same('observation', columns[0]!.data[2 * row + 1]!, wanted[k]! + 0.5)
    same('observation', columns[1]!.data[row]!, wanted[k]! % 251)
  }
}

function sameMask(masks: TypedArray, at: number, observation: number): void {
  for (let k = 0; k < 3; k++) same('mask', masks[3 * at + k] as number, maskOf(observation, k))
}

interface Setup {
  readonly n: number
  readonly frames: number
  readonly length: number
  readonly period: number
  readonly maxLength: number
}

function watch(store: RingStore, { n, frames, length, period, maxLength }: Setup) {
  return {
    plain: new Watched(new NStepView(store, { n, gamma: GAMMA })),
    stacked: new Watched(new NStepView(store, { n, gamma: GAMMA, frameStack: frames })),
    whole: new Watched(new NStepView(store, { n, gamma: GAMMA, wholeEpisodes: true })),
    sequences: new Watched(new SequenceView(store, { length, period, storedState: ['memory'] })),
    episodes: new Watched(new EpisodeView(store, { maxLength })),
  }
}

function checkAll(history: History, views: ReturnType<typeof watch>, setup: Setup): number {
  const { store } = views.plain.view
  const room = store.perStream - 1
  same(
    'size',
    store.size,
    history.streams.reduce((sum, all) => sum + Math.min(room, all.length), 0),
  )
  return (
    checkTransitions(history, views.plain, setup.n, 1, false) +
    checkTransitions(history, views.stacked, setup.n, setup.frames, false) +
    checkTransitions(history, views.whole, setup.n, 1, true) +
    checkSequences(history, views.sequences, setup) +
    checkEpisodes(history, views.episodes, setup)
  )
}

function checkTransitions(
  history: History,
  watched: Watched<NStepView>,
  n: number,
  frames: number,
  whole: boolean,
): number {
  const { view } = watched
  const wanted = nStepItems(history, view.store.perStream - 1, n, GAMMA, frames, whole)
  const batch = watched.gather<Batch>()
  same('transitions', batch?.rows ?? 0, wanted.length)
  if (batch === undefined) return 0
  const byId = new Map(wanted.map((item) => [item.id, item]))
  const { action, mask, nextMask } = batch.fields as Record<string, Int32Array>
  for (let row = 0; row < batch.rows; row++) {
    const item = byId.get(action![row]!)!
    byId.delete(item.id)
    sameObservation(batch.observation, row, item.observation)
    sameObservation(batch.nextObservation, row, item.next)
    same('reward', batch.reward[row]!, item.reward)
    same('discount', batch.discount[row]!, item.discount)
    // A slot that a ring comes back to for the g-th time has given up g transitions before.
    same('generation', batch.handles.generations[row]!, Math.floor(item.order / view.store.perStream))
    same('steps', batch.steps[row]!, item.steps)
    sameMask(mask!, row, item.observation.at(-1)!)
    sameMask(nextMask!, row, item.next.at(-1)!)
  }
  return batch.rows
}

function checkSequences(history: History, watched: Watched<SequenceView>, { length, period }: Setup): number {
  const { store } = watched.view
  const wanted = sequenceItems(history, store.perStream - 1, length, period)
  const batch = watched.gather<SequenceBatch>()
  same('sequences', batch?.rows ?? 0, wanted.length)
  if (batch === undefined) return 0
  const byId = new Map(wanted.map((item) => [item[0]!.id, item]))
  const { action, mask } = batch.fields as Record<string, Int32Array>
  const [pose, poseByte] = batch.observation
  const none = { id: 0, reward: 0, terminated: false, truncated: false }
  for (let row = 0; row < batch.rows; row++) {
    const item = byId.get(batch.initial['memory']![2 * row] as number)!
    byId.delete(item[0]!.id)
    same('steps', batch.steps[row]!, item.length)
    for (let t = 0; t < length; t++) {
      const at = row * length + t
      const step = item[t] ?? none
      same('mask', batch.mask[at]!, t < item.length ? 1 : 0)
      same('action', action![at]!, step.id)
      same('reward', batch.reward[at]!, step.reward)
      same('terminated', batch.terminated[at]!, Number(step.terminated))
      same('truncated', batch.truncated[at]!, Number(step.truncated))
    }
    for (let t = 0; t <= length; t++) {
      const at = row * (length + 1) + t
      const number = t < item.length ? item[t]!.observation : t === item.length ? item.at(-1)!.next : undefined
      same('observation', pose!.data[2 * at]!, number ?? 0)
      same('observation', pose!.data[2 * at + 1]!, number === undefined ? 0 : number + 0.5)
      same('observation', poseByte!.data[at]!, (number ?? 0) % 251)
      sameMask(mask!, at, number ?? 0)
    }
  }
  return batch.rows
}

function checkEpisodes(history: History, watched: Watched<EpisodeView>, { maxLength }: Setup): number {
  const wanted = episodeItems(history, watched.view.store.perStream - 1, maxLength)
  const batch = watched.gather<EpisodeBatch>()
  same('episodes', batch?.rows ?? 0, wanted.length)
  if (batch === undefined) return 0
  const byId = new Map(wanted.map((item) => [item[0]!.id, item]))
  const { action } = batch.fields as Record<string, Int32Array>
  for (let row = 0; row < batch.rows; row++) {
    const [begin, end] = [batch.offsets[row]!, batch.offsets[row + 1]!]
    const item = byId.get(action![begin]!)!
    byId.delete(item[0]!.id)
    same(
      'actions',
      action!.subarray(begin, end),
      item.map(({ id }) => id),
    )
    same(
      'rewards',
      batch.reward.subarray(begin, end),
      item.map(({ reward }) => reward),
    )
    for (const [k, { observation }] of item.entries())
      same('observation', batch.observation[0]!.data[2 * (begin + k)]!, observation)
    same('final', batch.finalObservation[0]!.data[2 * row]!, item.at(-1)!.next)
    same('terminated', batch.terminated[row]!, Number(item.at(-1)!.terminated))
    same(
      'return',
      batch.returns[row]!,
      item.reduce((sum, { reward }) => sum + reward, 0),
    )
  }
  return batch.rows
}

/** One random sequence of adds, repeated deliveries, interrupts and restores. */
function fuzz(seed: number): number {
  const rng = new Pcg64(seed)
  const streams = 1 + rng.integers(3)
  const capacity = 7 + rng.integers(34)
  const keyed = rng.random() < 0.25
  let store = new RingStore(schema, { capacity, streams })
  const room = store.perStream - 1
  const within = (n: number) => Math.min(room, n)
  const setup: Setup = {
    n: 1 + rng.integers(5),
    frames: within(1 + rng.integers(4)),
    length: within(1 + rng.integers(6)),
    period: 1 + rng.integers(6),
    maxLength: within(1 + rng.integers(20)),
  }
  const chances = {
    terminated: rng.random() * 0.3,
    truncated: rng.random() * 0.2,
    skipped: rng.random() < 0.5 ? 0 : 0.7,
  }
  const history = new History(streams, rng, chances, keyed)
  let views = watch(store, setup)
  const written = () => {
    for (const view of Object.values(views)) view.onWrite()
  }
  const operations = 1 + rng.integers(2 * room + 6)
  let rows = 0
  for (let i = 0; i < operations; i++) {
    const choice = rng.random()
    if (choice < 0.03) {
      same('cut', store.interrupt(), history.interrupt())
      written()
    } else if (choice < 0.04) {
      const saved = decodeState(encodeState(store.state(), kind), 'state', kind)
      store = new RingStore(schema, { capacity, streams })
      store.load(saved as Serializable)
      views = watch(store, setup)
    } else {
      const step = history.advance()
      store.add(step)
      written()
      if (keyed && rng.random() < 0.2) {
        const { stored, duplicates, skipped } = store.add(step)
        same('again', [stored, duplicates + skipped], [0, streams])
        written()
      }
    }
    if (i === operations - 1 || rng.random() < 0.02) rows += checkAll(history, views, setup)
  }
  return rows
}

test('every item of every view equals a brute-force oracle over 10 000 random histories (wrap, n-step, sequence, episode)', () => {
  let rows = 0
  for (let seed = 0; seed < 10_000; seed++) {
    try {
      rows += fuzz(seed)
    } catch (cause) {
      throw new Error(`seed ${seed}: ${(cause as Error).message}`, { cause })
    }
  }
  expect(rows).toBeGreaterThan(500_000)
}, 300_000)
