/** Runs the command of each job in a process of its own, a few at a time. */
import { spawn } from 'node:child_process'
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Exit code of a run that Ctrl-C stopped. */
export const INTERRUPTED = 130

export interface Task {
  /** Arguments after the program. */
  readonly args: readonly string[]
  /** What the process prints is appended here. */
  readonly log: string
}

export interface Ended {
  readonly exitCode: number
  readonly seconds: number
  /** The end of what it printed, where it failed. */
  readonly output: string
}

export interface PoolOptions<T extends Task> {
  readonly program: readonly [string, ...string[]]
  readonly jobs: number
  /** Each time it is called, the processes that run are sent SIGINT once, and no other one is begun. */
  readonly onInterrupt?: (interrupt: () => void) => void
  readonly started?: (task: T) => void
  readonly ended?: (task: T, end: Ended) => void
}

/** Returns how many tasks did not end with exit code 0, those that an interrupt kept from beginning included. */
export async function runPool<T extends Task>(tasks: readonly T[], options: PoolOptions<T>): Promise<number> {
  const waiting = [...tasks]
  const running = new Set<ReturnType<typeof spawn>>()
  let interrupted = false
  let failed = 0
  options.onInterrupt?.(() => {
    interrupted = true
    for (const child of running) child.kill('SIGINT')
  })

  const one = async (task: T): Promise<Ended> => {
    mkdirSync(dirname(task.log), { recursive: true })
    const log = openSync(task.log, 'a')
    const before = fstatSync(log).size
    const began = performance.now()
    // A process group of its own: Ctrl-C in a terminal reaches it once, through us.
    const [program, ...first] = options.program
    const child = spawn(program, [...first, ...task.args], {
      stdio: ['ignore', log, log],
      detached: process.platform !== 'win32',
    })
    running.add(child)
    const exitCode = await new Promise<number>((resolve) => {
      child.on('error', () => resolve(1))
      // A process that handles no SIGINT is ended by it: stopped, not failed.
      child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? INTERRUPTED : 1)))
    })
    running.delete(child)
    closeSync(log)
    const output =
      exitCode === 0
        ? ''
        : readFileSync(task.log).subarray(before).toString('utf8').trimEnd().split('\n').slice(-4).join('\n')
    return { exitCode, seconds: (performance.now() - began) / 1000, output }
  }

  const worker = async () => {
    while (!interrupted) {
      const task = waiting.shift()
      if (!task) break
      options.started?.(task)
      const end = await one(task)
      if (end.exitCode !== 0) failed++
      options.ended?.(task, end)
    }
  }
  await Promise.all(Array.from({ length: Math.min(options.jobs, tasks.length) }, worker))
  return failed + waiting.length
}
