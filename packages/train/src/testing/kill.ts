/** For tests: training in child processes that are killed without warning. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const boot = fileURLToPath(new URL('./train-child.mjs', import.meta.url))

/** A child that trains with these options, or resumes where they name only `resume`. */
export function trainChild(options: Readonly<Record<string, unknown>>): {
  child: ChildProcess
  exited: Promise<number | null>
} {
  const child = spawn(process.execPath, [boot, JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit'] })
  return { child, exited: new Promise((resolve) => child.once('exit', (code) => resolve(code))) }
}

/** Rows of a run's file without what depends on the clock and the machine. */
export function rowsOf(folder: string, file: string): Record<string, unknown>[] {
  return readFileSync(join(folder, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) =>
      Object.fromEntries(Object.entries(JSON.parse(line)).filter(([key]) => !/^(time|memory)(\/|$)/.test(key))),
    )
}
