/** Which task a group plays: the reset seed, and reset options where a task file gives some. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type EnvOptions, type Pcg64, RepriseError, type Serializable, suggest } from '@reprise/core'
import { parse } from 'yaml'

export interface Task {
  readonly seed: number
  readonly options?: EnvOptions
}

export interface TaskSource {
  next(): Task
  save(): Serializable
  load(saved: Serializable): void
}

/**
 * A task's stable id where the environment names none: the first 48 bits of the SHA-256 of its seed and its reset options
 * as JSON, keys sorted. No options and empty options are one task.
 */
export function taskIdOf(task: Task): number {
  const known = ids.get(task)
  if (known !== undefined) return known
  const { seed, options = {} } = task
  const id = createHash('sha256')
    .update(JSON.stringify([seed, sorted(options)]))
    .digest()
    .readUIntBE(0, 6)
  ids.set(task, id)
  return id
}

/** Fixed tasks are asked for again and again. */
const ids = new WeakMap<Task, number>()

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  )
}

/** Options whose value may be a path, and the values that are none. */
const PATHS: Readonly<Record<string, RegExp>> = {
  tasks: /^(fresh|\d+)$/,
  demonstrations: /^(none|expert)$/,
  episodes: /^(none|expert)$/,
}

/**
 * `value` of the option `name`, with a path made absolute, so that a run resumes from any folder. `from`: the folder of
 * the config file that named it; absent: the current one, where a name without a file is left as it was typed.
 */
export function absolutePath(name: string, value: unknown, from?: string): unknown {
  const plain = PATHS[name]
  if (plain === undefined || typeof value !== 'string' || plain.test(value)) return value
  if (from !== undefined) return resolve(from, value)
  // `path#export`
  return existsSync(value.split('#')[0]!) ? resolve(value) : value
}

/**
 * The fixed tasks that the option `tasks` names; undefined for `fresh`. `rng` is the training environments' branch: the
 * seeds of numbered tasks come from it.
 */
export function fixedTasks(spec: string, rng: Pcg64): readonly Task[] | undefined {
  if (spec === 'fresh') return undefined
  if (!/^\d+$/.test(spec)) return readTasks(spec)
  const count = Number(spec)
  if (count < 1) throw invalid(spec, 'N must be at least 1')
  return Array.from({ length: count }, () => ({ seed: rng.integers(2 ** 31) }))
}

/**
 * The tasks that an expert plays: the fixed ones in turn, each once where `count` is null; else new ones, 64 by default.
 * `rng` as `taskSource` is given it, and left as it was: the first tasks are those that training begins with.
 */
export function expertTasks(spec: string, rng: Pcg64, count: number | null): Task[] {
  const own = rng.clone()
  const fixed = fixedTasks(spec, own)
  if (fixed === undefined) return Array.from({ length: count ?? 64 }, () => ({ seed: own.integers(2 ** 31) }))
  return Array.from({ length: count ?? fixed.length }, (_, i) => fixed[i % fixed.length]!)
}

/** `spec` as the option `tasks` gives it. `rng`: fresh seeds come from it too, and the order of fixed tasks. */
export function taskSource(spec: string, rng: Pcg64): TaskSource {
  const tasks = fixedTasks(spec, rng)
  if (tasks !== undefined) return new TaskCycle(tasks, rng)
  return { next: () => ({ seed: rng.integers(2 ** 31) }), save: () => null, load: () => {} }
}

/** Every task once in shuffled order, then again in another order. */
export class TaskCycle implements TaskSource {
  readonly #tasks: readonly Task[]
  readonly #rng: Pcg64
  #order: Int32Array
  #at: number

  constructor(tasks: readonly Task[], rng: Pcg64) {
    this.#tasks = tasks
    this.#rng = rng
    this.#order = Int32Array.from(tasks, (_, i) => i)
    this.#at = tasks.length
  }

  next(): Task {
    if (this.#at === this.#tasks.length) {
      this.#rng.shuffle(this.#order)
      this.#at = 0
    }
    return this.#tasks[this.#order[this.#at++]!]!
  }

  save(): Serializable {
    return { order: this.#order.slice(), at: this.#at, tasks: JSON.stringify(this.#tasks) }
  }

  load(saved: Serializable): void {
    const { order, at, tasks } = saved as { order: Int32Array; at: number; tasks: string }
    if (tasks !== JSON.stringify(this.#tasks)) {
      throw new RepriseError('RPR_STATE_MISMATCH', 'The tasks are not those that the checkpoint was made with.', {
        hint: 'Restore the task file that the run began with.',
      })
    }
    this.#order = Int32Array.from(order)
    this.#at = at
  }
}

/** @throws RPR_FILE_MISSING, RPR_CONFIG_INVALID, RPR_OPTION_RANGE, RPR_OPTION_UNKNOWN */
export function readTasks(path: string): Task[] {
  if (!existsSync(path)) {
    throw new RepriseError('RPR_FILE_MISSING', `Option 'tasks' = '${path}': no such file.`, {
      value: path,
      hint: "Give 'fresh', a number of tasks, or a YAML file with a list of {seed, options}.",
    })
  }
  let content: unknown
  try {
    content = parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new RepriseError(
      'RPR_CONFIG_INVALID',
      `Task file '${path}' is not valid YAML: ${(cause as Error).message.split('\n')[0]}`,
      { value: path, cause },
    )
  }
  const isMap = (item: unknown) => typeof item === 'object' && item !== null && !Array.isArray(item)
  const valid = (item: unknown): item is Task => {
    if (!isMap(item)) return false
    const { seed, options = {} } = item as Partial<Task>
    return Number.isSafeInteger(seed) && seed! >= 0 && isMap(options)
  }
  if (!Array.isArray(content) || content.length === 0 || !content.every(valid)) {
    throw invalid(path, 'the file must hold a list of {seed, options}, each seed an integer >= 0')
  }
  for (const item of content) {
    const unknown = Object.keys(item).find((key) => key !== 'seed' && key !== 'options')
    if (unknown !== undefined) {
      throw new RepriseError('RPR_OPTION_UNKNOWN', `A task in '${path}' has an unknown key '${unknown}'.`, {
        value: unknown,
        hint: suggest(unknown, ['seed', 'options']),
      })
    }
  }
  return content
}

function invalid(value: string, why: string): RepriseError {
  return new RepriseError('RPR_OPTION_RANGE', `Option 'tasks' = '${value}' is not legal: ${why}.`, {
    value,
    hint: 'It takes fresh, a number of tasks, or a YAML file.',
  })
}
