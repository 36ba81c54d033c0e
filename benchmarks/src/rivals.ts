import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const file = (name: string) => fileURLToPath(new URL(`../../scripts/rivals/${name}`, import.meta.url))

export const INSTALL_HINT = 'node scripts/rivals/setup.mjs'

/** The Python of the rivals' environment, or undefined where it was not set up, or without the package that is needed. */
export function rivalsPython(needs?: string): string | undefined {
  const { stdout } = spawnSync(process.execPath, [file('setup.mjs'), '--where'], { encoding: 'utf8' })
  const python = stdout.trim()
  if (python === '' || !existsSync(python)) return undefined
  if (needs === undefined) return python
  const probe = `import importlib.util, sys; sys.exit(importlib.util.find_spec('${needs}') is None)`
  return spawnSync(python, ['-c', probe]).status === 0 ? python : undefined
}

/**
 * Runs a script of scripts/rivals and parses its standard output as JSON; its progress goes to the terminal.
 * @throws Error where the script fails
 */
export function runRival(python: string, script: string, request: unknown): unknown {
  const { stdout, status, error } = spawnSync(python, [file(script), JSON.stringify(request)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 26,
  })
  if (error || status !== 0) throw new Error(`scripts/rivals/${script} failed${error ? `: ${error.message}` : ''}.`)
  return JSON.parse(stdout)
}
