/** The rule of ARPO by its invariants, then each published rule as a configuration. */
import { Pcg64 } from '@reprise/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchOf, type GroupSpec, judge, marksOf, scoreMarks } from '../testing/grouped-episodes.ts'
import { ARPO_REPLAY, type EpisodeReplayConfig } from './config.ts'
import { type AssemblerPhase, GroupAssembler } from './group-assembler.ts'
import type { GroupedEpisodes } from './grouped-episodes.ts'

interface Given {
  groups?: number
  seed?: number
  phases?: AssemblerPhase[]
  verify?: (key: string) => boolean
}

function assembler(config: Partial<EpisodeReplayConfig> = {}, given: Given = {}) {
  return new GroupAssembler(
    { ...ARPO_REPLAY, ...config },
    {
      rng: new Pcg64(given.seed ?? 1),
      groups: given.groups ?? 2,
      score: scoreMarks,
      verify: async ({ key }) => given.verify?.(key) ?? true,
      onPhase: (phase) => given.phases?.push(phase),
    },
  )
}

/** One iteration as the loop makes it. */
async function iterate(a: GroupAssembler, batch: GroupedEpisodes, version = 0, planned = 0) {
  a.begin(version)
  return step(a, batch, planned)
}

async function step(a: GroupAssembler, batch: GroupedEpisodes, planned = 0) {
  const put = await a.inject(batch, judge(batch), planned)
  a.insert(batch, judge(batch), new Array(batch.numEpisodes).fill('{"seed":1}'))
  return a.correct(put)
}

const fail = (task = 7, size = 4): GroupSpec => ({ task, outcomes: new Array(size).fill(0) })
const storedMarks = (a: GroupAssembler, task = 7) => a.store.get(task).map(({ columns }) => columns['action']![0])

