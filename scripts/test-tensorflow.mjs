/**
 * `npm run test:tensorflow`: every test that runs on TensorFlow, the long ones of its package too (all recorded kernel calls
 * under XLA, 50 worker threads, setup interrupted 20 times, 10 000 updates). Fails where no TensorFlow is found or a test
 * was left out; `npm test` runs the short ones wherever there is one and leaves them out elsewhere.
 *
 * Arguments replace the list of files and go to vitest.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findTensorFlow } from './find-tensorflow.mjs'
import { install } from './install.mjs'
import { root, runVitest } from './run-vitest.mjs'

const given = process.argv.slice(2)

/** Two packages whole, and elsewhere the test files that ask which TensorFlow is there. */
function files() {
  const asks = (path) => /tensorFlow(Executors|Missing)/.test(readFileSync(join(root, path), 'utf8'))
  return ['packages/tensorflow/', 'packages/backend/', ...tests('packages').filter(asks)]
}

function tests(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : tests(path)
    return entry.name.endsWith('.test.ts') ? [path] : []
  })
}

try {
  await install()
  const { version, folder, problem } = findTensorFlow()
  if (problem !== undefined) throw new Error(`No test was run: these need a TensorFlow. ${problem}`)
  console.log(`On TensorFlow ${version}, ${folder}.`)
  const filters = given.length > 0 ? given : files()
  const { code, passed, failed, left } = await runVitest('tests-tensorflow', filters, { REPRISE_TEST_FULL: '1' })
  if (code !== 0 || left > 0 || passed === 0) process.exitCode = 1
  const out = left > 0 ? `, ${left} left out, which counts as a failure here` : ''
  console.log(`\nTensorFlow ${version}: ${passed} passed, ${failed} failed${out}`)
} catch (error) {
  console.error(`error: ${error.message}`)
  process.exitCode = 1
}
