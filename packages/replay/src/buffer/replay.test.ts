import { Pcg64, type RepriseError, type Serializable } from '@reprise/core'
import { expect, test } from 'vitest'
import { START } from '../draw-context.ts'
import { UniformSelector } from '../select/uniform-selector.ts'
import { RingStore } from '../store/ring-store.ts'
import { schema } from '../testing/history.ts'
import { base, draws, ROWS, Session } from '../testing/replays.ts'
import { SequenceView } from '../view/sequence.ts'
import { createReplay } from './create-replay.ts'
import { Replay } from './replay.ts'

function errorOf(run: () => unknown): RepriseError {
  try {
    run()
  } catch (error) {
    return error as RepriseError
  }
  throw new Error('nothing was thrown')
}

test.each(Object.entries(draws))('%s: draws only live items with their own columns, weights in (0, 1]', (_, draw) => {
  const session = new Session({ draw }).collect(150)
  const { replay, history } = session
  const batch = replay.allocate(ROWS)
  for (let i = 0; i < 50; i++) {
    replay.draw(batch, session.context)
    const steps = new Map(history.streams.flat().map((step) => [step.id, step]))
    for (let row = 0; row < ROWS; row++) {
      const step = steps.get(batch.fields['action']![row] as number)!
      expect(batch.observation[0]!.data[2 * row]).toBe(step.observation)
      expect(replay.has(batch.handles.slots[row]!)).toBe(true)
      expect(batch.weights[row]).toBeGreaterThan(0)
      expect(batch.weights[row]).toBeLessThanOrEqual(1)
      expect(batch.probabilities[row]).toBeGreaterThan(0)
    }
    replay.feedback(batch, { tdError: batch.reward })
    session.collect(1)
  }
})

test('an empty replay, and too few items without replacement, are refused', () => {
  const batch = new Session({}).replay.allocate(ROWS)
  expect(errorOf(() => new Session({}).replay.draw(batch, START)).code).toBe('RPR_REPLAY_EMPTY')
  const session = new Session({ draw: { kind: 'uniform', replacement: false } }).collect(2)
  expect(errorOf(() => session.replay.draw(batch, START)).code).toBe('RPR_REPLAY_EMPTY')
})

test('feedback on overwritten rows is ignored and counted; in strict mode it throws and changes nothing', () => {
  for (const strict of [false, true]) {
    const { replay, history } = new Session({ capacity: 30, draw: draws['proportional']! }, 1, { strict }).collect(10)
    const batch = replay.allocate(ROWS)
    replay.draw(batch, START)
    for (let i = 0; i < 5; i++) replay.add(history.advance())
    // Five of the ten transitions of every stream have been replaced since.
    const old = [...batch.handles.slots].filter((slot) => slot % replay.store.perStream < 5).length
    const before = JSON.stringify(replay.selector.state())
    const feed = () => replay.feedback(batch, { tdError: new Float32Array(ROWS).fill(-2) })
    if (strict) {
      expect(errorOf(feed).code).toBe('RPR_REPLAY_STALE')
      expect(JSON.stringify(replay.selector.state())).toBe(before)
    } else {
      expect(feed()).toEqual({ applied: ROWS - old, stale: old, synthetic: 0 })
      expect(replay.metrics(START)).toMatchObject({ stale: old, stale_share: old / ROWS })
    }
  }
})

test('NaN, infinities and negative scores are refused with their rows before anything changes', () => {
  const { replay } = new Session({ draw: draws['proportional']! }).collect(60)
  const batch = replay.allocate(4)
  replay.draw(batch, START)
  const before = JSON.stringify(replay.selector.state())
  const cases = [
    { tdError: [1, Number.NaN, 2, Number.POSITIVE_INFINITY] },
    { score: [0, -1, 1, Number.NEGATIVE_INFINITY] },
  ]
  for (const signal of cases) {
    const error = errorOf(() => replay.feedback(batch, signal))
    expect([error.code, error.value]).toEqual(['RPR_REPLAY_SCORE', [1, 3]])
    expect(error.message).toContain('rows 1, 3')
  }
  expect(errorOf(() => replay.feedback(batch, { tdError: [1] })).code).toBe('RPR_SHAPE')
  expect(errorOf(() => replay.feedback(batch, {})).code).toBe('RPR_SHAPE')
  expect(JSON.stringify(replay.selector.state())).toBe(before)
})

