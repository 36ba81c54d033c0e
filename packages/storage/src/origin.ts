/** Where something that is written down came from: the machine and the commit. */
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, platform, release, totalmem } from 'node:os'

export interface Origin {
  readonly machine: Readonly<Record<string, string | number>>
  /** Of the current folder; null where that is no checkout. */
  readonly git: { readonly commit: string; readonly dirty: boolean } | null
}

export function origin(): Origin {
  return {
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      platform: `${platform()} ${process.arch} ${release()}`,
    },
    git: gitState(),
  }
}

function gitState(): Origin['git'] {
  const git = (...args: string[]) =>
    execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 2000 }).trim()
  try {
    return { commit: git('rev-parse', 'HEAD'), dirty: git('status', '--porcelain', '--untracked-files=no') !== '' }
  } catch {
    return null
  }
}
