/**
 * `npm run test:tensorflow`: every test that runs on TensorFlow, the long ones of its package too (all recorded kernel calls
 * under XLA, 50 worker threads, setup interrupted 20 times, 10 000 updates). Fails where no TensorFlow is found or a test
 * was left out; `npm test` runs the short ones wherever there is one and leaves them out elsewhere.
 *
 * Arguments replace the list of files and go to vitest.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findTensorFlow } from './find-tensorflow.mjs'
import { install } from './install.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const given = process.argv.slice(2)
const report = join(root, '.cache', 'tests-tensorflow.json')

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

/** Resolves to vitest's exit code. */
function vitest(filters) {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const args = [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...reporters, ...filters]
  const env = { ...process.env, REPRISE_TEST_FULL: '1' }
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(signal ?? code))
  })
}

try {
  await install()
  const { version, folder, problem } = findTensorFlow()
  if (problem !== undefined) throw new Error(`No test was run: these need a TensorFlow. ${problem}`)
  console.log(`On TensorFlow ${version}, ${folder}.`)
  rmSync(report, { force: true })
  mkdirSync(dirname(report), { recursive: true })
  const code = await vitest(given.length > 0 ? given : files())
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'))
  if (code !== 0 || numPendingTests > 0 || numPassedTests === 0) process.exitCode = 1
  const out = numPendingTests > 0 ? `, ${numPendingTests} left out, which counts as a failure here` : ''
  console.log(`\nTensorFlow ${version}: ${numPassedTests} passed, ${numFailedTests} failed${out}`)
} catch (error) {
  console.error(`error: ${error.message}`)
  process.exitCode = 1
}
