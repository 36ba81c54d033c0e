import { Pcg64 } from '@reprise/core'
import { type MlpSpec, network, noisyNetwork, unpackHost } from '@reprise/nn'
import { reshape, tensor1d, tensor2d } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadBackend } from '../tfjs-backends.ts'

beforeAll(() => loadBackend('cpu'))

const spec = (more: Partial<MlpSpec> = {}): MlpSpec => ({
  inputs: 3,
  hidden: [4, 5],
  outputs: 2,
  activation: 'relu',
  ...more,
})
const normals = (rng: Pcg64, length: number) => {
  const out = new Float32Array(length)
  rng.fillNormal(out)
  return out
}

describe('noisyNetwork', () => {
  it('makes every layer noisy but the first, and counts its noise', () => {
    const { layout, noiseSize } = noisyNetwork('q', spec(), 0.5)
    expect(layout.entries.map(({ name }) => name)).toEqual([
      'q/0/weight',
      'q/0/bias',
      'q/1/weight',
      'q/1/bias',
      'q/out/weight',
      'q/out/bias',
      'q/1/weightSigma',
      'q/1/biasSigma',
      'q/out/weightSigma',
      'q/out/biasSigma',
    ])
    expect(noiseSize).toBe(4 + 5 + 5 + 2)
    expect(noisyNetwork('q', spec({ hidden: [] }), 0.5).noiseSize).toBe(3 + 2)
  })

  it('starts with deviations sigma / sqrt(inputs)', () => {
    const noisy = noisyNetwork('q', spec(), 0.5)
    const parts = unpackHost(noisy.init(new Pcg64(1)), noisy.layout)
    expect(parts['q/1/biasSigma']![0]).toBeCloseTo(0.5 / 2, 6)
    expect(parts['q/out/weightSigma']![3]).toBeCloseTo(0.5 / Math.sqrt(5), 6)
  })

  it.each<Partial<MlpSpec>>([{}, { hidden: [] }, { layerNorm: true }])(
    'gives a row the same by its own noise as by one draw, %j',
    (more) => {
      const net = network('q', spec(more))
      const noisy = noisyNetwork('q', spec(more), 0.5)
      const rng = new Pcg64(2)
      const params = tensor1d(noisy.init(rng))
      const rows = tensor2d(normals(rng, 6), [2, 3])
      const noise = [normals(rng, noisy.noiseSize), normals(rng, noisy.noiseSize)]
      const each = noisy.applyPerRow(
        params,
        rows,
        tensor2d(Float32Array.from([...noise[0]!, ...noise[1]!]), [2, noisy.noiseSize]),
      )
      noise.forEach((draw, i) => {
        const all = net.apply(noisy.perturbed(params, tensor1d(draw)), rows)
        for (let j = 0; j < 2; j++)
          expect((each.arraySync() as number[][])[i]![j]).toBeCloseTo((all.arraySync() as number[][])[i]![j]!, 5)
      })
      const still = net.apply(noisy.mean(params), rows)
      const none = noisy.applyPerRow(params, rows, reshape(tensor1d(new Float32Array(2 * noisy.noiseSize)), [2, -1]))
      expect(none.arraySync()).toEqual(still.arraySync())
      expect(each.arraySync()).not.toEqual(still.arraySync())
    },
  )
})
