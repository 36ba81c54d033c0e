/** The process that runs the suite: `suite-main.ts <bundle> <result file>`, on the TensorFlow that is found. */
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { useTensorFlow } from '../../use-tensorflow.ts'
import type { SuiteResult } from './run-suite.ts'

const [bundle, file] = process.argv.slice(2) as [string, string]
// First the bundle: its copy of tfjs-core makes the engine that both copies share.
const suite = createRequire(import.meta.url)(bundle) as { execute(): Promise<Omit<SuiteResult, 'version' | 'device'>> }
// What the kernels say on the way is theirs.
console.warn = () => {}
const { version, device } = await useTensorFlow()
const result: SuiteResult = { version, device: device.type, ...(await suite.execute()) }
writeFileSync(file, JSON.stringify(result, undefined, 1))
process.exit(0)
