import { basename } from 'node:path'
import { RepriseError, repriseCommand } from '@reprise/core'

/** 1 GB is 10^9 bytes here, as package indices and disks count. */
export function formatBytes(count: number): string {
  return count >= 1e9 ? `${(count / 1e9).toFixed(2)} GB` : `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB`
}

export function damaged(path: string, why: string): RepriseError {
  return new RepriseError('RPR_SETUP_DAMAGED', `'${basename(path)}' is damaged: ${why}.`, {
    value: path,
    hint: `Run the same command again; where that does not help, '${repriseCommand('setup tensorflow --remove')}' first.`,
  })
}
