import { Pcg64 } from '@reprise/core'
import { atomsOf, meanOf, probabilitiesOf, projectReturns } from '@reprise/nn'
import { tensor1d, tensor2d } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadBackend } from '../tfjs-backends.ts'

beforeAll(() => loadBackend('cpu'))

const support = { atoms: 5, min: -2, max: 2 }
const project = (probabilities: number[], reward: number, discount: number) => [
  ...projectReturns(tensor2d([probabilities]), tensor1d([reward]), tensor1d([discount]), support).dataSync(),
]

describe('projectReturns, over the atoms -2, -1, 0, 1, 2', () => {
  it('gives each moved atom to its neighbours by nearness', () => {
    // 0.5 at 0 goes to 0.25: three quarters to 0, one to 1. 0.5 at 1 goes to 0.75: one quarter to 0, three to 1.
    const [a, b, c, d, e] = project([0, 0, 0.5, 0.5, 0], 0.25, 0.5)
    expect([a, b, e]).toEqual([0, 0, 0])
    expect(c).toBeCloseTo(0.5 * 0.75 + 0.5 * 0.25, 6)
    expect(d).toBeCloseTo(0.5 * 0.25 + 0.5 * 0.75, 6)
  })
  it('leaves atoms that land on atoms whole', () => {
    expect(project([0.1, 0.2, 0.3, 0.4, 0], 1, 1)).toEqual([0, 0.1, 0.2, 0.3, 0.4].map(Math.fround))
  })
  it('puts all at the reward where the task ended', () => {
    const ended = project([0.2, 0.2, 0.2, 0.2, 0.2], 1, 0)
    expect(ended[3]).toBeCloseTo(1, 6)
    expect(ended.filter((p) => p > 0).length).toBe(1)
  })
  it('puts at the edges what lies beyond them', () => {
    expect(project([0, 0, 1, 0, 0], 7, 1)).toEqual([0, 0, 0, 0, 1])
    expect(project([0, 0, 1, 0, 0], -2.5, 1)).toEqual([1, 0, 0, 0, 0])
    expect(project([0, 0, 0, 0, 1], 0, 1)).toEqual([0, 0, 0, 0, 1])
  })
  it('keeps the total, and within the bounds the mean', () => {
    const rng = new Pcg64(1)
    const logits = Float32Array.from({ length: 5 }, () => rng.normal())
    const p = [...probabilitiesOf(tensor2d(logits, [1, 5])).dataSync()]
    const out = project(p, 0.3, 0.6)
    const mean = (values: number[]) => meanOf(tensor2d([values]), support).dataSync()[0]!
    expect(out.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6)
    expect(mean(out)).toBeCloseTo(0.3 + 0.6 * mean(p), 5)
  })
})

it('spaces atoms evenly', () => {
  expect([...atomsOf(support)]).toEqual([-2, -1, 0, 1, 2])
})
