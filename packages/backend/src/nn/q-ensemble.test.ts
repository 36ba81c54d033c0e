import { Pcg64 } from '@reprise/core'
import {
  type ActivationName,
  activeFraction,
  initMlp,
  type MlpSpec,
  network,
  packHost,
  qEnsemble,
  valueAndGradient,
} from '@reprise/nn'
import { scalar, sum, type Tensor, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, expect, it } from 'vitest'
import { loadBackend } from '../tfjs-backends.ts'

beforeAll(() => loadBackend('cpu'))

const read = (tensor: Tensor) => Array.from(tensor.dataSync())

function randomOf(length: number, seed: number): Float32Array {
  const out = new Float32Array(length)
  new Pcg64(seed).fillNormal(out)
  return out
}

it.each([
  ['tanh', false],
  ['relu', false],
  ['elu', false],
  ['silu', false],
  ['tanh', true],
] as [ActivationName, boolean][])(
  'a network gives the gradient by its rows, %s, layer norm %s',
  (activation, layerNorm) => {
    tidy(() => {
      const spec: MlpSpec = { inputs: 3, hidden: [5, 4], outputs: 2, activation, layerNorm }
      const net = network('n', spec)
      const params = tensor1d(packHost(initMlp('n', spec, { kind: 'torch' }, new Pcg64(1)), net.layout))
      const rows = randomOf(6, 2)
      const valueAt = (x: Float32Array) => sum(net.applyToRows(params, tensor2d(x, [2, 3]))).dataSync()[0]!
      const { loss, gradient } = valueAndGradient(tensor2d(rows, [2, 3]), (x) => ({
        loss: sum(net.applyToRows(params, x)),
        aux: {},
      }))
      expect(read(loss)[0]).toBeCloseTo(sum(net.apply(params, tensor2d(rows, [2, 3]))).dataSync()[0]!, 6)
      read(gradient).forEach((g, i) => {
        const moved = (by: number) => valueAt(rows.map((x, k) => (k === i ? x + by : x)))
        expect(g).toBeCloseTo((moved(1e-2) - moved(-1e-2)) / 2e-2, 2)
      })
    })
  },
)

it('gives its hidden layers, and the fraction of them that is active', () => {
  tidy(() => {
    // Two units on one input: x and -x, then a unit that takes the first alone.
    const spec: MlpSpec = { inputs: 1, hidden: [2, 1], outputs: 1, activation: 'relu' }
    const net = network('n', spec)
    const params = tensor1d([1, -1, 0, 0, 1, 0, 0, 1, 0])
    const hidden = net.hidden(params, tensor2d([2, -3], [2, 1]))
    expect(hidden.map(read)).toEqual([
      [2, 0, 0, 3],
      [2, 0],
    ])
    expect(read(activeFraction(hidden))[0]).toBeCloseTo(3 / 6, 6)
  })
})

it('an ensemble is its members one after the other, and applies some of them by number', () => {
  tidy(() => {
    const spec: MlpSpec = { inputs: 3, hidden: [4], outputs: 1, activation: 'relu' }
    const ensemble = qEnsemble(5, spec)
    const vector = ensemble.init(new Pcg64(3))
    const size = vector.length / 5
    const member = network('n', spec)
    const rows = tensor2d(randomOf(6, 4), [2, 3])
    const all = ensemble.apply(tensor1d(vector), rows).map(read)
    all.forEach((values, k) => {
      expect(values).toEqual(read(member.apply(tensor1d(vector.slice(k * size, (k + 1) * size)), rows)))
    })
    expect(new Set(all.map(String)).size).toBe(5)
    expect(ensemble.applySome(tensor1d(vector), [scalar(4), scalar(1)], rows).map(read)).toEqual([all[4], all[1]])
    expect(ensemble.applyToRows(tensor1d(vector), rows, 2).map(read)).toEqual(all.slice(0, 2))
    expect(ensemble.apply(tensor1d(vector), rows)[0]!.shape).toEqual([2])
  })
})
