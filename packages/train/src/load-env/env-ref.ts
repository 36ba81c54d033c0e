/** What `--env` names: a registered id, or a file with an optional export name. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export type EnvRef =
  | { readonly kind: 'id'; readonly id: string }
  /** `path` is absolute; `exportName` is what follows `#`. */
  | { readonly kind: 'file'; readonly path: string; readonly exportName: string | undefined }

export const ENV_FILE_EXTENSIONS = ['.ts', '.mts', '.js', '.mjs'] as const

/**
 * Reads `CartPole-v1`, `./my-env.ts`, `~/envs/maze.js#Maze` or a file URL. Anything that starts like a path, ends in
 * a script extension or exists as a path with a separator is a file; relative paths start from `from`.
 */
export function parseEnvRef(ref: string, from: string = process.cwd()): EnvRef {
  // An existing file wins over the reading of `#` as the start of an export name.
  const whole = looksLikeFile(ref) ? toPath(ref, from) : undefined
  if (whole !== undefined && existsSync(whole)) return { kind: 'file', path: whole, exportName: undefined }
  const hash = ref.lastIndexOf('#')
  const file = hash > 0 ? ref.slice(0, hash) : ref
  if (!looksLikeFile(file)) return { kind: 'id', id: ref }
  return { kind: 'file', path: toPath(file, from), exportName: hash > 0 ? ref.slice(hash + 1) : undefined }
}

/** The text that `parseEnvRef` reads back from any folder: what a run folder records. */
export function formatEnvRef(ref: EnvRef): string {
  if (ref.kind === 'id') return ref.id
  return ref.exportName === undefined ? ref.path : `${ref.path}#${ref.exportName}`
}

function looksLikeFile(ref: string): boolean {
  return /^(\.{1,2}[\\/]|[\\/]|~[\\/]|file:|[A-Za-z]:[\\/])/.test(ref) || /\.[cm]?[jt]sx?$/.test(ref)
}

function toPath(file: string, from: string): string {
  if (file.startsWith('file:')) return fileURLToPath(file)
  const home = /^~[\\/]/.test(file) ? resolve(homedir(), file.slice(2)) : file
  return isAbsolute(home) ? home : resolve(from, home)
}
