/** Bundles tfjs-core's specs and runs them on the backend `tensorflow`, in a process of their own. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const FOLDER = join(import.meta.dirname, '../../../node_modules/.cache')

export interface SuiteResult {
  readonly version: string
  readonly device: string
  readonly passed: number
  readonly pending: number
  readonly failed: readonly { readonly name: string; readonly message: string }[]
}

/** About 20 s. */
export async function runSuite(): Promise<SuiteResult> {
  mkdirSync(FOLDER, { recursive: true })
  const bundle = join(FOLDER, 'tensorflow-suite.cjs')
  const file = join(FOLDER, 'tensorflow-suite.json')
  await build({
    entryPoints: [join(import.meta.dirname, 'suite-entry.js')],
    outfile: bundle,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    // ECMAScript modules throughout: one copy of tfjs-core in the bundle.
    mainFields: ['module', 'main'],
    // tests.js is marked free of side effects; without this the specs are dropped.
    ignoreAnnotations: true,
    external: ['node-fetch', 'string_decoder'],
    logLevel: 'error',
  })
  execFileSync(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), join(import.meta.dirname, 'suite-main.ts'), bundle, file],
    {
      env: { ...process.env, NODE_NO_WARNINGS: '1' },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  return JSON.parse(readFileSync(file, 'utf8')) as SuiteResult
}

if (process.argv[1] === import.meta.filename) {
  const { failed, ...counts } = await runSuite()
  for (const { name, message } of failed) console.log(`${name}\n    ${message}`)
  console.log({ ...counts, failed: failed.length })
}
