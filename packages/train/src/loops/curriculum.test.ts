import type { TaskChoice } from '@reprise/algorithms'
import { Pcg64 } from '@reprise/core'
import { expect, it } from 'vitest'
import { Curriculum } from './curriculum.ts'
import type { Played } from './group-collector.ts'
import type { Task } from './tasks.ts'

const choice: TaskChoice = {
  ...{ selection: 'difficulty', target: 0.5, width: 0.05, explore: 0.1, decay: 0.98, filter: null },
  ...{ budget: 0, budgetFor: 'allFail', budgetStep: 4, budgetMax: 32 },
}
/** Task i succeeds with probability i / 10. */
const tasks: Task[] = Array.from({ length: 11 }, (_, seed) => ({ seed }))

function played(drawn: readonly Task[], rng: Pcg64): Played {
  const group = Int32Array.from({ length: 8 * drawn.length }, (_, e) => Math.floor(e / 8))
  const outcomes = Float64Array.from(group, (g) => (rng.random() < drawn[g]!.seed / 10 ? 1 : 0))
  return { tasks: drawn, episodes: { numEpisodes: group.length, group, outcomes } } as unknown as Played
}

/** How often each task is played in 300 batches of 2. */
function counts(changes: Partial<TaskChoice>): number[] {
  const rng = new Pcg64(3)
  const curriculum = new Curriculum({ ...choice, ...changes }, tasks, new Pcg64(1))
  const found = new Array<number>(11).fill(0)
  for (let i = 0; i < 300; i++) {
    const drawn = curriculum.draw(2)
    expect(new Set(drawn).size).toBe(2)
    for (const { seed } of drawn) found[seed]!++
    curriculum.record(played(drawn, rng))
    curriculum.metrics()
  }
  return found
}

const share = (found: readonly number[], from: number, to: number) =>
  found.slice(from, to + 1).reduce((a, b) => a + b, 0) / 600

it('difficulty plays tasks near the target, whatever it is; variance those between', () => {
  expect(share(counts({}), 4, 6)).toBeGreaterThan(0.7)
  expect(share(counts({ target: 0.1 }), 0, 2)).toBeGreaterThan(0.7)
  expect(share(counts({ target: 0.9 }), 8, 10)).toBeGreaterThan(0.7)
  const variance = counts({ selection: 'variance' })
  expect(share(variance, 3, 7)).toBeGreaterThan(1.3 * (5 / 11))
  expect(Math.min(...counts({ explore: 0.3 }))).toBeGreaterThan(5)
})

it('more groups than tasks: all are played, and some again', () => {
  const drawn = new Curriculum(choice, tasks.slice(0, 3), new Pcg64(1)).draw(8)
  expect(new Set(drawn).size).toBe(3)
  expect(drawn.length).toBe(8)
})

it('goes on from its saved state, and refuses that of other tasks', () => {
  const rng = new Pcg64(3)
  const one = new Curriculum(choice, tasks, new Pcg64(1))
  for (let i = 0; i < 20; i++) one.record(played(one.draw(3), rng))
  const saved = structuredClone(one.save())
  const other = new Curriculum(choice, tasks, new Pcg64(9))
  other.load(saved)
  for (let i = 0; i < 5; i++) expect(other.draw(3)).toEqual(one.draw(3))
  const fewer = new Curriculum(choice, tasks.slice(1), new Pcg64(9))
  expect(() => fewer.load(saved)).toThrow(expect.objectContaining({ code: 'RPR_STATE_MISMATCH' }))
})
