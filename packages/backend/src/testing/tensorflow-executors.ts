/** Which executors on TensorFlow this machine has: tests run on them where there is a library, and say so where not. */

import { listExecutors } from '../create-executor.ts'
import type { ExecutorName } from '../executor.ts'

export async function tensorFlowExecutors(): Promise<ExecutorName[]> {
  const here = (await listExecutors()).filter(({ name, available }) => available && name.includes('tensorflow'))
  if (here.length === 0) console.warn('tests on TensorFlow are left out: it was not found (reprise setup tensorflow)')
  return here.map(({ name }) => name)
}
