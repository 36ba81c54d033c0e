import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Pcg64, SeedSequence } from './random.ts'

const draws = <T>(n: number, draw: () => T): T[] => Array.from({ length: n }, draw)
const sha = (data: Float64Array | Uint32Array) => createHash('sha256').update(data).digest('hex')

// All numbers: NumPy 2.4.6, np.random.Generator(np.random.PCG64(seed)).
describe('Pcg64 against NumPy', () => {
  it.each([
    [0, [0.6369616873214543, 0.2697867137638703, 0.04097352393619469, 0.016527635528529094, 0.8132702392002724]],
    [42, [0.7739560485559633, 0.4388784397520523, 0.8585979199113825, 0.6973680290593639, 0.09417734788764953]],
    [123, [0.6823518632481435, 0.053821018802222675, 0.22035987277261138, 0.1843718106986697, 0.17590590108503035]],
    [2 ** 40, [0.3608095734199638, 0.6282402478110984, 0.9952293578054576, 0.15772170254848017, 0.6903438832647322]],
  ])('random() of seed %d', (seed, expected) => {
    const rng = new Pcg64(seed)
    expect(draws(5, () => rng.random())).toEqual(expected)
  })

  it('seeds from a spawned sequence', () => {
    const rng = new Pcg64(new SeedSequence(42, { spawnKey: [1] }))
    expect(draws(3, () => rng.random())).toEqual([0.4674907799518424, 0.04644889644868733, 0.5955100095961371])
  })

  it('uniform(): the start of CartPole, seed 42', () => {
    const rng = new Pcg64(42)
    expect(draws(4, () => rng.uniform(-0.05, 0.05))).toEqual([
      0.027395604855596334, -0.006112156024794771, 0.03585979199113824, 0.019736802905936393,
    ])
  })

  it('100000 doubles', () => {
    const values = new Float64Array(100_000)
    new Pcg64(2024).fillUniform(values)
    expect(sha(values)).toBe('80dac58c9570439d7adf5a50a1de5b679140954a447ef040a40c27c546a6bc71')
  })

  it.each([
    [1, [0, 0, 0, 0, 0, 0], 0.8702492039700847],
    [2, [0, 1, 1, 0, 0, 1], 0.7775340829201788],
    [3, [1, 2, 2, 0, 0, 1], 0.7775340829201788],
    [6, [2, 5, 5, 1, 0, 3], 0.7775340829201788],
    [10, [4, 8, 9, 2, 1, 6], 0.7775340829201788],
    [1000, [421, 870, 961, 286, 114, 603], 0.7775340829201788],
    [2 ** 31 - 1, [905266064, 1868845934, 2063827471, 615935265, 245584350, 1295250788], 0.7775340829201788],
    [2 ** 31, [905266064, 1868845935, 2063827472, 615935266, 245584351, 1295250789], 0.7775340829201788],
    [2 ** 31 + 1, [905266064, 1868845935, 2063827472, 1433488764, 1965526454, 1965763840], 0.8603936491828846],
    [3 * 2 ** 30, [1357899096, 2803268902, 368376526, 1942876184, 2504612592, 2070044643], 0.9153801204905075],
    [2 ** 32 - 1, [1810532128, 3737691869, 4127654943, 1231870531, 491168701, 2590501578], 0.7775340829201788],
    [2 ** 32, [1810532129, 3737691870, 4127654944, 1231870532, 491168702, 2590501579], 0.7775340829201788],
  ])('integers(%d), then random()', (n, expected, after) => {
    const rng = new Pcg64(9)
    expect(draws(6, () => rng.integers(n))).toEqual(expected)
    expect(rng.random()).toBe(after)
  })

  it('integers(n) for every n to 20000, and 20000 large n with rejections', () => {
    const small = new Pcg64(2024)
    expect(sha(Uint32Array.from({ length: 20_000 }, (_, i) => small.integers(i + 1)))).toBe(
      '427585f1b8e46244b986157d3b628ab2f2329cbb798b896b12073ed735a4334b',
    )
    const large = new Pcg64(2025)
    expect(sha(Uint32Array.from({ length: 20_000 }, (_, i) => large.integers(3 * 2 ** 30 + i)))).toBe(
      '5e3ebc66f4623618c35059faab9eb17e974968a42fe67b32bebfc7204bb18c45',
    )
  })

  it('keeps the waiting half word across random() and uniform()', () => {
    const rng = new Pcg64(5)
    expect([
      rng.integers(10),
      rng.random(),
      rng.integers(10),
      rng.integers(10),
      rng.random(),
      rng.integers(3 * 2 ** 30),
      rng.integers(2 ** 32),
      rng.uniform(-1, 3),
    ]).toEqual([6, 0.8079407897364937, 8, 4, 0.2858013800881416, 1659979823, 4207022317, 0.5334755231420729])
  })

  it('choice() of the Blackjack deck', () => {
    const deck = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10]
    const rng = new Pcg64(5)
    expect(draws(8, () => deck[rng.integers(13)])).toEqual([9, 10, 1, 10, 7, 7, 9, 4])
  })

  it('float32 draws are half words too', () => {
    const rng = new Pcg64(11)
    const three = new Float32Array(3)
    rng.fillUniform(three)
    expect([...three]).toEqual([0.13380122184753418, 0.12857019901275635, 0.7970806360244751])
    expect(rng.random()).toBe(0.6014983576233575)
    rng.fillUniform(three.subarray(1))
    expect([...three.subarray(1)]).toEqual([0.49927783012390137, 0.7121722102165222])
  })
})

