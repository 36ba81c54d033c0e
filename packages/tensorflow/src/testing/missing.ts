/** Whether tests on TensorFlow can run here. They are left out where no library is found, and that is said. */
import { locateTensorFlow } from '../library.ts'

export const tensorFlowMissing = locateTensorFlow() === undefined

if (tensorFlowMissing) console.warn('tests on TensorFlow are skipped: no library was found (reprise setup tensorflow)')
