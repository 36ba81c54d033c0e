import { interpreterTarget, registerTarget, targetNamed } from '@reprise/compile'
import { describe, expect, it } from 'vitest'
import { createExecutor } from './index.ts'
import { lineProgram } from './testing/line-program.ts'

describe('an executor whose target fails', () => {
  it.each(['build', 'another number of rows'])('goes on with the next target: %s', async (failure) => {
    const wasm = targetNamed('wasm')
    const broken = (): never => {
      throw new Error('the emitter is broken')
    }
    registerTarget({
      ...interpreterTarget,
      name: 'wasm',
      build: (request) => {
        if (failure === 'build') broken()
        return { ...(interpreterTarget.build(request) as object), add: broken } as never
      },
    })
    const warnings: string[] = []
    try {
      const executor = await createExecutor({
        executor: 'auto',
        program: lineProgram(),
        rows: { act: 1, decide: 1 },
        warn: (message) => warnings.push(message),
      })
      for (const rows of [1, 3]) {
        const observation = Float32Array.from({ length: 2 * rows }, (_, i) => i)
        const { action } = await executor.act({ observation, mask: new Uint8Array(3 * rows) })
        expect(action).toEqual((await executor.decide({ observation }))['action'])
      }
      expect(executor.name).toBe('onnx')
      expect(executor.reason).toMatch(/^auto: .*Moved from wasm to onnx: the emitter is broken/)
      expect(warnings).toEqual([expect.stringContaining('Moves from wasm to onnx')])
      executor.dispose()
      await expect(async () =>
        (await createExecutor({ executor: 'wasm', program: lineProgram() })).act({
          observation: new Float32Array(6),
          mask: new Uint8Array(9),
        }),
      ).rejects.toThrow('the emitter is broken')
    } finally {
      registerTarget(wasm)
    }
  })
})
