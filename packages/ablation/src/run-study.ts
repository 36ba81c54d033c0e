/** One job of a study, in the process that was started for it. */
import { join, resolve } from 'node:path'
import { RepriseError } from '@reprise/core'
import { writeFileAtomic } from '@reprise/storage'
import { studyProvenance } from './provenance.ts'
import type { Study, StudyResult } from './study.ts'
import { hashFile, readStudyRequest, type StudyRecord } from './study-folder.ts'

/** Imports a TypeScript or JavaScript file. */
export type LoadFile = (path: string) => Promise<Readonly<Record<string, unknown>>>

/**
 * Calls the study that `job.json` in the folder names and writes what it returns to `result.json`: whole or not at all.
 * @throws RepriseError RPR_FILE_MISSING, RPR_RUN_INVALID, RPR_EXPERIMENT_INVALID where the study or its result is wrong
 */
export async function runStudyJob(folder: string, load: LoadFile): Promise<StudyRecord> {
  const request = readStudyRequest(folder)
  const { arm, seed, set, quick, run } = request
  const exports = await load(run)
  const study = exports['run']
  if (typeof study !== 'function') {
    throw new RepriseError('RPR_EXPERIMENT_INVALID', `'${run}' exports no function named 'run'.`, {
      value: Object.keys(exports),
      hint: 'Write: export async function run({ arm, seed, out, set, quick }: StudyJob): Promise<StudyResult>.',
    })
  }
  const began = performance.now()
  const result = await (study as Study)({ arm, seed, out: resolve(folder), set, quick })
  const wallSeconds = (performance.now() - began) / 1000
  checkResult(run, result)
  const record: StudyRecord = {
    ...request,
    ...studyProvenance(),
    runHash: hashFile(run),
    wallSeconds,
    result,
  }
  writeFileAtomic(join(folder, 'result.json'), `${JSON.stringify(record)}\n`)
  return record
}

function checkResult(run: string, result: StudyResult): void {
  const wrong = (what: string, value: unknown) =>
    new RepriseError('RPR_EXPERIMENT_INVALID', `'${run}' returned ${what}.`, {
      value,
      hint: 'It returns { metrics: { name: number }, curves?: { name: { x, y } } } with finite numbers.',
    })
  if (typeof result !== 'object' || result === null || typeof result.metrics !== 'object' || result.metrics === null) {
    throw wrong('no metrics', result)
  }
  const metrics = Object.entries(result.metrics)
  if (metrics.length === 0) throw wrong('no metrics', result)
  for (const [name, value] of metrics) {
    if (!Number.isFinite(value)) throw wrong(`the metric '${name}' = ${value}`, value)
  }
  for (const [name, { x, y }] of Object.entries(result.curves ?? {})) {
    const legal = Array.isArray(x) && Array.isArray(y) && x.length === y.length && x.length > 0
    if (!legal) throw wrong(`the curve '${name}' with ${x?.length} x and ${y?.length} y values`, name)
    if (![...x, ...y].every(Number.isFinite)) throw wrong(`the curve '${name}' with a value that is not finite`, name)
    if (result.logY && y.some((value) => value <= 0)) {
      throw wrong(`the curve '${name}' with a value <= 0 for a logarithmic axis`, name)
    }
  }
}
