import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { allocateColumns, leaf, Pcg64 } from '@reprise/core'
import { expect, test } from 'vitest'
import { START } from '../draw-context.ts'
import type { StoreSchema } from '../schema.ts'
import type { VectorStep } from '../store/vector-step.ts'
import { draws } from '../testing/replays.ts'
import { createReplay } from './create-replay.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const STREAMS = 16
const ROWS = 64
const CHUNK = 400
const CHUNKS = 20

const schema: StoreSchema = {
  observation: [leaf('', 'float32', [4])],
  fields: { action: { dtype: 'int32', shape: [] } },
}

/** Steps in which now and then an episode ends. */
function steps(rng: Pcg64): VectorStep[] {
  const columns = () => allocateColumns(schema.observation, STREAMS)
  return Array.from({ length: 50 }, () => ({
    observation: columns(),
    nextObservation: columns(),
    finalObservation: columns(),
    fields: { action: new Int32Array(STREAMS) },
    reward: new Float32Array(STREAMS),
    terminated: Uint8Array.from({ length: STREAMS }, () => Number(rng.random() < 0.02)),
    truncated: Uint8Array.from({ length: STREAMS }, () => Number(rng.random() < 0.02)),
  }))
}

test.each(Object.entries(draws))(
  '%s: add, draw and feedback allocate nothing, with scores at most boxed numbers',
  async (_name, draw) => {
    const rng = new Pcg64(1)
    const config = { capacity: 3000, gamma: 0.99, nSteps: 3, draw, withLatest: false } as const
    const replay = createReplay(config, schema, STREAMS, new Pcg64(2))
    const data = steps(rng)
    const batch = replay.allocate(ROWS)
    const tdError = new Float32Array(ROWS)
    const signal = { tdError }
    rng.fillNormal(tdError)
    const run = () => {
      for (let i = 0; i < CHUNK; i++) {
        for (let k = 0; k < 4; k++) replay.add(data[(4 * i + k) % data.length]!)
        replay.draw(batch, START)
        replay.feedback(batch, signal)
      }
    }
    // The interpreter and the first compilations do allocate, and compiled code arrives from another thread.
    for (let i = 0; i < 10; i++) {
      run()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    collect()
    const start = process.memoryUsage().heapUsed
    const perRound: number[] = []
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const before = process.memoryUsage().heapUsed
      run()
      perRound.push((process.memoryUsage().heapUsed - before) / CHUNK)
    }
    collect()
    const growth = process.memoryUsage().heapUsed - start
    perRound.sort((a, b) => a - b)
    // Per row nothing; but V8 boxes a score (16 bytes) wherever it decides not to inline a function that takes or gives one.
    const rows = 4 * STREAMS + ROWS
    expect(perRound[CHUNKS >> 1]! / rows).toBeLessThan(replay.usesScores ? 128 : 0.25)
    expect(growth).toBeLessThan(500_000)
  },
)
