/** From whatever names or is an environment to its definition. */
import type { AnyEnv, AnyEnvDefinition } from '@reprise/core'
import { builtinRegistry } from '../registry.ts'
import { chooseExport } from './choose-export.ts'
import { formatEnvRef, parseEnvRef } from './env-ref.ts'
import { envDefinitionOf } from './from-value.ts'
import { importUserFile } from './import-file.ts'

export { ENV_FILE_EXTENSIONS, type EnvRef, formatEnvRef, parseEnvRef } from './env-ref.ts'
export { importUserFile } from './import-file.ts'

/** An id (`CartPole-v1`), a file (`./my-env.ts`, `./my-envs.ts#Maze`), a definition, a class, a factory or an object. */
export type EnvLike = string | AnyEnvDefinition | AnyEnv | (() => unknown) | (new () => unknown)

export interface LoadedEnv {
  readonly definition: AnyEnvDefinition
  /** Where it came from a file: its absolute path, with `#export` where one was named. `loadEnv` reads it back. */
  readonly file: string | undefined
}

/**
 * The definition behind `ref`. Relative paths start from `from` (default: the current folder).
 * @throws RPR_ENV_UNKNOWN (with the nearest id), RPR_FILE_MISSING, RPR_ENV_LOAD, RPR_ENV_CONTRACT
 */
export async function loadEnv(ref: EnvLike, from?: string): Promise<LoadedEnv> {
  if (typeof ref !== 'string') return { definition: envDefinitionOf(ref, nameOf(ref)), file: undefined }
  const parsed = parseEnvRef(ref, from)
  if (parsed.kind === 'id') return { definition: builtinRegistry.get(parsed.id), file: undefined }
  const file = formatEnvRef(parsed)
  const value = chooseExport(parsed.path, await importUserFile(parsed.path), parsed.exportName)
  return { definition: envDefinitionOf(value, file), file }
}

function nameOf(value: object): string {
  if (typeof value === 'function') return value.name || 'The environment function'
  const kind = value.constructor as { name?: string } | undefined
  return kind?.name && kind !== Object ? kind.name : 'The environment object'
}