test('of rows with the same item the last one counts, synthetic rows are left alone', () => {
  const { replay } = new Session({ draw: draws['lap']! }).collect(60)
  const batch = replay.allocate(3)
  const twin = replay.allocate(3)
  replay.draw(batch, START)
  batch.handles.slots.fill(batch.handles.slots[0]!)
  batch.handles.generations.fill(batch.handles.generations[0]!)
  batch.synthetic[2] = 1
  expect(replay.feedback(batch, { tdError: [7, 3, 9] })).toEqual({ applied: 2, stale: 0, synthetic: 1 })
  const once = new Session({ draw: draws['lap']! }).collect(60).replay
  once.draw(twin, START)
  twin.handles.slots.set(batch.handles.slots)
  twin.handles.generations.set(batch.handles.generations)
  twin.synthetic.set([1, 0, 1])
  once.feedback(twin, { tdError: [0, 3, 0] })
  const draw = (from: Replay) => {
    from.draw(twin, START)
    return [...twin.probabilities, ...twin.handles.slots]
  }
  expect(draw(replay)).toEqual(draw(once))
})

test('withLatest: the newest transition of each stream is in every batch', () => {
  const session = new Session({ withLatest: true, draw: draws['proportional']! }).collect(10)
  const { replay, history } = session
  const batch = replay.allocate(8)
  for (let i = 0; i < 100; i++) {
    session.collect(1)
    replay.draw(batch, START)
    expect([...(batch.fields['action'] as Int32Array).subarray(0, 3)]).toEqual(history.streams.map((s) => s.at(-1)!.id))
    expect([...batch.weights.subarray(0, 3)]).toEqual([1, 1, 1])
  }
  expect(errorOf(() => replay.draw(replay.allocate(2), START)).code).toBe('RPR_REPLAY_CONFIG')
})

test('maxUses: no item is drawn in a later batch once it has served its draws', () => {
  const { replay } = new Session({}, 1, { maxUses: 3 }).collect(60)
  const batch = replay.allocate(ROWS)
  const uses = new Map<number, number>()
  while (replay.size > 0) {
    const worn = new Set([...uses].filter(([, n]) => n >= 3).map(([slot]) => slot))
    replay.draw(batch, START)
    for (const slot of batch.handles.slots) {
      expect(worn.has(slot)).toBe(false)
      uses.set(slot, (uses.get(slot) ?? 0) + 1)
    }
  }
  expect(uses.size).toBe(180)
})

test('frames are stacked when drawn, with the first frame repeated before an episode', () => {
  const session = new Session({}, 1, { frameStack: 4 }).collect(40)
  const batch = session.replay.allocate(64)
  session.replay.draw(batch, START)
  expect(batch.observation[0]!.shape).toEqual([4, 2])
  const steps = new Map(session.history.streams.flat().map((step) => [step.id, step]))
  for (let row = 0; row < 64; row++) {
    const step = steps.get(batch.fields['action']![row] as number)!
    const episode = session.history.episodes[step.episode]!
    for (let k = 0; k < 4; k++) {
      const wanted = episode[Math.max(0, step.step - 3 + k)]!.observation
      expect(batch.observation[0]!.data[2 * (4 * row + k)]).toBe(wanted)
    }
  }
})

test('an interrupted episode is bootstrapped from the observation that waited', () => {
  const { replay, history } = new Session({ nSteps: 5, gamma: 0.5 }).collect(3)
  const cut = history.streams.map((steps) => steps.at(-1)!)
  const open = cut.filter(({ terminated, truncated }) => !terminated && !truncated).length
  expect(replay.interrupt()).toBe(open)
  history.interrupt()
  for (let i = 0; i < 5; i++) replay.add(history.advance())
  const batch = replay.allocate(1)
  for (const [s, step] of cut.entries()) {
    batch.handles.slots[0] = s * replay.store.perStream + 2
    replay.view.gather(batch)
    expect(batch.nextObservation[0]!.data[0]).toBe(step.next)
    expect([batch.steps[0], batch.discount[0]]).toEqual([1, step.terminated ? 0 : 0.5])
  }
})

