import { Pcg64 } from '@reprise/core'
import { dueling, valueAndGradient } from '@reprise/nn'
import { mul, sum, type Tensor, tensor2d } from '@tensorflow/tfjs-core'
import { beforeAll, expect, it } from 'vitest'
import { loadBackend } from '../tfjs-backends.ts'

beforeAll(() => loadBackend('cpu'))

it('adds the advantages, less their mean, to the value', () => {
  expect(dueling(tensor2d([[10, 1, 2, 6]])).arraySync()).toEqual([[8, 9, 13].map((x) => expect.closeTo(x, 5))])
})

it('has the gradient of its differences', () => {
  const rng = new Pcg64(3)
  const x = Float32Array.from({ length: 8 }, () => rng.normal())
  const w = tensor2d(
    Float32Array.from({ length: 6 }, () => rng.normal()),
    [2, 3],
  )
  const loss = (input: Tensor) => sum(mul(dueling(input), w))
  const { gradient } = valueAndGradient(tensor2d(x, [2, 4]), (input) => ({ loss: loss(input), aux: {} }))
  x.forEach((_, i) => {
    const at = (shift: number) =>
      loss(
        tensor2d(
          x.map((v, k) => (k === i ? v + shift : v)),
          [2, 4],
        ),
      ).dataSync()[0]!
    expect(gradient.dataSync()[i]).toBeCloseTo((at(0.5) - at(-0.5)) / 1, 4)
  })
})
