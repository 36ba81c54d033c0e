/**
 * `npm test`: installs, checks types, lints, tests. Every stage runs and says how long it took; the last line counts.
 * `--full` adds the long tests (soaks, kill loops, score bars). Other arguments go to vitest: `npm test -- packages/core`.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findTensorFlow } from './find-tensorflow.mjs'
import { install } from './install.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const full = process.argv.includes('--full')
const filters = process.argv.slice(2).filter((argument) => argument !== '--full')
const report = join(root, '.cache', 'tests.json')

let failedStages = 0

/** `run` resolves to what went wrong, or to nothing. */
async function stage(name, run) {
  console.log(`\n== ${name}`)
  const started = performance.now()
  let problem
  try {
    problem = await run()
  } catch (error) {
    problem = error.message
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(problem ? `== ${name}: FAILED (${problem}), ${seconds} s` : `== ${name}: ok, ${seconds} s`)
  if (problem) failedStages++
  return !problem
}

/** Runs a package's command from its JavaScript file, so that no shell is needed; resolves to what went wrong. */
async function node(args, env = {}) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } })
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exit, signal) => resolve(signal ?? exit))
  })
  return code === 0 ? undefined : `exit code ${code}`
}

/** Counts of vitest's JSON report. A file that could not be run counts as one failed test. */
function count() {
  let results
  try {
    results = JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    return { passed: 0, failed: 1 }
  }
  const broken = results.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  return { passed: results.numPassedTests, failed: results.numFailedTests + broken.length }
}

/** Tests on TensorFlow are left out without a word of their own where there is none. */
function sayTensorFlow() {
  const { version, folder, problem } = findTensorFlow()
  console.log(
    problem === undefined ? `On TensorFlow ${version}, ${folder}, too.` : `Without tests on TensorFlow: ${problem}`,
  )
}

let counts = { passed: 0, failed: 0 }
const bin = (name, file) => join(root, 'node_modules', name, file)
if (await stage('install', install)) {
  await stage('types', () => node([bin('typescript', 'bin/tsc'), '-b']))
  await stage('lint', () => node([bin('@biomejs/biome', 'bin/biome'), 'check', '.']))
  await stage('imports', () => node([bin('tsx', 'dist/cli.mjs'), join(root, 'scripts', 'check-imports.ts')]))
  await stage(full ? 'tests (full)' : 'tests', async () => {
    rmSync(report, { force: true })
    mkdirSync(dirname(report), { recursive: true })
    sayTensorFlow()
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const problem = await node(
      [bin('vitest', 'vitest.mjs'), 'run', ...reporters, ...filters],
      full ? { REPRISE_TEST_FULL: '1' } : {},
    )
    counts = count()
    return problem
  })
}

// The stage of the tests is counted by its tests; it counts itself where an error outside any test failed it.
const failed = counts.failed > 0 ? counts.failed + failedStages - 1 : failedStages
if (failed > 0) process.exitCode = 1
console.log(`\n${counts.passed} passed, ${failed} failed`)
