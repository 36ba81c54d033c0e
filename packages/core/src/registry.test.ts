import { describe, expect, it } from 'vitest'
import { defineEnv, definitionFromEnv } from './define-env.ts'
import type { AnyEnvDefinition } from './definition.ts'
import { option } from './options.ts'
import { makeVectorEnv, Registry } from './registry.ts'
import { discrete } from './spaces/index.ts'
import { SyncVectorEnv } from './sync-vector-env.ts'

const named = (id: string) =>
  defineEnv({
    id,
    maxEpisodeSteps: 4,
    options: { size: option.integer({ default: 2, min: 1, doc: 'x' }) },
    observationSpace: ({ size }) => discrete(size),
    actionSpace: discrete(2),
    reset: () => 0,
    step: ({ state }) => ({ state, reward: 0, terminated: false }),
    observe: () => 0,
  })

describe('Registry', () => {
  const registry = new Registry([named('Zebra-v0'), named('Apple-v1')])

  it('finds, lists and suggests', () => {
    expect(registry.get('Apple-v1').spec.id).toBe('Apple-v1')
    expect(registry.list().map(({ spec }) => spec.id)).toEqual(['Apple-v1', 'Zebra-v0'])
    expect(() => registry.get('Aple-v1')).toThrow(/No environment has the id 'Aple-v1'. Did you mean 'Apple-v1'/)
    expect(() => registry.get('x')).toThrow(expect.objectContaining({ code: 'RPR_ENV_UNKNOWN' }))
  })

  it('makes single and vector environments by id or definition, with options and limits', () => {
    expect(String(registry.make('Zebra-v0', { size: 7 }).observationSpace)).toBe('Discrete(7)')
    const env = registry.makeVector(named('Other-v0'), 3, {
      options: { size: 5 },
      autoresetMode: 'NextStep',
      maxEpisodeSteps: 2,
    })
    expect(env).toMatchObject({ numEnvs: 3, autoresetMode: 'NextStep', spec: { id: 'Other-v0', maxEpisodeSteps: 2 } })
    expect(String(env.singleObservationSpace)).toBe('Discrete(5)')
    expect(() => registry.makeVector('Zebra-v0', 0)).toThrow(/numEnvs = 0/)
    expect(() => registry.make('Zebra-v0', { siz: 1 })).toThrow(/Did you mean 'size'/)
  })

  it('refuses two of one id and what is no definition', () => {
    expect(() => new Registry([named('A-v0'), named('A-v0')])).toThrow(/Two environments have the id 'A-v0'/)
    expect(() => new Registry([{} as AnyEnvDefinition])).toThrow(/no environment definition/)
  })

  it('uses a native batched form unless it ignores the time limit; one that ignores it too is cut short but not drawn out', () => {
    const definition = named('N-v0')
    const native = makeVectorEnv(definition, 2)
    const both: AnyEnvDefinition = { ...definition, makeVector: () => native }
    expect(makeVectorEnv(both, 2)).toBe(native)
    expect(makeVectorEnv(both, 2, { maxEpisodeSteps: 4 })).toBe(native)
    const own = makeVectorEnv(both, 2, { maxEpisodeSteps: 3 })
    expect(own).toBeInstanceOf(SyncVectorEnv)
    expect(own.spec.maxEpisodeSteps).toBe(3)
    const deaf: AnyEnvDefinition = { ...definition, make: (options) => definition.make(options) }
    const short = makeVectorEnv(deaf, 1, { maxEpisodeSteps: 1, autoresetMode: 'Disabled' })
    short.reset()
    short.step()
    expect([short.spec.maxEpisodeSteps, short.columns.truncated[0]]).toEqual([1, 1])
    expect(() => makeVectorEnv(deaf, 2, { maxEpisodeSteps: 5 })).toThrow(
      /does not take maxEpisodeSteps = 5. Use 4 or less/,
    )
  })

  it('takes hand-written environments', () => {
    const inner = named('I-v0').make()
    const registry = new Registry([definitionFromEnv({ id: 'H-v0' }, () => inner)])
    expect(registry.make('H-v0', {}, { maxEpisodeSteps: 9 }).spec).toEqual({ id: 'H-v0', maxEpisodeSteps: 9 })
  })
})
