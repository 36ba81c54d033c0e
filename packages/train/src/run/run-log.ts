/** The files of a run that only grow: metrics, evaluations, TensorBoard events, log lines. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { EventFileWriter, eventFileName } from '../reporting/index.ts'
import { AppendFile, setAsideAfter } from './append-file.ts'

export interface EvaluationRow {
  readonly step: number
  readonly time: number
  readonly mean_reward: number
  readonly std_reward: number
  readonly episodes: number
  readonly returns: readonly number[]
  /** Episodes whose environment threw: in none of the numbers above. */
  readonly failed: number
  readonly success_rate?: number
  /** What the episodes' seeds were drawn from. */
  readonly seed: number
}

export class RunLog {
  readonly text: pino.Logger
  readonly #metrics: AppendFile
  readonly #evaluations: AppendFile
  readonly #events: EventFileWriter | undefined
  readonly #eventsName: string

  constructor(folder: string, tensorboard: boolean) {
    this.#metrics = new AppendFile(join(folder, 'metrics.jsonl'))
    this.#evaluations = new AppendFile(join(folder, 'eval.jsonl'))
    // A resumed run goes on in the file that it began.
    this.#eventsName =
      readdirSync(folder).find((name) => name.startsWith('events.out.tfevents.')) ?? eventFileName(Date.now() / 1000)
    if (tensorboard) this.#events = new EventFileWriter(join(folder, this.#eventsName))
    // Written at once: a process that is killed has lost no line.
    this.text = pino({ base: { pid: process.pid } }, pino.destination({ dest: join(folder, 'run.log'), sync: true }))
  }

  metrics(step: number, time: number, row: Readonly<Record<string, number>>): void {
    this.#metrics.append(`${JSON.stringify({ step, time: round(time), ...finite(row) })}\n`)
    this.#events?.scalars(finite(row), step)
  }

  evaluation(row: EvaluationRow): void {
    this.#evaluations.append(`${JSON.stringify({ ...row, time: round(row.time) })}\n`)
    this.#events?.scalars({ 'eval/mean_reward': row.mean_reward, 'eval/std_reward': row.std_reward }, row.step)
  }

  /** Lengths in bytes, as a checkpoint records them. */
  lengths(): Record<string, number> {
    return {
      'metrics.jsonl': this.#metrics.length,
      'eval.jsonl': this.#evaluations.length,
      ...(this.#events ? { [this.#eventsName]: this.#events.flush() } : {}),
    }
  }

  close(): void {
    this.#metrics.close()
    this.#evaluations.close()
    this.#events?.close()
    this.text.flush()
  }
}

/** Before a resume: rows written after the checkpoint move to `set-aside/`. Returns how many bytes moved. */
export function setAsideLaterRows(folder: string, lengths: Readonly<Record<string, number>>, step: number): number {
  const label = `after-${step}-${new Date().toISOString().replaceAll(':', '').slice(0, 17)}`
  return Object.entries(lengths).reduce(
    (moved, [name, length]) => moved + setAsideAfter(join(folder, name), length, label),
    0,
  )
}

function finite(row: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => Number.isFinite(value)))
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
