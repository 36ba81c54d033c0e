/**
 * `npm run test:executor -- tensorflow`: the tests of training, replay, kernels and algorithms with one executor wherever
 * they leave it open, or name the usual one. Tests that compare executors, or are about one of them, run as ever.
 *
 *   npm run test:executor -- eager:tensorflow
 *   npm run test:executor -- tensorflow packages/train/src/loops      only these; what follows goes to vitest
 *
 * How it is done: packages/backend/src/testing/forced-executor.ts.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root, runVitest } from './run-vitest.mjs'

const FILES = ['packages/train/', 'packages/replay/', 'packages/algorithms/', 'kernels/']

const [executor, ...given] = process.argv.slice(2)
const filters = given.some((argument) => !argument.startsWith('-')) ? given : [...FILES, ...given]

/** Name, state and note of every executor on this machine. */
function executors() {
  const cli = join(root, 'packages', 'cli', 'bin', 'reprise.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'list', 'executors'], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const rows = stdout.trimEnd().split('\n').slice(2)
  return rows.map((row) => row.split(/ {2,}/)).map(([name, state, note]) => ({ name, state, note }))
}

const known = executors()
const asked = known.find(({ name }) => name === executor)
if (asked === undefined) {
  console.error(`Which executor? One of: ${known.map(({ name }) => name).join(', ')}.`)
  process.exitCode = 2
} else if (asked.state !== 'available') {
  console.error(`Executor '${executor}' ${asked.note}. No test was run.`)
  process.exitCode = 1
} else {
  const { code, passed, failed, left } = await runVitest('tests-executor', filters, { REPRISE_TEST_EXECUTOR: executor })
  if (code !== 0) process.exitCode = 1
  console.log(`\nExecutor ${executor}: ${passed} passed, ${failed} failed, ${left} left out`)
}
