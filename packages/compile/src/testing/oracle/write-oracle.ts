/**
 * Records tfjs-core's suite anew and writes the committed subset and docs/kernels.md; about 90 s:
 * `npx tsx packages/compile/src/testing/oracle/write-oracle.ts`
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { targetNamed } from '../../target-registry.ts'
import { type OracleCase, unpackCase } from './case.ts'
import { kernelTable, missingKernels, surprises } from './kernel-table.ts'
import { PAGE, RECORDED, recordedCases, writePage } from './page.ts'
import { recordSuite } from './record-suite.ts'
import { runCases, type Verdict } from './run-cases.ts'
import { selectCases } from './select-cases.ts'

export const TARGETS = ['interpreter', 'wasm', 'onnx'] as const

export async function verdictsOn(cases: readonly OracleCase[]): Promise<Record<string, Verdict[]>> {
  const verdicts: Record<string, Verdict[]> = {}
  for (const name of TARGETS) verdicts[name] = await runCases(cases, targetNamed(name))
  return verdicts
}

async function main(): Promise<void> {
  const { file, counts } = await recordSuite()
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  for (const path of [RECORDED, PAGE]) mkdirSync(dirname(path), { recursive: true })
  writeFileSync(RECORDED, `${selectCases(lines).join('\n')}\n`)
  const all = await verdictsOn(lines.map(unpackCase))
  const subset = await verdictsOn(recordedCases())
  writePage({ subset: kernelTable(subset), all: kernelTable(all), missing: missingKernels(all) })
  console.log(counts, surprises(all))
}

if (process.argv[1] === import.meta.filename) await main()
