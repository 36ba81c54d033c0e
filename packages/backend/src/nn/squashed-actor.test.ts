import { Pcg64 } from '@reprise/core'
import { gsdeActor, squashedActor } from '@reprise/nn'
import { exp, type Tensor, tensor1d, tensor2d, tensor3d, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, expect, it } from 'vitest'
import { loadBackend } from '../tfjs-backends.ts'

beforeAll(() => loadBackend('cpu'))

const read = (tensor: Tensor) => Array.from(tensor.dataSync())
const spec = { inputs: 2, actions: 1, hidden: [6], activation: 'tanh' as const }

it.each([
  ['plain', squashedActor(spec)],
  ['gSDE', gsdeActor({ ...spec, logStdInit: -0.5 })],
])('the density of a squashed action integrates to 1, %s', (_, actor) => {
  tidy(() => {
    const params = tensor1d(actor.init(new Pcg64(1)))
    // Over u = atanh(a): the density of a is taken times da/du = 1 - a^2.
    const n = 4001
    const us = Float32Array.from({ length: n }, (_, i) => -12 + (24 * i) / (n - 1))
    const distribution = actor.apply(params, tensor2d(Array.from({ length: n }, () => [0.5, -1])))
    const density = read(exp(distribution.logProb(tensor2d(us, [n, 1]))))
    const total = density.reduce((sum, p, i) => sum + p * (1 - Math.tanh(us[i]!) ** 2), 0) * (24 / (n - 1))
    expect(total).toBeCloseTo(1, 3)
  })
})

it('clips the log standard deviation to [-20, 2]', () => {
  tidy(() => {
    const actor = squashedActor({ ...spec, hidden: [] })
    // Weights of mean and log std, [2, 2], then biases.
    const at = (logStd: number) => tensor1d([0, 0, 0, 0, 0, logStd])
    const { preTanh } = actor.apply(at(50), tensor2d([[1, 1]])).sample(tensor2d([[1]]))
    expect(read(preTanh)[0]).toBeCloseTo(Math.exp(2), 4)
    expect(read(actor.apply(at(-50), tensor2d([[1, 1]])).sample(tensor2d([[1]])).preTanh)[0]).toBeCloseTo(0, 7)
  })
})

it('gSDE moves actions, over its noise, as the distribution says, and neighbours alike', () => {
  tidy(() => {
    const actor = gsdeActor({ ...spec, logStdInit: -1 })
    const params = tensor1d(actor.init(new Pcg64(1)))
    const draws = 20_000
    const noise = new Float32Array(draws * 6)
    new Pcg64(2).fillNormal(noise)
    const row = [0.5, -1]
    const explored = read(
      actor.explore(params, tensor2d(Array.from({ length: draws }, () => row)), tensor3d(noise, [draws, 6, 1])),
    ).map(Math.atanh)
    const distribution = actor.apply(params, tensor2d([row]))
    const mean = Math.atanh(read(distribution.mode())[0]!)
    const std = read(distribution.sample(tensor2d([[1]])).preTanh)[0]! - mean
    const sampleMean = explored.reduce((a, b) => a + b, 0) / draws
    const sampleStd = Math.sqrt(explored.reduce((s, u) => s + (u - sampleMean) ** 2, 0) / draws)
    // Standard errors: std / 141 and std / 200.
    expect(Math.abs(sampleMean - mean)).toBeLessThan((5 * std) / 141)
    expect(Math.abs(sampleStd - std)).toBeLessThan((5 * std) / 200)

    const held = Float32Array.from({ length: 12 }, (_, i) => noise[i % 6]!)
    const pair = tensor2d([row, [0.501, -1]])
    const [one, two] = read(actor.explore(params, pair, tensor3d(held, [2, 6, 1])))
    expect(Math.abs(one! - two!)).toBeLessThan(2e-3)
  })
})
