import { expect, it } from 'vitest'
import { ERROR_CODES, nearest, RepriseError, suggest } from './errors.ts'

it('carries code, value, hint and cause; the message ends with the hint', () => {
  const cause = new Error('inner')
  const error = new RepriseError('RPR_SHAPE', 'Too long.', { value: 3, hint: 'Shorten it.', cause })
  expect(error).toMatchObject({ name: 'RepriseError', code: 'RPR_SHAPE', value: 3, hint: 'Shorten it.', cause })
  expect(error.message).toBe('Too long. Shorten it.')
  expect(new RepriseError('RPR_SHAPE', 'Too long.').message).toBe('Too long.')
})

it('explains every code in one sentence', () => {
  for (const [code, meaning] of Object.entries(ERROR_CODES)) {
    expect(code).toMatch(/^RPR_[A-Z]+(_[A-Z]+)*$/)
    expect(meaning).toMatch(/^[A-Z].*\.$/)
  }
})

it('suggests the nearest name, or lists what there is', () => {
  const names = ['learningRate', 'gamma', 'numEnvs']
  expect(nearest('learningrate', names)).toBe('learningRate')
  expect(nearest('gama', names)).toBe('gamma')
  expect(nearest('zebra', names)).toBeUndefined()
  expect(suggest('numEnv', names)).toBe("Did you mean 'numEnvs'?")
  expect(suggest('zebra', names)).toBe('Known: learningRate, gamma, numEnvs.')
  expect(suggest('zebra', [])).toBe('None are known.')
})
