import { describe, expect, expectTypeOf, it } from 'vitest'
import { type OptionValues, option, parseSchedule, readOption, resolveOptions } from './options.ts'

const table = {
  gamma: option.number({ default: 0.99, min: 0, max: 1, above: true, doc: 'Discount.' }),
  steps: option.integer({ default: 128, min: 1, doc: 'Steps.', aliases: ['n_steps'] }),
  rate: option.schedule({ default: 3e-4, min: 0, above: true, doc: 'Learning rate.' }),
  clip: option.optionalNumber({ default: null, min: 0, above: true, doc: 'Clipping.' }),
  mode: option.choice({ values: ['fast', 'exact'], default: 'fast', doc: 'Mode.' }),
  flag: option.boolean({ default: false, doc: 'Flag.' }),
  net: option.numbers({ default: [64, 64], min: 1, integer: true, doc: 'Layers.' }),
  parts: option.names({ default: [], values: ['a', 'b'], doc: 'Parts.' }),
  weights: option.weights({ default: {}, doc: 'Weights.' }),
  name: option.string({ default: 'x', doc: 'Name.' }),
  tolerance: option.number({
    default: 1,
    min: 0,
    doc: 'Only where exact.',
    inert: ({ mode }) => (mode === 'exact' ? undefined : "'mode' is not exact"),
  }),
}

const resolve = (values: Record<string, unknown>, label?: string) =>
  resolveOptions(table, [{ source: 'api', values, ...(label ? { label } : {}) }]).values

describe('resolveOptions', () => {
  it('starts from the defaults and types the values', () => {
    const values = resolve({})
    expect(values).toMatchObject({ gamma: 0.99, steps: 128, clip: null, mode: 'fast', net: [64, 64] })
    expectTypeOf(values).toEqualTypeOf<OptionValues<typeof table>>()
    expectTypeOf(values.mode).toEqualTypeOf<'fast' | 'exact'>()
    expectTypeOf(values.clip).toEqualTypeOf<number | null>()
  })

  it('reads text as the command line gives it, and aliases', () => {
    expect(
      resolve({
        gamma: '0.5',
        n_steps: '64',
        clip: 'none',
        flag: 'true',
        net: '32,16',
        parts: '[a, b]',
        weights: 'x:1, y: 0.5',
        rate: 'lin_0.1',
      }),
    ).toMatchObject({
      gamma: 0.5,
      steps: 64,
      clip: null,
      flag: true,
      net: [32, 16],
      parts: ['a', 'b'],
      weights: { x: 1, y: 0.5 },
      rate: 'lin_0.1',
    })
  })

  it('lays later layers on top and says where each value came from', () => {
    const { values, sources } = resolveOptions(table, [
      { source: 'preset', values: { gamma: 0.9, steps: 1 } },
      { source: 'flag', values: { gamma: 0.8, name: undefined } },
    ])
    expect([values.gamma, values.steps]).toEqual([0.8, 1])
    expect([sources.gamma, sources.steps, sources.name]).toEqual(['flag', 'preset', 'default'])
  })

  it.each([
    [{ gama: 1 }, 'RPR_OPTION_UNKNOWN', /Unknown option 'gama' in here. Did you mean 'gamma'/],
    [{ gamma: 0 }, 'RPR_OPTION_RANGE', /'gamma' = 0 in here is not legal. It takes a number in \(0, 1\]/],
    [{ gamma: 'x' }, 'RPR_OPTION_TYPE', /'gamma' = 'x'/],
    [{ gamma: Number.NaN }, 'RPR_OPTION_TYPE', /'gamma'/],
    [{ steps: 1.5 }, 'RPR_OPTION_TYPE', /an integer >= 1/],
    [{ steps: Number.POSITIVE_INFINITY }, 'RPR_OPTION_RANGE', /steps/],
    [{ mode: 'slow' }, 'RPR_OPTION_RANGE', /one of fast, exact/],
    [{ flag: 1 }, 'RPR_OPTION_TYPE', /true or false/],
    [{ net: [64, 0] }, 'RPR_OPTION_RANGE', /a list/],
    [{ parts: ['c'] }, 'RPR_OPTION_RANGE', /a list of a, b/],
    [{ weights: { x: 'y' } }, 'RPR_OPTION_TYPE', /names with a number/],
    [{ rate: 'lin_x' }, 'RPR_OPTION_TYPE', /schedule/],
    [{ tolerance: 2 }, 'RPR_OPTION_INERT', /would have no effect: 'mode' is not exact/],
  ])('refuses %j', (values, code, message) => {
    expect(() => resolve(values, 'here')).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
  })

  it('never refuses an inert default, preset, or value equal to the default', () => {
    expect(resolve({ tolerance: 1 }).tolerance).toBe(1)
    expect(resolveOptions(table, [{ source: 'preset', values: { tolerance: 3 } }]).values.tolerance).toBe(3)
    expect(resolve({ tolerance: 2, mode: 'exact' }).tolerance).toBe(2)
  })
})

it('reads one option by itself', () => {
  expect(readOption('gamma', table.gamma, '0.25')).toBe(0.25)
  expect(() => readOption('gamma', table.gamma, 2)).toThrow(/Option 'gamma' = 2 is not legal/)
})

it('schedules: constant, straight, cosine, clamped to the run', () => {
  const at = (schedule: number | string) => [0, 0.5, 1, 2].map(parseSchedule(schedule))
  expect(at(0.1)).toEqual([0.1, 0.1, 0.1, 0.1])
  expect(at('lin_0.4')).toEqual([0.4, 0.2, 0, 0])
  expect(at('linear(1, 0.5)')).toEqual([1, 0.75, 0.5, 0.5])
  const cosine = at('cosine(1, 0)')
  for (const [i, x] of [1, 0.5, 0, 0].entries()) expect(cosine[i]).toBeCloseTo(x, 12)
  expect(() => parseSchedule('soon')).toThrow(expect.objectContaining({ code: 'RPR_OPTION_TYPE' }))
})

describe('optionalInteger', () => {
  const spec = option.optionalInteger({ default: null, min: 1, doc: 'A limit.' })
  it('takes integers, their text and none, and says so', () => {
    expect([spec.read(5), spec.read('5'), spec.read('none'), spec.read(null)]).toEqual(
      [5, 5, null, null].map((value) => ({ value })),
    )
    expect([spec.default, spec.range]).toEqual([null, 'an integer >= 1, or none'])
  })
  it('refuses fractions and what is out of range', () => {
    expect([spec.read(2.5), spec.read('2.5'), spec.read(0)]).toEqual(
      ['RPR_OPTION_TYPE', 'RPR_OPTION_TYPE', 'RPR_OPTION_RANGE'].map((error) => ({ error })),
    )
  })
})