describe('Pcg64', () => {
  it('saves everything: state, half word, spare normal', () => {
    const rng = new Pcg64(3)
    rng.integers(7)
    rng.normal()
    const saved = JSON.parse(JSON.stringify(rng.state()))
    const copy = rng.clone()
    const tail = (r: Pcg64) => [r.normal(), r.integers(7), r.random(), r.normal(), r.integers(2 ** 32)]
    const expected = tail(rng)
    expect(tail(copy)).toEqual(expected)
    const other = new Pcg64(99)
    other.normal()
    other.setState(saved)
    expect(tail(other)).toEqual(expected)
    expect(() => other.setState({} as never)).toThrow(/no saved state/)
  })

  it('has normals of the right moments and tails, fillNormal equal to repeated calls', () => {
    const n = 200_000
    const values = new Float64Array(n)
    new Pcg64(1).fillNormal(values)
    const again = new Pcg64(1)
    for (let i = 0; i < 11; i++) expect(again.normal()).toBe(values[i])
    const moment = (k: number) => values.reduce((sum, x) => sum + x ** k, 0) / n
    expect(Math.abs(moment(1))).toBeLessThan(0.01)
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.02)
    expect(Math.abs(moment(3))).toBeLessThan(0.05)
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.1)
    const beyond = values.reduce((count, x) => count + (Math.abs(x) > 1.959964 ? 1 : 0), 0) / n
    expect(Math.abs(beyond - 0.05)).toBeLessThan(0.003)
  })

  it('keeps float32 uniforms below 1 and never lets a generator leave [0, 1)', () => {
    const values = new Float32Array(200_000)
    new Pcg64(8).fillUniform(values)
    expect(values.every((x) => x >= 0 && x < 1)).toBe(true)
  })

  it('shuffles into a permutation, each order equally often', () => {
    const rng = new Pcg64(4)
    const counts = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const array = Int32Array.of(0, 1, 2)
      rng.shuffle(array)
      counts.set(array.join(), (counts.get(array.join()) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })

  it('refuses illegal n', () => {
    const rng = new Pcg64(0)
    for (const n of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) expect(() => rng.integers(n)).toThrow(/integers\(/)
  })
})
