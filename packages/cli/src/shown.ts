import { isAbsolute, relative, resolve } from 'node:path'

/** A path as a person types it: relative where it lies below the current folder. */
export function shown(path: string): string {
  const from = relative(process.cwd(), resolve(path)) || '.'
  return from.startsWith('..') || isAbsolute(from) ? resolve(path) : from
}

/** The same as a shell takes it. */
export function quoted(path: string): string {
  const text = shown(path)
  return /^[\w@%+=:,./\\-]+$/.test(text) ? text : `"${text}"`
}
