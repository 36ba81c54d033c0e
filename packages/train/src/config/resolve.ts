/** From what a user gave to what will run: algorithm, environment, preset and every option, checked before anything starts. */
import { dirname, resolve as resolvePath } from 'node:path'
import { type Algorithm, getAlgorithm, isScripted } from '@reprise/algorithms'
import { EXECUTOR_NAMES, type ExecutorName } from '@reprise/backend'
import {
  type AnyEnvDefinition,
  type OptionLayer,
  type OptionSource,
  type OptionTable,
  type OptionValues,
  RepriseError,
  resolveOptions,
  suggest,
} from '@reprise/core'
import { type EnvLike, loadEnv } from '../load-env/index.ts'
import { absolutePath } from '../loops/tasks.ts'
import { layersOf, readConfigFile } from './config-file.ts'
import { findPreset, listPresets, type Preset } from './presets.ts'
import { groupRunOptions, runOptions } from './run-options.ts'

export interface TrainOptions {
  /** Algorithm name. Default: `grpo`. */
  readonly algo?: string
  /** A registered id, a file that exports an environment, a definition, or a function that makes environments. */
  readonly env?: EnvLike
  readonly envOptions?: Readonly<Record<string, unknown>>
  readonly steps?: number
  readonly seed?: number
  /** The run folder. Default: `runs/<algo>-<env>-s<seed>-<time>`. It must not hold a run already. */
  readonly out?: string
  /** A preset's name; `false`: none. Default: the environment's own, where there is one. */
  readonly preset?: string | false
  /** The folder of a run whose parameters this one begins with. */
  readonly initFrom?: string
  /**
   * A YAML file. Paths in it (`env`, `tasks`, `episodes`, `demonstrations`, `out`, `initFrom`) start from its folder, all
   * others from the current one.
   */
  readonly config?: string
  /** Any option by name: the algorithm's and `runOptions`. */
  readonly set?: Readonly<Record<string, unknown>>
  readonly executor?: string
}

export type RunOptionValues = OptionValues<typeof runOptions> & Partial<OptionValues<typeof groupRunOptions>>

export interface ResolvedRun {
  readonly algorithm: Algorithm
  readonly definition: AnyEnvDefinition
  /** The path of the file that the environment came from, if it did. */
  readonly envFile: string | undefined
  /** False where it was handed over as an object: resuming then needs it again. */
  readonly envLoadable: boolean
  readonly envOptions: Readonly<Record<string, unknown>>
  readonly preset: Preset | undefined
  readonly run: RunOptionValues
  readonly algorithmOptions: OptionValues<OptionTable>
  readonly sources: Readonly<Record<string, OptionSource>>
  readonly executor: ExecutorName
  readonly out: string | undefined
  readonly initFrom: string | undefined
}

/** All options that a run of this algorithm takes: one table for flags, files, help and docs. */
export function optionTableOf(algorithm: Algorithm): OptionTable {
  const own = runTableOf(algorithm)
  for (const name of Object.keys(algorithm.options)) {
    if (name in own) throw new Error(`Algorithm '${algorithm.name}' names an option '${name}' that every run has`)
  }
  return { ...own, ...algorithm.options }
}

/** The options that the run itself reads. */
function runTableOf(algorithm: Algorithm): OptionTable {
  if (algorithm.loop === 'dataset') {
    const inert = () => `${algorithm.name} steps no environment while it trains, so nothing is measured to scale by`
    const { normalizeObservation, normalizeReward } = runOptions
    return {
      ...runOptions,
      tasks: {
        ...groupRunOptions.tasks,
        doc: 'Tasks that a scripted expert plays: fresh (a new reset seed each), a number N (the N fixed seeds that a run of grpo or arpo with the same seed has), or a YAML file with a list of {seed, options}',
        inert: ({ episodes }) =>
          isScripted(String(episodes)) ? undefined : `the episodes of '${episodes}' have their tasks`,
      },
      outcomeFrom: groupRunOptions.outcomeFrom,
      normalizeObservation: { ...normalizeObservation, inert },
      normalizeReward: { ...normalizeReward, inert },
    }
  }
  if (algorithm.loop !== 'group') return runOptions
  const inert = () => `${algorithm.name} compares the raw returns of whole episodes, and reads no reward of a step`
  return { ...runOptions, ...groupRunOptions, normalizeReward: { ...runOptions.normalizeReward, inert } }
}

