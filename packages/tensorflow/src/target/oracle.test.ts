/** Recorded kernel calls of tfjs-core's suite, compiled by XLA: one in fifty here, all of them in oracle.full.test.ts. */
import { expect, test } from 'vitest'
import { tensorFlowMissing } from '../testing/missing.ts'
import { recordedCases, runCases } from '../testing/oracle.ts'
import { startTensorFlow } from '../use-tensorflow.ts'

test.skipIf(tensorFlowMissing)(
  'one in fifty recorded kernel calls gives what TensorFlow.js gives',
  async () => {
    const { session } = await startTensorFlow()
    const cases = recordedCases().filter((_, i) => i % 50 === 0)
    const { passed, wrong } = runCases(session!, cases)
    expect(wrong).toEqual([])
    expect(passed).toBe(cases.length)
  },
  240_000,
)
