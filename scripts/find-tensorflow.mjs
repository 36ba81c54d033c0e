/** Which TensorFlow the tests would run on: the answer of packages/tensorflow, asked in a process of its own. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './run-vitest.mjs'

const ASK = `import { locateTensorFlow } from './src/library.ts'
try {
  console.log(JSON.stringify({ ...locateTensorFlow() }))
} catch (error) {
  console.log(JSON.stringify({ problem: error.message }))
}`
const NONE = "none was found; 'npx --no reprise setup tensorflow' installs one"

/** { version, folder }, or { problem } where there is none. */
export function findTensorFlow() {
  const args = [join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs'), '--input-type=module', '--eval', ASK]
  const options = { cwd: join(root, 'packages', 'tensorflow'), encoding: 'utf8' }
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options)
  if (status !== 0) return { problem: stderr.trim() }
  const { problem, version, folder } = JSON.parse(stdout)
  return problem === undefined && folder !== undefined ? { version, folder } : { problem: problem ?? NONE }
}