test('a reverse draw counts interrupted episodes as finished', () => {
  const { replay, history } = new Session({ nSteps: 1, draw: draws['reverse']! }, 1, {}, 1)
  const add = (ends: boolean) => {
    const step = history.advance()
    replay.add({ ...step, terminated: [0], truncated: [Number(ends)] })
  }
  for (const _ of [0, 1, 2]) add(false)
  expect(replay.interrupt()).toBe(1)
  add(true)
  add(false)
  const batch = replay.allocate(1)
  const seen = new Set<number>()
  for (let i = 0; i < 100; i++) {
    replay.draw(batch, START)
    seen.add(batch.handles.slots[0]!)
  }
  expect([...seen].sort()).toEqual([0, 1, 2, 3])
})

test('sequences are drawn with priorities like any item', () => {
  const store = new RingStore(schema, { capacity: 300, streams: 3 })
  const view = new SequenceView(store, { length: 6, burnIn: 2, storedState: ['memory'] })
  const replay = new Replay({ view, draw: new UniformSelector(store.slots), rng: new Pcg64(1) })
  const { history } = new Session({})
  for (let i = 0; i < 200; i++) replay.add(history.advance())
  const batch = replay.allocate(32)
  replay.draw(batch, START)
  expect([batch.length, batch.burnIn, batch.mask.length]).toEqual([6, 2, 192])
  for (let row = 0; row < 32; row++) expect(batch.initial['memory']![2 * row]).toBe(batch.fields['action']![6 * row])
})

test('parts that do not fit together are refused', () => {
  const goals = { reward: () => 0, terminated: () => false }
  const hindsight = { strategy: 'future', perReal: 4 } as const
  const make = (config: object, extras = {}) =>
    errorOf(() => createReplay({ ...base, nSteps: 1, ...config }, schema, 2, new Pcg64(1), extras)).code
  expect(make({ hindsight })).toBe('RPR_REPLAY_CONFIG')
  expect(make({ hindsight }, { goals })).toBe('RPR_REPLAY_CONFIG')
  expect(make({ draw: { ...draws['proportional'], replacement: false } })).toBe('RPR_REPLAY_CONFIG')
  expect(make({ draw: { kind: 'uniform', replacement: false }, withLatest: true })).toBe('RPR_REPLAY_CONFIG')
  expect(make({ draw: { kind: 'reverse' }, withLatest: true })).toBe('RPR_REPLAY_CONFIG')
  expect(make({ nSteps: 0 })).toBe('RPR_OPTION_RANGE')
  expect(make({ gamma: 1.1 })).toBe('RPR_OPTION_RANGE')
  expect(make({ capacity: 1e12 })).toBe('RPR_REPLAY_TOO_LARGE')
})

test.each(Object.entries(draws))('%s: the next 1 000 draws after save and restore are bit-identical', (_, draw) => {
  // A ring that has been around, and one that is not full.
  for (const [capacity, collected, count] of [
    [200, 150, 1000],
    [5000, 60, 100],
  ] as const) {
    const one = new Session({ draw, capacity }).collect(collected)
    one.draw(20)
    const two = new Session({ draw, capacity }).collect(collected)
    two.draw(20)
    // Another seed: everything has to come from the state.
    const fresh = createReplay({ ...base, draw, capacity }, schema, 3, new Pcg64(99))
    fresh.load(structuredClone(two.replay.state()) as Serializable)
    expect(fresh.state()).toEqual(two.replay.state())
    Object.assign(two, { replay: fresh })
    expect(two.draw(count)).toBe(one.draw(count))
    expect(fresh.state()).toEqual(one.replay.state())
  }
})

test('a state of other items, parts or size is refused', () => {
  const { replay } = new Session({}).collect(50)
  const state = replay.state() as Record<string, Serializable>
  const code = (other: Session, saved: Serializable) => errorOf(() => other.replay.load(saved)).code
  expect(code(new Session({ capacity: 300 }), state)).toBe('RPR_STATE_MISMATCH')
  expect(code(new Session({}, 1, { frameStack: 2 }), state)).toBe('RPR_STATE_MISMATCH')
  expect(code(new Session({ draw: draws['proportional']! }), state)).toBe('RPR_STATE_MISMATCH')
  expect(code(new Session({}), 'no')).toBe('RPR_STATE_MISMATCH')
  for (const name of Object.keys(state)) {
    // No transforms are what this replay has.
    for (const value of [null, 'x', 3, new Uint8Array(2), name === 'transforms' ? [1] : [], {}])
      expect(code(new Session({}), { ...state, [name]: value })).toBe('RPR_STATE_MISMATCH')
  }
})
