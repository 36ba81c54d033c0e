import { Pcg64 } from '@reprise/core'
import { describe, expect, test } from 'vitest'
import { RateLimiter } from './rate-limiter.ts'

test("Reverb's inequalities, with counts above 1 and deletes, against the formulas", () => {
  const rng = new Pcg64(1)
  for (let run = 0; run < 60; run++) {
    const spi = [0.25, 1, 1.5, 8][rng.integers(4)]!
    const minSize = 1 + rng.integers(10)
    const [largestSample, largestInsert] = [1 + rng.integers(4), 1 + rng.integers(4)]
    const errorBuffer = Math.max(largestSample, spi * largestInsert) + rng.integers(3)
    const limiter = new RateLimiter({ samplesPerInsert: spi, minSize, errorBuffer, largestSample, largestInsert })
    let [inserts, deletes, samples] = [0, 0, 0]
    for (let k = 0; k < 500; k++) {
      const kind = rng.integers(3)
      if (kind === 0) {
        const n = 1 + rng.integers(largestSample)
        const can = inserts - deletes >= minSize && inserts * spi - samples - n >= spi * minSize - errorBuffer
        if (limiter.trySample(n) !== can) expect([run, k, n, can]).toBe('sample')
        if (can) samples += n
      } else if (kind === 1) {
        const n = 1 + rng.integers(largestInsert)
        const can = inserts - deletes < minSize || (n + inserts) * spi - samples <= spi * minSize + errorBuffer
        if (limiter.tryInsert(n) !== can) expect([run, k, n, can]).toBe('insert')
        if (can) inserts += n
      } else if (inserts > deletes && rng.integers(4) === 0) {
        limiter.deleted()
        deletes++
      }
      if (limiter.size !== inserts - deletes) expect(limiter.size).toBe(inserts - deletes)
    }
  }
})

describe('never locks: with the narrowest legal buffer one side can always go on', () => {
  for (const spi of [0.1, 0.5, 1, 1.25, 4, 32])
    test(`${spi} samples per insert`, () => {
      const rng = new Pcg64(2)
      for (const [largestSample, largestInsert] of [
        [1, 1],
        [4, 1],
        [1, 5],
        [3, 7],
      ] as const) {
        const errorBuffer = Math.max(largestSample, spi * largestInsert)
        const limiter = new RateLimiter({
          samplesPerInsert: spi,
          minSize: 6,
          errorBuffer,
          largestSample,
          largestInsert,
        })
        for (let k = 0; k < 1500; k++) {
          const sample = limiter.canSample(largestSample)
          const insert = limiter.canInsert(largestInsert)
          if (!sample && !insert) expect([spi, largestSample, largestInsert, k]).toBe('locked')
          if (sample && (!insert || rng.integers(2) === 0)) limiter.trySample(1 + rng.integers(largestSample))
          else if (insert) limiter.tryInsert(1 + rng.integers(largestInsert))
          if (limiter.size > 0 && rng.integers(3) === 0) limiter.deleted()
        }
      }
    })
})

test('a buffer that could block both sides is refused, with what would do', () => {
  const make =
    (errorBuffer: number | { minDiff: number; maxDiff: number }, largestSample = 1) =>
    () =>
      new RateLimiter({ samplesPerInsert: 4, minSize: 10, errorBuffer, largestSample })
  expect(make(4)).not.toThrow()
  expect(make(3.9)).toThrow(/'errorBuffer' = 3.9 is not legal. It takes a number >= 4/)
  expect(make(4, 8)).toThrow(/>= 8/)
  expect(make({ minDiff: 36, maxDiff: 44 })).not.toThrow()
  expect(make({ minDiff: 37, maxDiff: 44 })).toThrow(expect.objectContaining({ code: 'RPR_OPTION_RANGE' }))
  expect(make(Number.NaN)).toThrow(/errorBuffer/)
  const limiter = make(4)()
  expect(() => limiter.trySample(2)).toThrow(/largestSample/)
  expect(() => limiter.tryInsert(0)).toThrow(/count of one insert/)
})

test('who must wait is served in turn as soon as it may be', async () => {
  const limiter = new RateLimiter({ samplesPerInsert: 2, minSize: 2, errorBuffer: 2 })
  const log: string[] = []
  const first = limiter.waitForSample().then(() => log.push('first'))
  const second = limiter.waitForSample().then(() => log.push('second'))
  expect(limiter.metrics()).toMatchObject({ waiting_samples: 2 })
  await limiter.waitForInsert()
  await Promise.resolve()
  expect(log).toEqual([])
  await limiter.waitForInsert()
  await Promise.all([first, second])
  expect(log).toEqual(['first', 'second'])
  expect(limiter.metrics()).toMatchObject({ samples_per_insert: 1, waiting_samples: 0 })
})

test('producer and consumer finish together at the ratio', async () => {
  const limiter = new RateLimiter({ samplesPerInsert: 1.5, minSize: 3, errorBuffer: 1.5 })
  const produce = async () => {
    for (let k = 0; k < 400; k++) {
      await limiter.waitForInsert()
      if (k >= 20) limiter.deleted()
    }
  }
  const consume = async () => {
    for (let k = 0; k < 596; k++) await limiter.waitForSample()
  }
  await Promise.all([produce(), consume()])
  expect(limiter.metrics()['samples_per_insert']).toBeCloseTo(596 / 400, 10)
})

test('a wait that is aborted leaves the queue; a restored limiter goes on with its counts', async () => {
  const limiter = new RateLimiter({ samplesPerInsert: 1, minSize: 1, errorBuffer: 1 })
  const abort = new AbortController()
  const waiting = limiter.waitForSample(1, abort.signal)
  abort.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  await expect(limiter.waitForSample(1, abort.signal)).rejects.toThrow('enough')
  expect(limiter.metrics()).toMatchObject({ waiting_samples: 0 })
  while (limiter.tryInsert()) {}
  const restored = new RateLimiter({ samplesPerInsert: 1, minSize: 1, errorBuffer: 1 })
  restored.load(structuredClone(limiter.state()) as never)
  for (const one of [limiter, restored]) {
    expect([one.size, one.canInsert(), one.canSample()]).toEqual([2, false, true])
  }
  expect(() => restored.load({ inserts: 1, deletes: 2, samples: 0 })).toThrow(
    expect.objectContaining({ code: 'RPR_STATE_MISMATCH' }),
  )
})
