import { epsilonGreedy, greedy } from '@reprise/nn'
import { tensor1d, tensor2d } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadBackend } from '../tfjs-backends.ts'

beforeAll(() => loadBackend('cpu'))

/** The action on values [3, 1, 2] by the two uniforms. */
const act = (epsilon: number, decides: number, picks: number, mask?: number[]) => {
  const action = epsilonGreedy(
    tensor2d([[3, 1, 2]]),
    tensor1d([epsilon]),
    tensor2d([[decides, picks]]),
    mask && tensor2d([mask], undefined, 'bool'),
  )
  expect(action.dtype).toBe('int32')
  return action.dataSync()[0]
}

describe('epsilonGreedy', () => {
  it('takes the best action unless the first number is below epsilon', () => {
    expect(act(0, 0, 0.99)).toBe(0)
    expect(act(0.3, 0.3, 0.99)).toBe(0)
    expect(act(0.3, 0.29, 0.99)).toBe(2)
  })
  it('shares the second number out among all actions', () => {
    expect([0, 0.33, 0.34, 0.66, 0.67, 1 - 2 ** -24].map((u) => act(1, 0, u))).toEqual([0, 0, 1, 1, 2, 2])
  })
  it('and among the legal ones', () => {
    expect([0, 0.49, 0.5, 1 - 2 ** -24].map((u) => act(1, 0, u, [0, 1, 1]))).toEqual([1, 1, 2, 2])
    expect([0, 1 - 2 ** -24].map((u) => act(1, 0, u, [0, 1, 0]))).toEqual([1, 1])
    expect(act(0, 0, 0, [0, 1, 1])).toBe(2)
  })
  it('never goes past the last action, whatever their number', () => {
    for (let n = 1; n <= 70; n++) {
      const last = tensor2d([[0, 1 - 2 ** -24]])
      const values = tensor2d(new Float32Array(n), [1, n])
      expect(epsilonGreedy(values, tensor1d([1]), last).dataSync()[0]).toBe(n - 1)
      const mask = tensor2d(new Uint8Array(n).fill(1), [1, n], 'bool')
      expect(epsilonGreedy(values, tensor1d([1]), last, mask).dataSync()[0]).toBe(n - 1)
    }
  })
})

it('greedy takes the first of equals', () => {
  expect([...greedy(tensor2d([[1, 2, 2]])).dataSync()]).toEqual([1])
})