/** @throws RepriseError for everything that is wrong; nothing has been written by then. */
export async function resolveRun(given: TrainOptions, source: 'flag' | 'api' | 'recorded'): Promise<ResolvedRun> {
  const file = given.config === undefined ? undefined : readConfigFile(given.config)
  const folder = given.config === undefined ? undefined : dirname(resolvePath(given.config))
  const algorithm = getAlgorithm(given.algo ?? file?.algo ?? 'grpo')
  const table = optionTableOf(algorithm)
  const env = given.env ?? file?.env
  if (env === undefined) {
    throw new RepriseError('RPR_USAGE', 'No environment was given.', {
      hint: 'Name one with --env: an id (CartPole-v1) or a file (./my-env.ts).',
    })
  }
  const executor = readExecutor(given.executor ?? file?.executor ?? 'auto')
  const loaded = await loadEnv(env, given.env === undefined ? folder : undefined)
  const { definition } = loaded
  if (file?.recorded && typeof given.preset === 'string') {
    throw new RepriseError(
      'RPR_OPTION_INERT',
      `Preset '${given.preset}' would have no effect: '${given.config}' is the record of a run and gives every option.`,
      { value: given.preset, hint: 'Leave one of them out.' },
    )
  }
  const preset = file?.recorded
    ? recordedPreset(algorithm.name, file.recorded.preset)
    : given.preset === false
      ? undefined
      : findPreset(algorithm.name, given.preset ?? file?.preset, definition.spec.id)

  const layers: OptionLayer[] = []
  // A preset may tune run options too (steps, normalisation). Its numbers are defaults, not a user's word.
  if (preset) layers.push({ source: 'preset', values: preset.options, label: `preset ${preset.name}` })
  if (file) layers.push(...layersOf(file, `'${given.config}'`))
  layers.push({
    source: source === 'recorded' ? 'preset' : source,
    values: { ...given.set, steps: given.steps ?? given.set?.['steps'], seed: given.seed ?? given.set?.['seed'] },
    ...(source === 'flag' ? { label: '--set' } : {}),
  })
  const { values: asGiven, sources } = resolveOptions(table, layers)
  const values = Object.fromEntries(
    Object.entries(asGiven).map(([name, value]) => {
      const fromFile = (sources as Record<string, OptionSource>)[name] === 'file'
      return [name, absolutePath(name, value, fromFile ? folder : undefined)]
    }),
  )

  const envOptions = { ...file?.envOptions, ...given.envOptions }
  // Refuses bad environment options now, before a folder exists.
  resolveOptions(definition.options, [
    {
      source: source === 'recorded' ? 'preset' : source,
      values: envOptions,
      label: `options of ${definition.spec.id}`,
    },
  ])

  const pick = (names: OptionTable) => Object.fromEntries(Object.keys(names).map((name) => [name, values[name]]))
  return {
    algorithm,
    definition,
    envFile: loaded.file,
    envLoadable: typeof env === 'string',
    envOptions,
    preset,
    run: pick(runTableOf(algorithm)) as RunOptionValues,
    algorithmOptions: pick(algorithm.options) as OptionValues<OptionTable>,
    sources: sources as Record<string, OptionSource>,
    executor,
    initFrom:
      given.initFrom !== undefined
        ? resolvePath(given.initFrom)
        : file?.initFrom === undefined
          ? undefined
          : resolvePath(folder!, file.initFrom),
    out:
      given.out !== undefined
        ? resolvePath(given.out)
        : file?.out === undefined
          ? undefined
          : resolvePath(folder!, file.out),
  }
}

/** The preset that a recorded run began from, by name: all its options are in the record. */
function recordedPreset(algo: string, name: string | null): Preset | undefined {
  return name === null ? undefined : listPresets().find((preset) => preset.algo === algo && preset.name === name)
}

function readExecutor(name: string): ExecutorName {
  if ((EXECUTOR_NAMES as readonly string[]).includes(name)) return name as ExecutorName
  throw new RepriseError('RPR_EXECUTOR_UNKNOWN', `Unknown executor '${name}'.`, {
    value: name,
    hint: suggest(name, EXECUTOR_NAMES),
  })
}
