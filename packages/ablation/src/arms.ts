/** From `defaults`, `factors` and `arms` of an experiment file to its arms. */
import type { Arm, Reference } from './experiment.ts'
import { crossFactors, readFactors } from './factors.ts'
import { invalid, isMap, Section } from './section.ts'

type Patch = Readonly<Record<string, unknown>>

/** An arm as its keys stand in the file, before they are checked. */
export interface ArmDraft {
  readonly name: string
  readonly content: Patch
  /** Levels of the factors that made it. */
  readonly levels: Readonly<Record<string, string>>
  readonly defaults: Pick<Arm, 'label' | 'task' | 'method' | 'line' | 'panel'>
  readonly x: number | null
}

const SHARED = ['set', 'seeds', 'bar', 'references', 'null', 'label', 'task', 'method', 'line', 'x']
const TRAINING = ['algo', 'env', 'steps', 'preset', 'envOptions']

/** What an arm may say; a study has no algorithm. */
export function armKeys(isStudy: boolean): readonly string[] {
  return isStudy ? SHARED : [...TRAINING, ...SHARED]
}

/** Grid first, then the arms that are written out. Every one of them gets the defaults. */
export function expandArms(path: string, top: Section, isStudy: boolean): ArmDraft[] {
  const keys = armKeys(isStudy)
  const defaults = top.value('defaults') ?? {}
  // Looked at once: its mistakes are its own, not those of every arm.
  new Section(path, "'defaults'", defaults, keys)
  const factors = readFactors(path, top.map('factors'), keys)
  const xName = top.optionalText('x')
  const taskFactors = top.has('tasks') ? top.texts('tasks') : factors.map(({ name }) => name).filter((n) => n === 'env')
  for (const name of taskFactors) {
    if (!factors.some((factor) => factor.name === name)) {
      throw top.wrong(
        'tasks',
        `It names factors: ${factors.map((factor) => factor.name).join(', ') || 'there are none'}.`,
      )
    }
  }
  const grid = crossFactors(factors).map((cell): ArmDraft => {
    const join = (keep: (factor: string) => boolean, part: 'name' | 'label', by: string) =>
      cell
        .filter(({ factor }) => keep(factor))
        .map((level) => level[part])
        .join(by)
    const isTask = (factor: string) => taskFactors.includes(factor)
    const x = cell.find(({ factor }) => factor === xName)?.number ?? null
    return {
      name: join(() => true, 'name', '_'),
      content: merge([defaults as Patch, ...cell.map(({ patch }) => patch)]),
      levels: Object.fromEntries(cell.map(({ factor, name }) => [factor, name])),
      defaults: {
        label: join((f) => !isTask(f), 'label', ', ') || join(() => true, 'label', ', '),
        task: join(isTask, 'label', ', '),
        method: join((f) => !isTask(f), 'name', '_') || 'all',
        line: join((f) => f !== xName && !isTask(f), 'label', ', ') || 'all',
        panel: join((f) => f !== xName && isTask(f), 'label', ', '),
      },
      x,
    }
  })
  const own = Object.entries(top.map('arms')).map(([name, value]): ArmDraft => {
    new Section(path, `arm '${name}'`, value, keys)
    const content = merge([defaults as Patch, value as Patch])
    const env = typeof content['env'] === 'string' ? content['env'] : ''
    const task = factors.length > 0 && taskFactors.length === 0 ? '' : env
    return {
      name,
      content,
      levels: {},
      defaults: { label: name, task, method: name, line: name, panel: task },
      x: null,
    }
  })
  const drafts = [...grid, ...own]
  if (drafts.length === 0) throw top.wrong('arms', "It names none: an experiment has 'arms', 'factors' or both.")
  const names = drafts.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw invalid(path, `there are two arms '${twice}'.`, twice, 'Give one another name.')
  for (const name of names) {
    if (!/^[\w.+=-]+$/.test(name) || /^\.+$/.test(name)) {
      throw invalid(
        path,
        `arm '${name}' cannot be a folder.`,
        name,
        'A name takes letters, digits and any of . + = _ -',
      )
    }
  }
  return drafts
}

export function readArm(path: string, draft: ArmDraft, isStudy: boolean): Arm {
  const arm = new Section(path, `arm '${draft.name}'`, draft.content, armKeys(isStudy))
  const preset = arm.value('preset')
  return {
    name: draft.name,
    label: arm.optionalText('label') ?? draft.defaults.label,
    train: isStudy
      ? null
      : {
          algo: arm.text('algo'),
          env: arm.text('env'),
          steps: arm.positiveInteger('steps'),
          preset: preset === undefined ? null : preset === false ? false : arm.text('preset'),
          envOptions: arm.map('envOptions'),
        },
    set: arm.map('set'),
    seeds: arm.has('seeds') ? arm.seeds('seeds') : null,
    isNull: arm.flag('null'),
    bar: arm.has('bar') ? arm.number('bar') : null,
    references: arm.list('references').map((reference) => readReference(path, draft.name, reference)),
    task: arm.optionalText('task') ?? draft.defaults.task,
    method: arm.optionalText('method') ?? draft.defaults.method,
    x: arm.has('x') ? arm.number('x') : draft.x,
    line: arm.optionalText('line') ?? draft.defaults.line,
    panel: draft.defaults.panel,
  }
}

/** Later over earlier; options within `set` and `envOptions` one by one. */
function merge(parts: readonly Patch[]): Patch {
  const out: Record<string, unknown> = {}
  for (const part of parts) {
    for (const [key, value] of Object.entries(part)) {
      const before = out[key]
      const isOptions = key === 'set' || key === 'envOptions'
      out[key] = isOptions && isMap(before) && isMap(value) ? { ...before, ...value } : value
    }
  }
  return out
}

function readReference(path: string, arm: string, value: unknown): Reference {
  const keys = ['name', 'kind', 'score', 'std', 'steps', 'source']
  const reference = new Section(path, `a reference of arm '${arm}'`, value, keys)
  return {
    name: reference.text('name'),
    kind: reference.choice('kind', ['evaluation', 'training return']),
    score: reference.number('score'),
    ...(reference.has('std') ? { std: reference.number('std') } : {}),
    steps: reference.number('steps'),
    source: reference.text('source'),
  }
}
