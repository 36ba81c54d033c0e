import { createExecutor } from '@reprise/backend'
import { Pcg64 } from '@reprise/core'
import { valueAndGradient } from '@reprise/nn'
import * as tf from '@tensorflow/tfjs-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { ppo } from './index.ts'
import { clippedSurrogate } from './surrogate.ts'
import { optionsFor, spacesFor } from './testing/fixtures.ts'

// Creating an executor is the public way to start a backend.
beforeEach(async () => {
  const program = ppo.build({
    spaces: spacesFor(),
    options: optionsFor(ppo.options),
    rng: new Pcg64(1),
    maxEpisodeSteps: 9,
  })
  ;(await createExecutor({ executor: 'eager:cpu', program })).dispose()
})

function surrogate(ratio: number, advantage: number, dualClip: number | null, low = 0.8, high = 1.3) {
  return tf.tidy(() => {
    const { loss, gradient } = valueAndGradient(tf.tensor1d([Math.log(ratio)]), (logRatio) => ({
      loss: tf.sum(
        clippedSurrogate({
          logRatio,
          advantage: tf.tensor1d([advantage]),
          low: tf.scalar(low),
          high: tf.scalar(high),
          dualClip,
        }),
      ),
      aux: {},
    }))
    return { loss: loss.dataSync()[0]!, gradient: gradient.dataSync()[0]! }
  })
}

describe('clippedSurrogate', () => {
  // ARPO's vectors: low 0.2, high 0.3, dual clip 3. The gradient by log ratio is -A r where nothing clips.
  it.each([
    [1.5, 1, -1.3, 0],
    [1.5, -1, 1.5, 1.5],
    [4, -1, 3, 0],
    [0.5, -1, 0.8, 0],
    [0.5, 1, -0.5, -0.5],
  ])('ratio %d with advantage %d loses %d', (ratio, advantage, loss, gradient) => {
    const result = surrogate(ratio, advantage, 3)
    expect(result.loss).toBeCloseTo(loss, 5)
    expect(result.gradient).toBeCloseTo(gradient, 5)
  })

  it('has no cap without dual clipping', () => {
    expect(surrogate(4, -1, null).loss).toBeCloseTo(4, 5)
    expect(surrogate(4, -1, null).gradient).toBeCloseTo(4, 5)
  })

  it('has gradient -A at ratio 1', () => {
    expect(surrogate(1, 2, null)).toEqual({ loss: -2, gradient: -2 })
  })

  it('equals min(r A, clip(r) A) and its derivative everywhere', () => {
    const rng = new Pcg64(3)
    for (let i = 0; i < 200; i++) {
      const ratio = Math.exp(rng.normal())
      const advantage = rng.normal()
      const clipped = Math.min(Math.max(ratio, 0.8), 1.3)
      const plain = -advantage * ratio
      const loss = Math.max(plain, -advantage * clipped)
      const result = surrogate(ratio, advantage, null)
      expect(result.loss).toBeCloseTo(loss, 4)
      expect(result.gradient).toBeCloseTo(Math.abs(loss - plain) < 1e-9 ? plain : 0, 4)
    }
  })
})
