/** All recorded kernel calls of packages/compile, compiled by XLA: minutes, most of them XLA's. */
import { expect, test } from 'vitest'
import { tensorFlowMissing } from '../testing/missing.ts'
import { recordedCases, runCases } from '../testing/oracle.ts'
import { startTensorFlow } from '../use-tensorflow.ts'

test.skipIf(tensorFlowMissing)('every recorded kernel call gives what TensorFlow.js gives', async () => {
  const { session } = await startTensorFlow()
  const cases = recordedCases()
  const { passed, wrong } = runCases(session!, cases, 100)
  expect(wrong).toEqual([])
  expect(passed).toBe(cases.length)
})
