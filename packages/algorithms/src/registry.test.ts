import { describe, expect, it } from 'vitest'
import { algorithms, getAlgorithm, grpo, ppo } from './index.ts'

describe('getAlgorithm', () => {
  it('finds by name', () => {
    expect(getAlgorithm('ppo')).toBe(ppo)
    expect(getAlgorithm('grpo')).toBe(grpo)
    expect(algorithms.map(({ name }) => name)).toEqual(['ppo', 'grpo', 'arpo', 'bc', 'dqn', 'sac', 'td3', 'redq'])
  })
  it('names the nearest', () => {
    expect(() => getAlgorithm('gprp')).toThrow(/Unknown algorithm 'gprp'. Did you mean 'grpo'/)
    expect(() => getAlgorithm('gprp')).toThrow(expect.objectContaining({ code: 'RPR_ALGO_UNKNOWN' }))
  })
})
