import type { Pcg64 } from '@reprise/core'

/**
 * Row numbers of `epochs` shuffled passes over `rows` rows in minibatches of `batchSize`, one after the other; the last
 * minibatch of each pass is filled up with -1.
 */
export function minibatchIndices(rng: Pcg64, rows: number, batchSize: number, epochs: number): Int32Array {
  const perEpoch = Math.ceil(rows / batchSize) * batchSize
  const indices = new Int32Array(epochs * perEpoch).fill(-1)
  const order = Int32Array.from({ length: rows }, (_, i) => i)
  for (let epoch = 0; epoch < epochs; epoch++) {
    rng.shuffle(order)
    indices.set(order, epoch * perEpoch)
  }
  return indices
}
