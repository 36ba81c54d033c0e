/** An experiment file: arms (what is trained), seeds, and what the scores are held against. */
import { existsSync, readFileSync } from 'node:fs'
import { RepriseError, suggest } from '@reprise/core'
import { parseDocument } from 'yaml'

/** A figure that others published. Evaluations and training returns are different things and are marked as such. */
export interface Reference {
  readonly name: string
  readonly kind: 'evaluation' | 'training return'
  readonly score: number
  readonly std?: number
  readonly steps: number
  readonly source: string
}

export interface Arm {
  readonly name: string
  readonly algo: string
  readonly env: string
  readonly steps: number
  /** Null: the preset of this algorithm and environment. */
  readonly preset: string | null
  readonly set: Readonly<Record<string, unknown>>
  /** The least IQM over the seeds that counts as success. */
  readonly bar: number | null
  readonly references: readonly Reference[]
}

export interface Experiment {
  readonly name: string
  readonly claim: string
  readonly seeds: readonly number[]
  readonly arms: readonly Arm[]
}

/** Reads and checks `experiment.yaml`. @throws RepriseError RPR_FILE_MISSING, RPR_EXPERIMENT_INVALID */
export function readExperiment(path: string): Experiment {
  if (!existsSync(path)) {
    throw new RepriseError('RPR_FILE_MISSING', `There is no experiment '${path}'.`, { value: path })
  }
  const document = parseDocument(readFileSync(path, 'utf8'))
  const broken = document.errors[0]
  if (broken) throw invalid(path, broken.message.split('\n')[0]!, undefined)
  const top = new Section(path, 'the file', document.toJS(), ['name', 'claim', 'seeds', 'arms'])
  const arms = top.map('arms')
  if (Object.keys(arms).length === 0) throw invalid(path, "'arms' names none.", arms)
  return {
    name: top.text('name'),
    claim: top.text('claim'),
    seeds: readSeeds(path, top.value('seeds')),
    arms: Object.entries(arms).map(([name, value]) => readArm(path, name, value)),
  }
}

function readArm(path: string, name: string, value: unknown): Arm {
  const keys = ['algo', 'env', 'steps', 'preset', 'set', 'bar', 'references']
  const arm = new Section(path, `arm '${name}'`, value, keys)
  const steps = arm.number('steps')
  if (!Number.isInteger(steps) || steps < 1)
    throw invalid(path, `arm '${name}' has steps ${steps}, not an integer >= 1.`, steps)
  const references = arm.value('references') ?? []
  if (!Array.isArray(references)) throw invalid(path, `'references' of arm '${name}' is no list.`, references)
  return {
    name,
    algo: arm.text('algo'),
    env: arm.text('env'),
    steps,
    preset: arm.value('preset') === undefined ? null : arm.text('preset'),
    set: arm.value('set') === undefined ? {} : arm.map('set'),
    bar: arm.value('bar') === undefined ? null : arm.number('bar'),
    references: references.map((reference) => readReference(path, name, reference)),
  }
}

function readReference(path: string, arm: string, value: unknown): Reference {
  const keys = ['name', 'kind', 'score', 'std', 'steps', 'source']
  const reference = new Section(path, `a reference of arm '${arm}'`, value, keys)
  const kind = reference.text('kind')
  if (kind !== 'evaluation' && kind !== 'training return') {
    throw invalid(
      path,
      `a reference of arm '${arm}' is of kind '${kind}', not 'evaluation' or 'training return'.`,
      kind,
    )
  }
  return {
    name: reference.text('name'),
    kind,
    score: reference.number('score'),
    ...(reference.value('std') === undefined ? {} : { std: reference.number('std') }),
    steps: reference.number('steps'),
    source: reference.text('source'),
  }
}

/** `[1, 2, 3]` or `1..5`. */
function readSeeds(path: string, value: unknown): number[] {
  const range = typeof value === 'string' ? /^(\d+)\.\.(\d+)$/.exec(value) : null
  const seeds = range
    ? Array.from({ length: Math.max(0, Number(range[2]) - Number(range[1]) + 1) }, (_, i) => Number(range[1]) + i)
    : value
  const legal = Array.isArray(seeds) && seeds.length > 0 && seeds.every((seed) => Number.isInteger(seed) && seed >= 0)
  if (!legal || new Set(seeds).size !== seeds.length) {
    throw invalid(
      path,
      `'seeds' = ${JSON.stringify(value)} is neither a list of different integers >= 0 nor a range like 1..5.`,
      value,
    )
  }
  return seeds
}

/** A mapping of the file whose keys are known; whatever is wrong is said with its place. */
class Section {
  readonly #path: string
  readonly #place: string
  readonly #content: Record<string, unknown>

  constructor(path: string, place: string, content: unknown, keys: readonly string[]) {
    this.#path = path
    this.#place = place
    if (!isMap(content)) throw invalid(path, `${place} is no mapping.`, content)
    this.#content = content
    for (const key of Object.keys(content)) {
      if (!keys.includes(key)) throw invalid(path, `${place} has the unknown key '${key}'. ${suggest(key, keys)}`, key)
    }
  }

  value(key: string): unknown {
    return this.#content[key] ?? undefined
  }

  text(key: string): string {
    const value = this.#content[key]
    if (typeof value === 'string' && value !== '') return value
    throw invalid(this.#path, `'${key}' of ${this.#place} is no text.`, value)
  }

  number(key: string): number {
    const value = this.#content[key]
    if (typeof value === 'number' && Number.isFinite(value)) return value
    throw invalid(this.#path, `'${key}' of ${this.#place} is no number.`, value)
  }

  map(key: string): Record<string, unknown> {
    const value = this.#content[key]
    if (isMap(value)) return value
    throw invalid(this.#path, `'${key}' of ${this.#place} is no mapping.`, value)
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(path: string, problem: string, value: unknown): RepriseError {
  return new RepriseError('RPR_EXPERIMENT_INVALID', `'${path}': ${problem}`, { value })
}

/** The same experiment in about a twentieth of the steps with two seeds: to see that everything works. Bars say nothing then. */
export function quickened(experiment: Experiment): Experiment {
  return {
    ...experiment,
    seeds: experiment.seeds.slice(0, 2),
    arms: experiment.arms.map((arm) => {
      const steps = Math.max(2000, Math.round(arm.steps / 20))
      return { ...arm, steps, bar: null, set: { ...arm.set, evalEvery: Math.round(steps / 4), finalEpisodes: 10 } }
    }),
  }
}
