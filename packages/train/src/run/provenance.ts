/** What a run says about where it came from: versions, commit, machine, command. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type Origin, origin } from '@reprise/storage'

export const REPRISE_VERSION: string = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8'),
).version

export interface Provenance extends Origin {
  readonly versions: Readonly<Record<string, string>>
  readonly command: string
}

export function provenance(): Provenance {
  return {
    versions: { reprise: REPRISE_VERSION, node: process.versions.node, tfjs: tfjsVersion() },
    ...origin(),
    command: commandLine(),
  }
}

/** The command as a person would type it again. */
function commandLine(): string {
  const [, script = '', ...args] = process.argv
  const quoted = args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`))
  return /reprise(\.mjs)?$|start\.mjs$/.test(script) ? ['reprise', ...quoted].join(' ') : '(TypeScript API)'
}

function tfjsVersion(): string {
  try {
    return (createRequire(import.meta.url)('@tensorflow/tfjs-core/package.json') as { version: string }).version
  } catch {
    return 'unknown'
  }
}
