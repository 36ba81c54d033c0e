/** Fails when a package imports against the arrows of the design: see imports/order.ts. */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkImports } from './imports/check.ts'

const problems = checkImports(dirname(dirname(fileURLToPath(import.meta.url))))
for (const problem of problems) console.error(problem)
if (problems.length > 0) {
  console.error(`${problems.length} import${problems.length > 1 ? 's' : ''} against the rules.`)
  process.exitCode = 1
}