describe('ARPO', () => {
  it('puts one stored success in place of the first member of a group that failed', async () => {
    const a = assembler()
    const first = batchOf([{ task: 7, outcomes: [0, 1, 0, 0] }])
    a.begin(0)
    expect(await a.inject(first, judge(first))).toBe(first)
    a.insert(first, judge(first), ['{"seed":1}'])
    const second = batchOf([fail(7), fail(8)])
    const out = await iterate(a, second)
    expect(marksOf(out)).toEqual([marksOf(first)[1], ...marksOf(second).slice(1)])
    expect([...out.replay!.replayed]).toEqual([1, 0, 0, 0, 0, 0, 0, 0])
    expect([...out.group]).toEqual([...second.group])
    expect([...out.taskIds]).toEqual([...second.taskIds])
    expect([...out.outcomes]).toEqual([1, 0, 0, 0, 0, 0, 0, 0])
    expect(a.metrics()).toMatchObject({
      'replay/groups_all_fail': 2,
      'replay/groups_rescued': 1,
      'replay/rescue_rate': 0.5,
      'replay/injected_fraction': 1 / 8,
      'replay/buffer_tasks': 1,
      'replay/buffer_items': 1,
      'replay/item_age_mean': 1,
      'replay/item_age_max': 1,
      'replay/ratio_mean': expect.closeTo(Math.exp(0.5), 5),
    })
  })

  it('does things in its order: detect, inject, insert fresh, recompute', async () => {
    const phases: AssemblerPhase[] = []
    await iterate(assembler({}, { phases }), batchOf([fail()]))
    expect(phases).toEqual(['detect', 'inject', 'insert', 'recompute'])
  })

  it.each([
    [[0, 0, 0, 0], true],
    [[0.1, 0.1, 0.1, 0.1], true],
    [[0, 0, 0, 1], false],
    [[1, 1, 1, 1], false],
    // Population deviation 0.0433 and mean 0.025: failed. With 0.12 it is 0.052.
    [[0.1, 0, 0, 0], true],
    [[0.12, 0, 0, 0], false],
    // No difference, but the mean is not below 0.2.
    [[0.2, 0.2, 0.2, 0.2], false],
    [[0.19, 0.19, 0.19, 0.19], true],
  ])('outcomes %j are a group that failed: %s', async (outcomes, fires) => {
    const a = assembler()
    await iterate(a, batchOf([{ task: 7, outcomes: [1, 0, 0, 0] }]))
    const out = await iterate(a, batchOf([{ task: 7, outcomes }]))
    expect(out.replay !== undefined).toBe(fires)
  })

  it('looks at outcomes only, whatever the returns', async () => {
    const a = assembler()
    await iterate(a, batchOf([{ task: 7, outcomes: [1, 0, 0, 0] }]))
    const shaped = batchOf([{ task: 7, outcomes: [0, 0, 0, 0], returns: [5, 9, -3, 2] }])
    expect((await iterate(a, shaped)).replay?.replayed[0]).toBe(1)
    const rewarded = batchOf([{ task: 8, outcomes: [0, 0], returns: [50, 50] }])
    await iterate(a, rewarded)
    expect(a.store.count(8)).toBe(0)
  })

  it('stores what is above 0.1, not what equals it, and keeps the newest 8 of a task', async () => {
    const a = assembler()
    await iterate(a, batchOf([{ task: 7, outcomes: [0.1, 0.1000001, 0.05, 0] }]))
    expect(a.store.get(7).map(({ outcome }) => outcome)).toEqual([0.1000001])
    const batches = Array.from({ length: 3 }, () => batchOf([{ task: 7, outcomes: [1, 1, 1, 1] }]))
    for (const batch of batches) await iterate(a, batch)
    expect(storedMarks(a)).toEqual(batches.slice(1).flatMap(marksOf))
  })

  it('never gives a group what was played in the same iteration, also not in a second batch of it', async () => {
    const a = assembler()
    a.begin(0)
    const good = batchOf([{ task: 7, outcomes: [1, 0] }])
    const bad = batchOf([fail(7, 2)])
    expect(await a.inject(good, judge(good))).toBe(good)
    expect(await a.inject(bad, judge(bad))).toBe(bad)
    for (const batch of [good, bad]) a.insert(batch, judge(batch), ['', ''])
    expect((await iterate(a, batchOf([fail(7, 2)]))).replay).toBeDefined()
  })

  it('does not store what was put in a second time', async () => {
    const a = assembler()
    await iterate(a, batchOf([{ task: 7, outcomes: [1, 0] }]))
    for (let i = 0; i < 20; i++) await iterate(a, batchOf([fail(7, 2)]))
    expect(a.store.size).toBe(1)
    expect(a.store.metrics()['duplicates']).toBe(0)
  })

  it('draws uniformly among what a task has', async () => {
    const a = assembler()
    await iterate(a, batchOf([{ task: 7, outcomes: [1, 1, 1, 1] }]))
    const counts = new Map<number, number>()
    for (let i = 0; i < 800; i++) {
      const [mark] = marksOf(await iterate(a, batchOf([fail()])))
      counts.set(mark!, (counts.get(mark!) ?? 0) + 1)
    }
    expect(counts.size).toBe(4)
    let chi = 0
    for (const count of counts.values()) chi += (count - 200) ** 2 / 200
    expect(chi).toBeLessThan(16.3)
  })

  it('holds its invariants whatever is played', async () => {
    const outcome = fc.constantFrom(0, 0, 0, 0.05, 0.1, 0.15, 1)
    const group = fc.record({
      task: fc.integer({ min: 1, max: 3 }),
      outcomes: fc.array(outcome, { minLength: 1, maxLength: 5 }),
    })
    const history = fc.array(fc.array(group, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 1, max: 3 }), async (iterations, capacityPerTask) => {
        const a = assembler({ capacityPerTask })
        const before = new Set<number>()
        for (const groups of iterations) {
          const batch = batchOf(groups)
          const copy = structuredClone(batch)
          const out = await iterate(a, batch)
          expect(batch).toEqual(copy)
          const [was, is] = [marksOf(batch), marksOf(out)]
          expect([...out.group]).toEqual([...batch.group])
          expect([...out.taskIds]).toEqual([...batch.taskIds])
          for (let g = 0, e = 0; g < groups.length; e += groups[g]!.outcomes.length, g++) {
            const size = groups[g]!.outcomes.length
            const [old, now] = [was.slice(e, e + size), is.slice(e, e + size)]
            if (groups[g]!.outcomes.some((x) => x >= 0.2)) expect(now).toEqual(old)
            expect(now.slice(1)).toEqual(old.slice(1))
            if (now[0] !== old[0]) expect(before.has(now[0]!)).toBe(true)
          }
          for (const mark of was) before.add(mark)
          for (const task of a.store.groups) {
            expect(a.store.count(task)).toBeLessThanOrEqual(capacityPerTask)
            for (const { outcome } of a.store.get(task)) expect(outcome).toBeGreaterThan(0.1)
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  it('goes on after saving and loading as if nothing had happened', async () => {
    const rng = new Pcg64(3)
    const play = () => batchOf([0, 1].map((task) => ({ task, outcomes: [0, 0, rng.integers(3) === 0 ? 1 : 0] })))
    const a = assembler({}, { seed: 5 })
    for (let i = 0; i < 12; i++) await iterate(a, play())
    const b = assembler({}, { seed: 6 })
    b.load(structuredClone(a.state()))
    expect(b.state()).toEqual(a.state())
    // Both draw from generators in the same state from here on.
    const again = assembler({}, { seed: 6 })
    again.load(structuredClone(a.state()))
    for (let i = 0; i < 12; i++) {
      const batch = play()
      expect(await iterate(b, batch)).toEqual(await iterate(again, batch))
    }
    expect(b.state()).toEqual(again.state())
  })

  it('refuses without outcomes, and says what to do', async () => {
    const a = assembler()
    await expect(iterate(a, batchOf([{ task: 1, outcomes: [Number.NaN] }]))).rejects.toMatchObject({
      code: 'RPR_ENV_UNSUPPORTED',
      message: expect.stringContaining('outcomeFrom'),
    })
    const always = assembler({ trigger: 'always', insertThreshold: null })
    await iterate(always, batchOf([{ task: 1, outcomes: [Number.NaN], returns: [2] }]))
    expect(always.store.size).toBe(1)
  })
})

describe('switches', () => {
  const filled = async (config: Partial<EpisodeReplayConfig>, given?: Given) => {
    const a = assembler(config, given)
    const success = batchOf([{ task: 7, outcomes: [1, 0.6, 0.8] }])
    await iterate(a, success)
    return { a, marks: marksOf(success) }
  }

  it.each([
    ['never', [false, false, false]],
    ['allFail', [true, false, false]],
    ['zeroVariance', [true, false, true]],
    ['always', [true, true, true]],
  ] as const)('trigger %s', async (trigger, fires) => {
    for (const [i, outcomes] of [
      [0, 0],
      [0, 1],
      [1, 1],
    ].entries()) {
      const { a } = await filled({ trigger })
      expect((await iterate(a, batchOf([{ task: 7, outcomes }]))).replay !== undefined).toBe(fires[i])
    }
  })

  it.each([
    ['first', 0],
    ['last', 3],
  ] as const)('replaceIndex %s', async (replaceIndex, place) => {
    const { a } = await filled({ replaceIndex })
    expect((await iterate(a, batchOf([fail()]))).replay!.replayed.indexOf(1)).toBe(place)
  })

  it('replaceIndex random: anywhere', async () => {
    const { a } = await filled({ replaceIndex: 'random' })
    const places = new Set<number>()
    for (let i = 0; i < 60; i++) places.add((await iterate(a, batchOf([fail()]))).replay!.replayed.indexOf(1))
    expect(places.size).toBe(4)
  })

  it.each([
    ['recent', 2],
    ['highestReward', 0],
    ['lowestEntropy', 0],
  ] as const)('sampling %s', async (sampling, which) => {
    const { a, marks } = await filled({ sampling })
    expect(marksOf(await iterate(a, batchOf([fail()])))[0]).toBe(marks[which])
  })

  it('advantages unit: a group apart, of advantage 1; the fresh group stays as it was played', async () => {
    const { a, marks } = await filled({ advantages: 'unit', place: 'append' })
    const batch = batchOf([{ task: 3, outcomes: [0, 1] }, fail()])
    const put = await iterate(a, batch)
    expect([...put.group]).toEqual([0, 0, 1, 1, 1, 1, 2])
    expect(marksOf(put).slice(0, 6)).toEqual(marksOf(batch))
    expect(marks).toContain(marksOf(put)[6])
    expect([...put.replay!.frozen!]).toEqual([...new Array(6).fill(Number.NaN), 1])
  })

  it('sampling advantagePriority: in proportion to |advantage|', async () => {
    // Advantages 0.2, -0.2 and 0.
    const { a, marks } = await filled({ sampling: 'advantagePriority' })
    const drawn = new Set<number>()
    for (let i = 0; i < 60; i++) drawn.add(marksOf(await iterate(a, batchOf([fail()])))[0]!)
    expect([...drawn].sort()).toEqual([marks[0], marks[1]])
  })

  it('maxAge and maxPolicyLag: what is older is not replayed', async () => {
    for (const limit of [{ maxAge: 2 }, { maxPolicyLag: 20 }]) {
      const { a } = await filled(limit)
      const fires: boolean[] = []
      for (let i = 1; i <= 4; i++) fires.push((await iterate(a, batchOf([fail()]), 10 * i)).replay !== undefined)
      expect(fires).toEqual([true, true, false, false])
    }
  })

  it('oldLogProb: of now (fresh rows too), of then, both, or 0 (fresh rows keep theirs)', async () => {
    const factor = Math.exp(-0.5 + 1)
    for (const [oldLogProb, logProb, correction] of [
      ['recompute', -0.5, undefined],
      ['stored', -1, undefined],
      ['decoupled', -0.5, factor],
      ['one', 0, undefined],
    ] as const) {
      const { a } = await filled({ oldLogProb })
      const { columns, offsets, replay } = await iterate(a, batchOf([fail()]))
      const first = offsets[1]!
      columns['logProb']!.forEach((value, row) => {
        expect(value).toBe(row < first ? logProb : oldLogProb === 'recompute' ? -0.5 : -1)
        if (correction) expect(replay!.correction![row]).toBeCloseTo(row < first ? correction : 1, 6)
        else expect(replay!.correction).toBeUndefined()
      })
    }
  })

  it('verify: what does not play again as it is stored is given up, and another is taken', async () => {
    const { a, marks } = await filled({ verify: true, sampling: 'recent' }, { verify: (key) => key === '0' })
    expect(marksOf(await iterate(a, batchOf([fail()])))[0]).toBe(marks[0])
    expect(storedMarks(a)).toEqual([marks[0]])
    expect(a.metrics()['replay/refuted']).toBe(2)
  })

  it('demonstrations are replayed from the first iteration on, and only what succeeded is taken', async () => {
    const a = assembler()
    const episode = { columns: { observation: new Float32Array(4), action: Int32Array.of(-5, -5) }, length: 2 }
    a.seed(7, { ...episode, return: 1, outcome: 1 })
    a.seed(7, { ...episode, return: 0, outcome: 0 })
    const out = await iterate(a, batchOf([fail()]))
    expect(marksOf(out)[0]).toBe(-5)
    // Nobody knows how probable its actions were: their log-probs are those of now.
    expect([...out.columns['logProb']!.subarray(0, 2)]).toEqual([-0.5, -0.5])
    expect(a.store.size).toBe(1)
  })

  it('refuses options out of range', () => {
    for (const bad of [{ maxReplayPerGroup: 0 }, { share: 1 }, { maxAge: 0.5 }, { trigger: 'often' as never }])
      expect(() => assembler(bad)).toThrow(expect.objectContaining({ code: 'RPR_OPTION_RANGE' }))
  })
})

describe('other published rules', () => {
  it('RePO: everything stored, replayed beside the fresh once a prompt has enough, normalised apart, stored log-probs', async () => {
    const a = assembler({
      ...{ trigger: 'always', insertThreshold: null, capacityPerTask: 4, minStored: 4, maxReplayPerGroup: 2 },
      ...{ place: 'append', sampling: 'recent', oldLogProb: 'stored', advantages: 'split' },
    })
    const two = () => batchOf([{ task: 7, outcomes: [0, 1] }])
    const history = [two(), two()]
    for (const batch of history) expect((await iterate(a, batch)).replay).toBeUndefined()
    const fresh = two()
    const out = await iterate(a, fresh)
    expect(marksOf(out)).toEqual([...marksOf(fresh), ...marksOf(history[1]!).reverse()])
    expect([...out.group]).toEqual([0, 0, 1, 1])
    expect([...out.columns['logProb']!]).toEqual(new Array(out.offsets[4]).fill(-1))
    expect(a.store.size).toBe(4)
    expect(storedMarks(a)).toEqual([...marksOf(history[1]!), ...marksOf(fresh)])
  })

  it('RLEP: two of a pool of successes join every group; the pool does not change', async () => {
    const a = assembler({
      ...{ trigger: 'always', insertFresh: false, minStored: 2, maxReplayPerGroup: 2, capacityPerTask: null },
      ...{ place: 'append', sampling: 'random' },
    })
    const episode = (mark: number) => ({
      columns: { observation: new Float32Array(4), action: Int32Array.of(mark, mark) },
    })
    for (const mark of [-1, -2, -3]) a.seed(7, { ...episode(mark), length: 2, return: 1, outcome: 1 })
    a.seed(8, { ...episode(-4), length: 2, return: 1, outcome: 1 })
    const fresh = batchOf([{ task: 7, outcomes: [0, 1] }, fail(8, 2)])
    const out = await iterate(a, fresh)
    const marks = marksOf(out)
    expect([...out.group]).toEqual([0, 0, 0, 0, 1, 1])
    expect(new Set(marks.slice(2, 4)).size).toBe(2)
    expect(marks.slice(2, 4).every((mark) => mark >= -3 && mark <= -1)).toBe(true)
    expect(a.store.size).toBe(4)
  })

  it('LUFFY: one expert trace per group, and the ratio is the probability itself', async () => {
    const a = assembler({ trigger: 'always', insertFresh: false, oldLogProb: 'one' })
    const columns = { observation: new Float32Array(4), action: Int32Array.of(-1, -1) }
    a.seed(7, { columns, length: 2, return: 1, outcome: 1 })
    const out = await iterate(a, batchOf([{ task: 7, outcomes: [1, 0, 1] }]))
    expect([...out.replay!.replayed]).toEqual([1, 0, 0])
    expect([...out.columns['logProb']!.subarray(0, 2)]).toEqual([0, 0])
  })

  describe('ExGRPO', () => {
    const rule: Partial<EpisodeReplayConfig> = {
      ...{ trigger: 'always', share: 0.5, startAbove: 0.35, retireSolved: true, uniqueActions: true },
      ...{ sampling: 'lowestEntropy', oldLogProb: 'stored', capacityPerTask: null },
    }

    it('waits for a solve rate above 0.35, then half of the groups play stored tasks with the surest success', async () => {
      const a = assembler(rule, { groups: 4 })
      const one = batchOf([{ task: 1, outcomes: [1, 0, 0, 0] }])
      a.begin(0)
      await step(a, one)
      expect(a.begin(0)).toEqual([])
      const more = batchOf([
        { task: 2, outcomes: [1, 1, 0, 0] },
        { task: 3, outcomes: [0, 0, 0, 0] },
        { task: 4, outcomes: [1, 1, 1, 1] },
      ])
      await step(a, more)
      const origins = a.begin(0)
      expect(origins).toHaveLength(2)
      // Groups 0 and 1 are the planned ones; the third plays a task of its own and gets nothing.
      const fresh = batchOf([{ task: 2, outcomes: [1, 0] }, { task: 1, outcomes: [0, 1] }, fail(2, 2)])
      const out = await step(a, fresh, 2)
      expect([...out.replay!.replayed]).toEqual([1, 0, 1, 0, 0, 0])
      // Entropy rises with the number: the smaller of the two successes of task 2.
      expect(marksOf(out)[0]).toBe(marksOf(more)[0])
    })

    it('retires a task that was fully solved, and stores equal actions once', async () => {
      const a = assembler(rule)
      const batch = batchOf([{ task: 1, outcomes: [1, 0] }])
      const { columns } = batch
      await iterate(a, batch)
      await iterate(a, { ...batch, columns: { ...columns, observation: columns['observation']!.slice() } })
      expect(a.store.count(1)).toBe(1)
      await iterate(a, batchOf([{ task: 1, outcomes: [1, 1] }]))
      expect(a.store.count(1)).toBe(0)
    })

    it('prefers tasks that succeed half of the time', async () => {
      const a = assembler({ ...rule, startAbove: null, share: 0.1 }, { groups: 10 })
      const group = (task: number, k: number): GroupSpec => ({
        task,
        outcomes: Array.from({ length: 8 }, (_, i) => (i < k ? 1 : 0)),
      })
      const batch = batchOf([group(1, 1), group(2, 4), group(3, 7), group(4, 8)])
      a.begin(0)
      const put = await a.inject(batch, judge(batch))
      a.insert(put, judge(batch), ['1', '2', '3', '4'])
      const counts: Record<string, number> = {}
      for (let i = 0; i < 400; i++) for (const origin of a.begin(0)) counts[origin] = (counts[origin] ?? 0) + 1
      // exp(-(1 - 4)^2 / 2) = 0.011 of the weight of the middle.
      expect(counts['2']).toBeGreaterThan(360)
      expect(counts['4']).toBeUndefined()
    })
  })

  it('DOTS + RR: part of the batch is whole stored groups, the newest of each task, corrected exactly', async () => {
    const a = assembler(
      {
        ...{
          use: 'wholeGroups',
          trigger: 'always',
          share: 0.5,
          capacityPerTask: 1,
          capacity: 512,
          insertThreshold: null,
        },
        ...{ place: 'append', sampling: 'random', oldLogProb: 'decoupled' },
      },
      { groups: 4 },
    )
    const first = batchOf([
      { task: 1, outcomes: [0, 1] },
      { task: 2, outcomes: [0, 1] },
    ])
    const second = batchOf([
      { task: 1, outcomes: [1, 0] },
      { task: 3, outcomes: [0, 0] },
    ])
    expect((await iterate(a, first)).replay).toBeUndefined()
    expect((await iterate(a, second)).numEpisodes).toBe(8)
    expect(a.groupStore.groups.map(({ task }) => task)).toEqual([2, 1, 3])
    const fresh = batchOf([
      { task: 9, outcomes: [0, 1] },
      { task: 8, outcomes: [0, 1] },
    ])
    const out = await iterate(a, fresh)
    expect([...out.group]).toEqual([0, 0, 1, 1, 2, 2, 3, 3])
    expect([...out.replay!.replayed]).toEqual([0, 0, 0, 0, 1, 1, 1, 1])
    expect(new Set([...out.taskIds].slice(4)).size).toBe(2)
    const stored = [...marksOf(second), ...marksOf(first).slice(2)]
    expect(
      marksOf(out)
        .slice(4)
        .every((mark) => stored.includes(mark)),
    ).toBe(true)
    expect(out.replay!.correction![out.offsets[4]!]).toBeCloseTo(Math.exp(0.5), 5)
  })

  it('score heap: groups of equal rewards give way to stored groups, in proportion to score, with frozen advantages', async () => {
    const a = assembler({
      ...{ use: 'wholeGroups', trigger: 'zeroVariance', capacityPerTask: null, capacity: 2, eviction: 'lowestScore' },
      ...{ insertThreshold: null, insertMinAdvantage: 0, sampling: 'advantagePriority', advantages: 'frozen' },
      oldLogProb: 'stored',
    })
    const group = (task: number, returns: number[]): GroupSpec => ({ task, outcomes: returns.map(() => 0), returns })
    const fresh = batchOf([group(1, [0, 1]), group(2, [0, 3]), group(3, [1, 1]), group(4, [0, 2]), group(5, [0, 0.1])])
    await iterate(a, fresh)
    // Scores r^2 / 2: 0.5, 4.5, none, 2, 0.005. The two highest stay.
    expect(a.groupStore.groups.map(({ task, score }) => [task, score])).toEqual([
      [2, 4.5],
      [4, 2],
    ])
    const counts = [0, 0]
    for (let i = 0; i < 300; i++) {
      const out = await iterate(a, batchOf([group(8, [1, 0]), group(9, [4, 4])]))
      expect([...out.replay!.replayed]).toEqual([0, 0, 1, 1])
      const two = out.taskIds[2] === 2
      expect([...out.replay!.frozen!].slice(2)).toEqual(two ? [-1.5, 1.5] : [-1, 1])
      counts[two ? 0 : 1]!++
    }
    expect(counts[0]! / 300).toBeCloseTo(4.5 / 6.5, 1)
  })

  it('EFRame: episodes of large advantage make an update of their own every few iterations', async () => {
    const a = assembler({
      ...{ use: 'extraUpdate', trigger: 'always', every: 2, capacityPerTask: null, capacity: 3, oldLogProb: 'stored' },
      ...{ insertThreshold: null, insertMinAdvantage: 1, advantages: 'frozen' },
    })
    const batch = () => batchOf([{ task: 1, outcomes: [0, 0, 1], returns: [0, 0, 3] }])
    const [first, second] = [batch(), batch()]
    expect(await iterate(a, first)).toBe(first)
    expect(a.extra(first)).toBeUndefined()
    await iterate(a, second)
    // Of the advantages -1, -1 and 2 only the last is above 1; what was played in this iteration waits.
    const extra = a.extra(second)!
    expect(marksOf(extra)).toEqual([marksOf(first)[2]])
    expect([...extra.replay!.frozen!]).toEqual([2])
    expect(a.store.size).toBe(2)
  })
})
