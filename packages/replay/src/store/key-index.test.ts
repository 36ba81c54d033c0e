import { Pcg64 } from '@reprise/core'
import { expect, test } from 'vitest'
import { KeyIndex } from './key-index.ts'
import type { ItemKey } from './vector-step.ts'

const keyOf = (n: number): ItemKey => (n % 3 === 0 ? `item ${n}` : [n % 7, n % 5, n * 2 ** 30])

test('a key within the window is known, an older one forgotten, as in a list', () => {
  const rng = new Pcg64(5)
  for (const window of [1, 2, 7, 280]) {
    let index = new KeyIndex(window)
    const list: number[] = []
    for (let i = 0; i < 4 * window + 500; i++) {
      const n = rng.integers(3 * window + 5)
      const known = list.includes(n)
      expect(index.add(keyOf(n))).toBe(!known)
      if (!known) list.push(n)
      if (list.length > window) list.shift()
      expect(index.size).toBe(list.length)
      if (i % 97 === 0) {
        const restored = new KeyIndex(window)
        restored.load(index.state())
        index = restored
      }
    }
  }
})

test('integer keys, texts and shorter keys never equal each other', () => {
  const index = new KeyIndex(100)
  const keys: ItemKey[] = [[1], [1, 0], [1, 0, 0], [1, 0, 0, 0], '1', '1,0', [0], '', [2 ** 53 - 1], [2 ** 53 - 2]]
  for (const key of keys) expect(index.add(key)).toBe(true)
  for (const key of keys) expect(index.add(key)).toBe(false)
})

test('a saved index of another window is refused', () => {
  const large = new KeyIndex(1000)
  for (let n = 0; n < 1000; n++) large.add([n])
  expect(() => new KeyIndex(10).load(large.state())).toThrow(/RPR|window of 10/)
  expect(() => new KeyIndex(10).load({ keys: 'no' })).toThrow(/window of 10/)
})
