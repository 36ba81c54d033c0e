import { Pcg64 } from '@reprise/core'
import { expect, test } from 'vitest'
import { START } from '../draw-context.ts'
import { picksOf } from '../testing/drive.ts'
import { chiSquare, chiSquareBound } from '../testing/statistics.ts'
import { ReverseSelector } from './reverse-selector.ts'

/** Episode e has e + 1 steps; slots in order. */
function filled(episodes: number) {
  const selector = new ReverseSelector(100)
  let slot = 0
  for (let episode = 0; episode < episodes; episode++)
    for (let step = 0; step <= episode; step++) selector.insert(slot++, { episode, step, last: step === episode })
  return selector
}

const first = (episode: number) => (episode * (episode + 1)) / 2

test('episodes are walked from last to first, across batches, and chosen uniformly', () => {
  const selector = filled(6)
  const rng = new Pcg64(1)
  const one = picksOf(1)
  const counts = new Float64Array(6)
  for (let k = 0; k < 1800; k++) {
    selector.pick(one, 1, rng, START)
    const episode = [0, 1, 2, 3, 4, 5].find((e) => one.slots[0]! < first(e + 1))!
    expect(one.slots[0]).toBe(first(episode) + episode)
    counts[episode]!++
    const rest = picksOf(episode)
    if (episode > 0) selector.pick(rest, episode, rng, START)
    expect([...rest.slots]).toEqual(Array.from({ length: episode }, (_, i) => first(episode) + episode - 1 - i))
  }
  expect(chiSquare(counts, Array(6).fill(300))).toBeLessThan(chiSquareBound(5))
})

test('a walk goes on past items that have left, and skips to another episode when its own is gone', () => {
  const selector = new ReverseSelector(10)
  for (let step = 0; step < 6; step++) selector.insert(step, { episode: 7, step, last: step === 5 })
  const rng = new Pcg64(1)
  const two = picksOf(2)
  selector.pick(two, 2, rng, START)
  expect([...two.slots]).toEqual([5, 4])
  selector.remove(3)
  selector.remove(0)
  selector.pick(two, 2, rng, START)
  expect([...two.slots]).toEqual([2, 1])
  selector.pick(two, 1, rng, START)
  expect(two.slots[0]).toBe(5)
  for (const slot of [1, 2, 4, 5]) selector.remove(slot)
  expect(selector.size).toBe(0)
  expect(() => selector.pick(two, 1, rng, START)).toThrow(expect.objectContaining({ code: 'RPR_REPLAY_EMPTY' }))
  selector.insert(9, { episode: 8, step: 0, last: false })
  selector.pick(two, 1, rng, START)
  expect(two.slots[0]).toBe(9)
})

test('episodes that still go on are chosen only while none is finished', () => {
  const selector = new ReverseSelector(10)
  const rng = new Pcg64(1)
  const one = picksOf(1)
  selector.insert(0, { episode: 0, step: 0, last: false })
  selector.pick(one, 1, rng, START)
  expect(one.slots[0]).toBe(0)
  selector.insert(1, { episode: 1, step: 0, last: true })
  for (let k = 0; k < 20; k++) {
    selector.pick(one, 1, rng, START)
    expect(one.slots[0]).toBe(1)
  }
})
