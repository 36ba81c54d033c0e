/** The executors on TensorFlow, where the library is: tests leave them out, and say so, where it is not. */
import { type ExecutorName, listExecutors } from '@reprise/backend'

export async function tensorFlowExecutors(): Promise<ExecutorName[]> {
  const here = (await listExecutors()).filter(({ name, available }) => available && name.includes('tensorflow'))
  if (here.length === 0) console.warn('tests on TensorFlow are left out: it was not found (reprise setup tensorflow)')
  return here.map(({ name }) => name)
}
