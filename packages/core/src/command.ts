/** How hints write a command of `reprise`, so that it works as printed. */
import { existsSync } from 'node:fs'
import { delimiter, join, sep } from 'node:path'

const LOCAL = 'npx --no reprise'

/**
 * `reprise doctor` where `reprise` is on the path, else `npx --no reprise doctor`, which runs the one of the folder and
 * never downloads another: in a clone, in a project, or where npm started this process (it adds to the path for itself).
 */
export function repriseCommand(rest = '', env: NodeJS.ProcessEnv = process.env): string {
  const command = !startedByNpm(env) && onPath(env) ? 'reprise' : LOCAL
  return rest === '' ? command : `${command} ${rest}`
}

function startedByNpm(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env['npm_execpath'] || env['npm_lifecycle_event'])
}

function onPath(env: NodeJS.ProcessEnv): boolean {
  const names = process.platform === 'win32' ? ['reprise.cmd'] : ['reprise']
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '' && !folder.endsWith(join(sep, 'node_modules', '.bin')))
    .some((folder) => names.some((name) => existsSync(join(folder, name))))
}
