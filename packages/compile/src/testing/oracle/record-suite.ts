/** Bundles and runs tfjs-core's specs with a recorder; about 20 s. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'

import { join } from 'node:path'
import { build } from 'esbuild'

const FOLDER = join(import.meta.dirname, '../../../node_modules/.cache')

export interface SuiteCounts {
  readonly passed: number
  readonly failed: number
  readonly calls: number
  readonly written: number
}

/** Records every distinct kernel call of the suite into a file of JSON lines and returns its path. */
export async function recordSuite(): Promise<{ file: string; counts: SuiteCounts }> {
  mkdirSync(FOLDER, { recursive: true })
  const bundle = join(FOLDER, 'oracle-suite.cjs')
  const file = join(FOLDER, 'oracle-cases.jsonl')
  await build({
    entryPoints: [join(import.meta.dirname, 'suite-entry.js')],
    outfile: bundle,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    // ECMAScript modules throughout: one copy of tfjs-core.
    mainFields: ['module', 'main'],
    // tests.js is marked free of side effects; without this the specs are dropped.
    ignoreAnnotations: true,
    external: ['node-fetch', 'string_decoder'],
    logLevel: 'error',
  })
  const out = execFileSync(process.execPath, [bundle], {
    env: { ...process.env, ORACLE_OUT: file, NODE_NO_WARNINGS: '1' },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const counts = JSON.parse(out.trim().split('\n').at(-1)!) as SuiteCounts
  return { file, counts }
}

/** The last recording, made where there is none. */
export async function suiteFile(): Promise<string> {
  const file = join(FOLDER, 'oracle-cases.jsonl')
  return existsSync(file) ? file : (await recordSuite()).file
}
