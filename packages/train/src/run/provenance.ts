/** What a run says about where it came from: versions, commit, machine, command. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, platform, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'

export const REPRISE_VERSION: string = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8'),
).version

export interface Provenance {
  readonly versions: Readonly<Record<string, string>>
  readonly git: { readonly commit: string; readonly dirty: boolean } | null
  readonly machine: Readonly<Record<string, string | number>>
  readonly command: string
}

export function provenance(): Provenance {
  return {
    versions: { reprise: REPRISE_VERSION, node: process.versions.node, tfjs: tfjsVersion() },
    git: gitState(),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      platform: `${platform()} ${process.arch} ${release()}`,
    },
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

function gitState(): Provenance['git'] {
  const git = (...args: string[]) =>
    execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 2000 }).trim()
  try {
    return { commit: git('rev-parse', 'HEAD'), dirty: git('status', '--porcelain', '--untracked-files=no') !== '' }
  } catch {
    return null
  }
}
