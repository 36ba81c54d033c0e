import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RepriseError, suggest } from '@reprise/core'
import { parse } from 'yaml'

export interface Preset {
  readonly algo: string
  /** Usually an environment's id: the preset that training on it takes by itself. */
  readonly name: string
  /** Where its numbers come from. */
  readonly source: string
  readonly options: Readonly<Record<string, unknown>>
}

const folder = fileURLToPath(new URL('../../presets/', import.meta.url))

export function listPresets(): Preset[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) => {
      const algo = basename(file, '.yaml')
      const entries = parse(readFileSync(join(folder, file), 'utf8')) as Record<
        string,
        { source: string } & Record<string, unknown>
      >
      return Object.entries(entries).map(([name, { source, ...options }]) => ({ algo, name, source, options }))
    })
}

/** The preset of that name. `undefined` as name: the environment's own, if it has one. @throws RPR_PRESET_UNKNOWN */
export function findPreset(algo: string, name: string | undefined, envId: string): Preset | undefined {
  const presets = listPresets().filter((preset) => preset.algo === algo)
  const found = presets.find((preset) => preset.name === (name ?? envId))
  if (found || name === undefined) return found
  throw new RepriseError('RPR_PRESET_UNKNOWN', `Algorithm '${algo}' has no preset '${name}'.`, {
    value: name,
    hint: suggest(
      name,
      presets.map((preset) => preset.name),
    ),
  })
}
