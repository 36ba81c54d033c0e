/** Runs tools of the repository as child processes; vitest with a report that is counted. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** A file of an installed package. */
export const bin = (name, file) => join(root, 'node_modules', name, file)

/** Runs a package's command from its JavaScript file, so that no shell is needed; resolves to its exit code or signal. */
export function node(args, env = {}) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(signal ?? code))
  })
}

/** `vitest run`. `name`: of the report below .cache, which is counted. */
export async function runVitest(name, filters, env) {
  const report = join(root, '.cache', `${name}.json`)
  rmSync(report, { force: true })
  mkdirSync(dirname(report), { recursive: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await node([bin('vitest', 'vitest.mjs'), 'run', ...reporters, ...filters], env)
  return { code, ...count(report) }
}

/** Counts of vitest's JSON report. A file that could not be run counts as one failed test. */
function count(report) {
  let results
  try {
    results = JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    return { passed: 0, failed: 1, left: 0 }
  }
  const broken = results.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + broken.length,
    left: results.numPendingTests,
  }
}
