/**
 * `npm test`: installs, checks types, lints, tests. Every stage runs and says how long it took; the last line counts.
 * `--full` adds the long tests (soaks, kill loops, score bars). Other arguments go to vitest: `npm test -- packages/core`.
 */
import { join } from 'node:path'
import { findTensorFlow } from './find-tensorflow.mjs'
import { install } from './install.mjs'
import { bin, node, root, runVitest } from './run-vitest.mjs'

const full = process.argv.includes('--full')
const filters = process.argv.slice(2).filter((argument) => argument !== '--full')

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

/** What went wrong, by an exit code. */
const problemOf = (code) => (code === 0 ? undefined : `exit code ${code}`)

/** Tests on TensorFlow are left out without a word of their own where there is none. */
function sayTensorFlow() {
  const { version, folder, problem } = findTensorFlow()
  console.log(
    problem === undefined ? `On TensorFlow ${version}, ${folder}, too.` : `Without tests on TensorFlow: ${problem}`,
  )
}

let counts = { passed: 0, failed: 0 }
if (await stage('install', install)) {
  await stage('types', async () => problemOf(await node([bin('typescript', 'bin/tsc'), '-b'])))
  await stage('lint', async () => problemOf(await node([bin('@biomejs/biome', 'bin/biome'), 'check', '.'])))
  const imports = [bin('tsx', 'dist/cli.mjs'), join(root, 'scripts', 'check-imports.ts')]
  await stage('imports', async () => problemOf(await node(imports)))
  await stage(full ? 'tests (full)' : 'tests', async () => {
    sayTensorFlow()
    counts = await runVitest('tests', filters, full ? { REPRISE_TEST_FULL: '1' } : {})
    return problemOf(counts.code)
  })
}

// The stage of the tests is counted by its tests; it counts itself where an error outside any test failed it.
const failed = counts.failed > 0 ? counts.failed + failedStages - 1 : failedStages
if (failed > 0) process.exitCode = 1
console.log(`\n${counts.passed} passed, ${failed} failed`)
