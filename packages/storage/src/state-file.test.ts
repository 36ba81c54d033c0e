import { RepriseError, type Serializable } from '@reprise/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeState, encodeState, type StateFileKind } from './state-file.ts'

const kind: StateFileKind = {
  magic: 'RPRTESTS',
  version: 1,
  what: 'a test file',
  corrupt: 'RPR_CHECKPOINT_CORRUPT',
  outdated: 'RPR_CHECKPOINT_VERSION',
  hint: 'Make it anew.',
}

const state: Serializable = {
  step: 12,
  nothing: null,
  nested: { list: [1.5, 'two', true, { deep: Float32Array.of(1, -0, Number.NaN) }], empty: {} },
  double: Float64Array.of(Math.PI, Number.POSITIVE_INFINITY),
  counts: Int32Array.of(-1, 2 ** 31 - 1),
  bytes: Uint8Array.of(1, 2, 3),
  words: BigUint64Array.of(2n ** 64n - 1n),
  unsigned: Uint32Array.of(2 ** 32 - 1),
}

describe('state files', () => {
  it('give back what was written, types and bits included', () => {
    expect(decodeState(encodeState(state, kind), 'x', kind)).toStrictEqual(state)
  })

  it('give back views into larger buffers as they were', () => {
    const view = Float32Array.of(0, 1, 2, 3).subarray(1, 3)
    expect(decodeState(encodeState({ view }, kind), 'x', kind)).toStrictEqual({ view: Float32Array.of(1, 2) })
  })

  it('are equal bytes for equal states', () => {
    expect(Buffer.compare(encodeState(state, kind), encodeState(structuredClone(state), kind))).toBe(0)
  })

  it('refuse every single changed byte and every truncation with a coded error', () => {
    const bytes = encodeState(state, kind)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Uint8Array.from(bytes)
        damaged[at]! ^= change
        expectRefused(damaged)
      }),
      { numRuns: 300 },
    )
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => expectRefused(bytes.subarray(0, length))),
      { numRuns: 100 },
    )
  })
})

function expectRefused(bytes: Uint8Array): void {
  let caught: unknown
  try {
    decodeState(bytes, 'state.rpr', kind)
  } catch (error) {
    caught = error
  }
  expect(caught).toBeInstanceOf(RepriseError)
  expect((caught as RepriseError).code).toMatch(/^RPR_CHECKPOINT_(CORRUPT|VERSION)$/)
}
