/** Writes docs/errors.md from the table of error codes: `npx tsx scripts/write-error-docs.ts`. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ERROR_CODES } from '@reprise/core'

export const ERROR_DOCS = fileURLToPath(new URL('../docs/errors.md', import.meta.url))

/** Areas in the order of the page; the second part of a code names its area. */
const AREAS: Readonly<Record<string, string>> = {
  OPTION: 'Options',
  USAGE: 'The command line',
  CONFIG: 'Configuration files',
  FILE: 'Files and folders',
  ENV: 'Environments',
  SPACE: 'Spaces',
  ALGO: 'Algorithms',
  PRESET: 'Presets',
  EXECUTOR: 'Executors',
  RUN: 'Run folders',
  CHECKPOINT: 'Checkpoints',
  STATE: 'Saved state',
  TRAINING: 'Training',
  SHAPE: 'Arrays',
  REPLAY: 'Replay',
  KERNEL: 'Kernels',
  INDEX: 'Similarity indices',
  EXPERIMENT: 'Experiments',
  COMPILE: 'Compiling',
  TENSORFLOW: 'TensorFlow',
  SETUP: 'Setup',
}

/** The page as text. @throws for a code whose area has no name here */
export function errorDocs(): string {
  const sections = new Map<string, string[]>()
  for (const [code, meaning] of Object.entries(ERROR_CODES)) {
    const area = AREAS[code.split('_')[1]!]
    if (area === undefined) throw new Error(`No area for ${code}: add it to AREAS in scripts/write-error-docs.ts.`)
    sections.set(area, [...(sections.get(area) ?? []), `| \`${code}\` | ${meaning} |`])
  }
  const body = Object.values(AREAS)
    .filter((area) => sections.has(area))
    .map((area) => `## ${area}\n\n| code | meaning |\n|---|---|\n${sections.get(area)!.join('\n')}\n`)
  return `<!-- Written by scripts/write-error-docs.ts from packages/core/src/errors.ts: edit that table, not this page. -->

# Errors

Every error that Reprise throws on purpose is a \`RepriseError\` with a stable \`code\`, the offending \`value\`, and a
message that says what is legal and what to do (\`hint\`). The command line prints the message and exits with status 2.
Messages may be bettered from release to release; codes stay.

${body.join('\n')}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(ERROR_DOCS, errorDocs())
