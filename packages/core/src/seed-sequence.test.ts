import { describe, expect, it } from 'vitest'
import { SeedSequence } from './seed-sequence.ts'

// NumPy 2.4.6: SeedSequence(entropy, spawn_key=key).generate_state(n)
const golden: [entropy: number | number[], key: number[], words: number[]][] = [
  [0, [], [2968811710, 3677149159, 745650761, 2884920346, 2642120001, 549907821, 574372308, 742431198]],
  [42, [], [3444837047, 2669555309, 2046530742, 3581440988, 1691623607, 2099784219, 1184028159, 862288241]],
  [2 ** 32, [], [3964924996, 1358922860, 3894904162, 2051610843]],
  [2 ** 53 - 1, [], [3367776697, 1170575226, 2422347966, 3181658150, 1605020015, 1122250651]],
  [[1, 2, 3], [], [3822189696, 3026158655, 540542919, 1119972918]],
  [[1, 2 ** 40, 3, 4, 5, 6], [], [3122356525, 643704665, 3839167119, 618749596, 2285639034]],
  [42, [0], [2684470948, 3757501821, 1691896351, 1126406280, 582891163, 2626738939, 1947662993, 2013088630]],
  [42, [3, 1], [3430172136, 2933820158, 113560675, 2998554867]],
  [2 ** 40 + 7, [2 ** 33], [3955380227, 840103217, 1888860441, 923099350]],
]

describe('SeedSequence', () => {
  it.each(golden)('equals NumPy for %j with key %j', (entropy, spawnKey, words) => {
    const sequence = new SeedSequence(entropy, { spawnKey })
    expect([...sequence.generateState(words.length)]).toEqual(words)
    expect([...sequence.generateState(2)]).toEqual(words.slice(0, 2))
  })

  it('spawns as NumPy, going on where the last spawn ended', () => {
    const root = new SeedSequence(7)
    const children = [...root.spawn(2), ...root.spawn(1)]
    expect(children.map((child) => child.spawnKey)).toEqual([[0], [1], [2]])
    expect([...children[2]!.generateState(2)]).toEqual([3831650445, 4088273801])
    expect([...children[2]!.spawn(1)[0]!.generateState(2)]).toEqual([1685402102, 1386913335])
    const restored = new SeedSequence(7, { spawned: root.spawned })
    expect(restored.spawn(1)[0]!.spawnKey).toEqual([3])
  })

  it('refuses what is no seed', () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])
      expect(() => new SeedSequence(seed)).toThrow(/seed of/)
  })

  it('differs from run to run when it comes from the system, and its entropy reproduces it', () => {
    const one = SeedSequence.fromSystem()
    expect(one.generateState(4)).not.toEqual(SeedSequence.fromSystem().generateState(4))
    expect(new SeedSequence(one.entropy).generateState(4)).toEqual(one.generateState(4))
  })
})
