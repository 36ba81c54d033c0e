import { describe, expect, it } from 'vitest'
import { chooseTarget } from './choose-target.ts'
import { GraphBuilder } from './graph-builder.ts'
import { interpreterTarget } from './interpreter/target.ts'
import type { ProgramRequest, Target } from './target.ts'
import { registerTarget } from './target-registry.ts'
import type { CompileWarning } from './warn.ts'

/** One product of n x n matrices: 2 n^3 operations. */
function productOf(n: number): ProgramRequest {
  const g = new GraphBuilder()
  const x = g.input('x', [n, n])
  const graph = g.build({ y: g.matmul(x, x) })
  const inputs = { x: { shape: [n, n], dtype: 'float32' } as const }
  return { state: {}, functions: { square: { name: 'square', inputs, graph: () => graph } } }
}

/** Takes nothing. */
const never: Target = { ...interpreterTarget, name: 'never', supports: () => ({ reason: 'it is Sunday' }) }

describe('auto', () => {
  it('takes wasm below the crossover and onnx above', () => {
    const small = chooseTarget(productOf(64))
    expect(small.target.name).toBe('wasm')
    expect(small.reason).toMatch(/0\.524 MFLOP .* below the crossover of 100 MFLOP/)
    expect(chooseTarget(productOf(512)).target.name).toBe('onnx')
  })
  it('takes a registered target before them from its own size on, where it has one', () => {
    registerTarget({ ...interpreterTarget, name: 'large', fromFlops: 3e8 })
    expect(chooseTarget(productOf(512)).target.name).toBe('onnx')
    const choice = chooseTarget(productOf(1024))
    expect(choice.target.name).toBe('large')
    expect(choice.reason).toBe('2.15e+3 MFLOP in the largest function: the 300 MFLOP from which large is taken.')
    expect(choice.rest.map(({ name }) => name)).toEqual(['onnx', 'wasm', 'eager'])
  })
})

describe('a forced target', () => {
  it('is taken whatever the cost, by name or as an object', () => {
    expect(chooseTarget(productOf(256), { target: 'wasm' }).target.name).toBe('wasm')
    expect(chooseTarget(productOf(2), { target: interpreterTarget }).reason).toContain('asked for')
  })
  it('must be able', () => {
    const warnings: CompileWarning[] = []
    const choose = () => chooseTarget(productOf(2), { target: never, warn: (w) => warnings.push(w) })
    expect(choose).toThrow(expect.objectContaining({ code: 'RPR_COMPILE_UNSUPPORTED' }))
    expect(choose).toThrow(/'never' cannot run this program: it is Sunday/)
    // Only a graph: there is no function to run eagerly.
    expect(() => chooseTarget(productOf(2), { target: 'eager' })).toThrow(/only a graph/)
    expect(warnings).toEqual([])
  })
})
