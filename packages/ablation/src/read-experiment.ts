/** Reads experiment.yaml: ../README.md says what may stand in it. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { RepriseError, suggest } from '@reprise/core'
import { isScalar, parseDocument, visit } from 'yaml'
import { type ArmDraft, expandArms, readArm } from './arms.ts'
import type { Experiment, Quick, Reading } from './experiment.ts'
import { given, invalid, Section } from './section.ts'

const KEYS = [
  ...['name', 'claim', 'seeds', 'run', 'defaults', 'factors', 'arms', 'control', 'metric', 'better', 'tasks'],
  ...['x', 'logX', 'logY', 'normalise', 'quick'],
]

/** @throws RepriseError RPR_FILE_MISSING, RPR_EXPERIMENT_INVALID naming key, value and legal form */
export function readExperiment(path: string): Experiment {
  if (!existsSync(path)) {
    throw new RepriseError('RPR_FILE_MISSING', `There is no experiment '${path}'.`, {
      value: path,
      hint: 'An experiment is a folder with an experiment.yaml.',
    })
  }
  const document = parseDocument(readFileSync(path, 'utf8'))
  const broken = document.errors[0]
  if (broken) throw invalid(path, broken.message.split('\n')[0]!, undefined, 'The file must be YAML.')
  // YAML takes the key of `null: true` for nothing; here it is a word.
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.value === null && key.source === 'null') key.value = 'null'
    },
  })
  const top = new Section(path, 'the file', document.toJS(), KEYS)
  const study = readStudy(path, top)
  const drafts = expandArms(path, top, study !== null)
  const seeds = top.seeds('seeds')
  const arms = drafts.map((draft) => readArm(path, draft, study !== null))
  const reading = readReading(path, top, drafts, arms, study !== null)
  return {
    name: top.text('name'),
    claim: top.text('claim'),
    seeds,
    study,
    arms,
    reading,
    quick: readQuick(path, top.value('quick'), seeds, [...new Set(arms.flatMap(({ name, method }) => [name, method]))]),
  }
}

function readStudy(path: string, top: Section): string | null {
  const run = top.optionalText('run')
  if (run === null) return null
  const file = resolve(dirname(path), run)
  if (!existsSync(file)) {
    throw top.wrong('run', `There is no file '${file}'; 'run' takes a TypeScript or JavaScript file beside this one.`)
  }
  return file
}

function readReading(
  path: string,
  top: Section,
  drafts: readonly ArmDraft[],
  arms: readonly { name: string; method: string; task: string; x: number | null }[],
  isStudy: boolean,
): Reading {
  const control = top.optionalText('control')
  const names = [...new Set(arms.flatMap(({ name, method }) => [name, method]))]
  if (control !== null && !names.includes(control)) {
    throw top.wrong('control', `It takes the name of an arm. ${suggest(control, names)}`)
  }
  if (!isStudy && top.has('metric')) top.choice('metric', ['score', 'successRate'])
  // A pair counts for every task.
  const scales = Array.isArray(top.value('normalise')) ? { '*': top.value('normalise') } : top.map('normalise')
  const normalise = Object.entries(scales).map(([task, value]) => {
    const legal = Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] !== value[1]
    if (!legal) {
      throw invalid(
        path,
        `'normalise${task === '*' ? '' : `.${task}`}' is ${given(value)}.`,
        value,
        'It takes [score at 0, score at 1].',
      )
    }
    const tasks = [...new Set(arms.map((arm) => arm.task))]
    if (task !== '*' && !tasks.includes(task)) {
      throw invalid(path, `'normalise' has no task '${task}' to normalise.`, task, suggest(task, tasks))
    }
    return [task, value as [number, number]] as const
  })
  const xName = top.optionalText('x')
  if (xName !== null && !arms.some((arm) => arm.x !== null)) {
    const factors = [...new Set(drafts.flatMap(({ levels }) => Object.keys(levels)))]
    throw top.wrong('x', `It takes a factor whose values are numbers. Factors: ${factors.join(', ') || 'none'}.`)
  }
  return {
    metric: top.optionalText('metric'),
    better: top.has('better') ? top.choice('better', ['higher', 'lower']) : 'higher',
    control,
    normalise: Object.fromEntries(normalise),
    xName,
    logX: top.flag('logX'),
    logY: top.flag('logY'),
  }
}

function readQuick(path: string, value: unknown, seeds: readonly number[], names: readonly string[]): Quick {
  if (value === undefined) return { steps: null, seeds: seeds.slice(0, 2), only: [], set: {}, arms: {} }
  const quick = new Section(path, "'quick'", value, ['steps', 'seeds', 'only', 'set', 'arms'])
  const known = (name: string, key: string) => {
    if (!names.includes(name)) throw quick.wrong(key, `It names arms. ${suggest(name, names)}`)
  }
  const only = quick.texts('only')
  for (const name of only) known(name, 'only')
  const arms = Object.entries(quick.map('arms')).map(([name, entry]) => {
    known(name, 'arms')
    const arm = new Section(path, `'quick.arms.${name}'`, entry, ['steps', 'set'])
    return [
      name,
      { ...(arm.has('steps') ? { steps: arm.positiveInteger('steps') } : {}), set: arm.map('set') },
    ] as const
  })
  return {
    steps: quick.has('steps') ? quick.positiveInteger('steps') : null,
    seeds: quick.has('seeds') ? quick.seeds('seeds') : seeds.slice(0, 2),
    only,
    set: quick.map('set'),
    arms: Object.fromEntries(arms),
  }
}
