import { existsSync, readFileSync } from 'node:fs'
import { type OptionLayer, RepriseError } from '@reprise/core'
import { parseDocument } from 'yaml'

/** What a `--config` file can say. Every other key is an option. */
export interface ConfigFile {
  readonly algo?: string
  readonly env?: string
  readonly envOptions?: Readonly<Record<string, unknown>>
  readonly executor?: string
  readonly preset?: string
  readonly out?: string
  readonly initFrom?: string
  readonly options: Readonly<Record<string, unknown>>
  /** Only in the config.yaml of a run: what it says of itself. `options` then holds every option. */
  readonly recorded?: {
    readonly preset: string | null
    /** Where each option that is no default came from. */
    readonly sources: Readonly<Record<string, unknown>>
  }
}

/** Sections that a run writes into its own config.yaml and that say nothing to a new run. */
const RECORDED = new Set([
  'reprise',
  'command',
  'versions',
  'git',
  'machine',
  'started',
  'resume',
  'sources',
  'presetSource',
  'warnings',
])

/** Reads YAML with an `options:` section or with options at its top; a run's own config.yaml can be given too. */
export function readConfigFile(path: string): ConfigFile {
  if (!existsSync(path)) {
    throw new RepriseError('RPR_FILE_MISSING', `Config file '${path}' does not exist.`, {
      value: path,
      hint: 'Check the path given to --config.',
    })
  }
  const document = parseDocument(readFileSync(path, 'utf8'))
  const problem = document.errors[0]
  if (problem) {
    throw new RepriseError('RPR_CONFIG_INVALID', `'${path}' is not valid YAML: ${problem.message.split('\n')[0]}`, {
      value: path,
      hint: 'Correct that line.',
      cause: problem,
    })
  }
  const content: unknown = document.toJS()
  if (!isMap(content)) {
    throw new RepriseError('RPR_CONFIG_INVALID', `'${path}' holds no mapping at its top.`, {
      value: path,
      hint: "Write 'name: value' lines, e.g. 'learningRate: 0.001'.",
    })
  }
  const { algo, env, envOptions, executor, preset, out, initFrom, options, ...rest } = content
  const recorded = 'reprise' in content
  const inline = Object.fromEntries(Object.entries(rest).filter(([key]) => !(recorded && RECORDED.has(key))))
  const text = (key: string, value: unknown): string | undefined => {
    if (value === undefined || value === null) return undefined
    if (typeof value === 'string') return value
    throw new RepriseError('RPR_CONFIG_INVALID', `'${key}' = ${JSON.stringify(value)} in '${path}' is no text.`, {
      value,
      hint: `Give '${key}' a name.`,
    })
  }
  const map = (key: string, value: unknown): Record<string, unknown> => {
    if (value === undefined || value === null) return {}
    if (isMap(value)) return value
    throw new RepriseError('RPR_CONFIG_INVALID', `'${key}' in '${path}' is no mapping.`, {
      value,
      hint: `Write '${key}:' with 'name: value' lines below it.`,
    })
  }
  // A run records its environment as {id, file, options}, its executor as {name, reason}.
  const envMap = isMap(env) ? env : undefined
  const executorMap = isMap(executor) ? executor : undefined
  return {
    algo: text('algo', algo),
    env: envMap ? text('env', envMap['file'] ?? envMap['id']) : text('env', env),
    envOptions: map('envOptions', envMap ? envMap['options'] : envOptions),
    executor: executorMap ? text('executor', executorMap['name']) : text('executor', executor),
    preset: recorded ? undefined : text('preset', preset),
    out: text('out', out),
    // A run records {run, step, parameterHash}.
    initFrom: text('initFrom', isMap(initFrom) ? initFrom['run'] : initFrom),
    options: { ...inline, ...map('options', options) },
    ...(recorded
      ? { recorded: { preset: text('preset', preset) ?? null, sources: map('sources', content['sources']) } }
      : {}),
  }
}

/**
 * The options of a config file as layers. In a run's own file each keeps the standing that it had: what a preset or a
 * default gave there is nobody's word, and may have no effect.
 */
export function layersOf({ options, recorded }: ConfigFile, label: string): OptionLayer[] {
  if (!recorded) return [{ source: 'file', values: options, label }]
  const standing = { default: 'default', preset: 'preset' } as const
  const layers = (['default', 'preset', 'file'] as const).map((source) => ({
    source,
    values: {} as Record<string, unknown>,
    label,
  }))
  for (const [name, value] of Object.entries(options)) {
    const from = String(recorded.sources[name] ?? 'default') as keyof typeof standing
    layers.find(({ source }) => source === (standing[from] ?? 'file'))!.values[name] = value
  }
  return layers
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
