/** Reads and writes the parts of docs/kernels.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type OracleCase, unpackCase } from './case.ts'
import { KNOWN } from './kernel-table.ts'

export const RECORDED = fileURLToPath(new URL('../../../recorded/kernels.jsonl', import.meta.url))
export const PAGE = fileURLToPath(new URL('../../../docs/kernels.md', import.meta.url))

export function recordedCases(): OracleCase[] {
  return readFileSync(RECORDED, 'utf8').trim().split('\n').map(unpackCase)
}

export interface PageParts {
  readonly subset: string
  readonly all: string
  readonly missing: string
}

export function writePage(parts: PageParts): void {
  writeFileSync(PAGE, page(parts))
}

function page({ subset, all, missing }: PageParts): string {
  const known = Object.entries(KNOWN).flatMap(([target, kernels]) =>
    Object.entries(kernels).map(([kernel, why]) => `- ${target}, ${kernel}: ${why}.`),
  )
  return `<!-- Written by src/testing/oracle/write-oracle.ts: run it with tsx, do not edit. -->

# Kernels

TensorFlow.js ships its own test suite with tfjs-core. Every kernel call that it makes on the cpu backend was recorded
with its answer and is repeated here as a graph of its own, through the importers and passes, on each target. A call
passes if shapes and types are equal, integers exact, and floats within 1e-5 of the value or of a hundredth of the
tensor's largest element. A kernel without importer is refused on every target, and the next target is taken.

## Every call of the suite

${all}

Not compiled, with their calls: ${missing}.

Known differences from TensorFlow.js:

${known.length === 0 ? 'None.' : known.join('\n')}

## The subset that \`npm test\` runs

${subset}
`
}

/** The text below a heading, up to the next. */
export function section(heading: string): string {
  const text = readFileSync(PAGE, 'utf8')
  const start = text.indexOf(`## ${heading}\n`)
  if (start < 0) return ''
  const body = text.slice(start + heading.length + 4)
  const end = body.indexOf('\n## ')
  return (end < 0 ? body : body.slice(0, end)).trim()
}
