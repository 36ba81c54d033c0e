import { describe, expect, it } from 'vitest'
import { layoutOf, packHost, unpackHost } from './layout.ts'

const layout = layoutOf({ a: [2, 2], b: [3], c: [] })

describe('layout', () => {
  it('lays parts one after the other', () => {
    expect(layout.size).toBe(8)
    expect(layout.entries.map(({ name, offset, size }) => [name, offset, size])).toEqual([
      ['a', 0, 4],
      ['b', 4, 3],
      ['c', 7, 1],
    ])
  })
  it('packs and unpacks on the host, as views', () => {
    const vector = packHost({ a: [1, 2, 3, 4], b: [5, 6, 7], c: [8] }, layout)
    expect(Array.from(vector)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    const parts = unpackHost(vector, layout)
    expect(Array.from(parts['b']!)).toEqual([5, 6, 7])
    parts['b']![0] = 50
    expect(vector[4]).toBe(50)
  })
  it('names what is missing or of another length', () => {
    expect(() => packHost({ a: [1, 2, 3, 4], b: [5, 6] }, layout)).toThrow(/'b' has 2 elements instead of 3/)
    expect(() => packHost({ a: [1, 2, 3, 4] }, layout)).toThrow(/'b' is missing/)
    expect(() => unpackHost(new Float32Array(7), layout)).toThrow(
      expect.objectContaining({ code: 'RPR_STATE_MISMATCH' }),
    )
  })
})
