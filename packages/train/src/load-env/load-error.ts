/** Turns what goes wrong while a user's file is imported into one coded error with a position where there is one. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type ErrorCode, RepriseError } from '@reprise/core'

export function describeLoadError(path: string, error: unknown): RepriseError {
  const load = (what: string, hint: string) =>
    new RepriseError('RPR_ENV_LOAD', `${path} could not be loaded: ${what}`, { value: path, hint, cause: error })
  if (!(error instanceof Error)) return load(`it threw ${String(error)}.`, 'Throw errors, not other values.')
  const coded = error as Error & { code?: string }

  // defineEnv, a space or another part of Reprise refused what the file gave it: its own code says more.
  if (error.name === 'RepriseError') {
    return new RepriseError(coded.code as ErrorCode, `${path}: ${error.message}`, { value: path, cause: error })
  }
  const transform = /^(.*?):(\d+):(\d+): ERROR: (.*)$/m.exec(error.message)
  if (transform) {
    const [, file, line, column, what] = transform
    return load(`syntax error at ${file}:${line}:${Number(column) + 1}: ${what}.`, 'Correct that line.')
  }
  if (error instanceof SyntaxError || error.name === 'SyntaxError') {
    const at = position(error.stack) ?? checkSyntax(path)
    return load(
      `syntax error${at ? ` at ${at}` : ' in a file that it imports'}: ${error.message}.`,
      'Correct that line.',
    )
  }
  if (coded.code === 'ERR_MODULE_NOT_FOUND' || coded.code === 'MODULE_NOT_FOUND') {
    return load(`${firstLine(error)}.`, 'Install that package beside the file, or correct the import.')
  }
  const at = position(error.stack, path)
  return load(
    `it threw ${error.name}: ${firstLine(error)}${at ? ` (at ${at})` : ''}.`,
    'Correct what it runs on import.',
  )
}

/** The first `file:line[:column]` of a stack, or the first within `path`. */
function position(stack: string | undefined, path?: string): string | undefined {
  for (const line of (stack ?? '').split('\n')) {
    const clean = line.replace(/\?reprise-user=[\d.]+/, '').replace(/file:\/\//, '')
    const match = path === undefined ? /^(\/.*:\d+)$/.exec(clean) : /\(?((?:\/|[A-Za-z]:).*?:\d+:\d+)\)?$/.exec(clean)
    if (match && (path === undefined || match[1]!.startsWith(path))) return match[1]
  }
  return undefined
}

/** Node gives no position for a syntax error in an imported module; its syntax check does. */
function checkSyntax(path: string): string | undefined {
  const check = spawnSync(process.execPath, ['--input-type=module', '--check', '-'], {
    input: readFileSync(path, 'utf8'),
    encoding: 'utf8',
  })
  const match = /^\[stdin\]:(\d+)\n.*\n( *)\^/m.exec(check.stderr ?? '')
  return match ? `${path}:${match[1]}:${match[2]!.length + 1}` : undefined
}

function firstLine(error: Error): string {
  return error.message
    .split('\n')[0]!
    .replace(/\?reprise-user=[\d.]+/g, '')
    .replace(/\.$/, '')
}
