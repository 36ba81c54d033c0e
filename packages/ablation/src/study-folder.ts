/** A study's job folder: `job.json` says what was asked, `result.json` what came of it. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RepriseError, repriseCommand } from '@reprise/core'
import { writeFileAtomic } from '@reprise/storage'
import type { Job } from './jobs.ts'
import type { StudyResult } from './study.ts'

export interface StudyRequest {
  readonly arm: string
  readonly seed: number
  readonly set: Readonly<Record<string, unknown>>
  readonly quick: boolean
  /** The study's file. */
  readonly run: string
}

/** What ran where, as a training run's config.yaml says it. */
export interface StudyProvenance {
  readonly versions: Readonly<Record<string, string>>
  readonly git: { readonly commit: string; readonly dirty: boolean } | null
  readonly machine: Readonly<Record<string, string | number>>
}

export interface StudyRecord extends StudyRequest, StudyProvenance {
  /** The beginning of the SHA-256 of the study's file. */
  readonly runHash: string
  readonly wallSeconds: number
  readonly result: StudyResult
}

export function writeStudyRequest({ arm, seed, quick, study, folder }: Job): void {
  mkdirSync(folder, { recursive: true })
  const request: StudyRequest = { arm: arm.name, seed, set: arm.set, quick, run: study! }
  writeFileAtomic(join(folder, 'job.json'), `${JSON.stringify(request, null, 2)}\n`)
}

/** @throws RepriseError RPR_FILE_MISSING, RPR_RUN_INVALID */
export function readStudyRequest(folder: string): StudyRequest {
  const path = join(folder, 'job.json')
  if (!existsSync(path)) {
    throw new RepriseError('RPR_FILE_MISSING', `'${folder}' holds no job.json: it is no job of a study.`, {
      value: folder,
      hint: `Studies are started by '${repriseCommand('ablate')}'.`,
    })
  }
  return readJson(path) as StudyRequest
}

/** Undefined while the job is not finished. @throws RepriseError RPR_RUN_INVALID */
export function readStudyRecord(folder: string): StudyRecord | undefined {
  const path = join(folder, 'result.json')
  return existsSync(path) ? (readJson(path) as StudyRecord) : undefined
}

/** What was recorded in the folder and differs from the job: name, what is there, what the job says. */
export function studyMismatch({ arm, seed, quick, folder }: Job): [string, unknown, unknown] | undefined {
  const path = ['result.json', 'job.json'].map((name) => join(folder, name)).find((file) => existsSync(file))
  if (path === undefined) return undefined
  const there = readJson(path) as StudyRequest
  const keys = [...new Set([...Object.keys(there.set ?? {}), ...Object.keys(arm.set)])]
  const pairs: [string, unknown, unknown][] = [
    ['arm', there.arm, arm.name],
    ['seed', there.seed, seed],
    ['quick', there.quick, quick],
    ...keys.map((key): [string, unknown, unknown] => [`set.${key}`, there.set?.[key], arm.set[key]]),
  ]
  return pairs.find(([, a, b]) => JSON.stringify(a) !== JSON.stringify(b))
}

export function hashFile(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12)
}

function readJson(path: string): unknown {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof content === 'object' && content !== null) return content
    throw new Error('it holds no mapping')
  } catch (cause) {
    throw new RepriseError('RPR_RUN_INVALID', `'${path}' cannot be read: ${(cause as Error).message}.`, {
      value: path,
      hint: 'Delete its folder: the job is then run again.',
      cause,
    })
  }
}
