/** What a study's result says about where it came from. */
import { readFileSync } from 'node:fs'
import { origin } from '@reprise/storage'
import type { StudyProvenance } from './study-folder.ts'

export function studyProvenance(): StudyProvenance {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return { versions: { reprise: version, node: process.versions.node }, ...origin() }
}
