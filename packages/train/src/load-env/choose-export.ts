/** Which export of a user's file is the environment. */
import { isEnvDefinition, RepriseError, suggest } from '@reprise/core'
import { isEnvClass, isEnvInstance } from './from-value.ts'

/**
 * The export called `name`; else the default export; else the only one that is an environment (a definition, a class
 * or an object with `reset` and `step`); else the only function, taken for a factory.
 * @throws RPR_ENV_LOAD where there is none, or where several are possible
 */
export function chooseExport(path: string, exports: Readonly<Record<string, unknown>>, name?: string): unknown {
  const names = Object.keys(exports).filter((key) => key !== 'module.exports')
  if (name !== undefined) {
    if (names.includes(name)) return exports[name]
    throw new RepriseError('RPR_ENV_LOAD', `${path} has no export '${name}'.`, {
      value: name,
      hint: names.length > 0 ? suggest(name, names) : 'The file exports nothing.',
    })
  }
  if (isCandidate(exports['default']) || typeof exports['default'] === 'function') return exports['default']
  const environments = names.filter((key) => isCandidate(exports[key]))
  const candidates = environments.length > 0 ? environments : names.filter((key) => typeof exports[key] === 'function')
  if (candidates.length === 1) return exports[candidates[0]!]
  if (candidates.length > 1) {
    throw new RepriseError('RPR_ENV_LOAD', `${path} exports several environments: ${candidates.join(', ')}.`, {
      value: path,
      hint: `Name one: '${path}#${candidates[0]}'.`,
    })
  }
  throw new RepriseError(
    'RPR_ENV_LOAD',
    `${path} exports no environment${names.length ? ` (only ${names.join(', ')})` : ''}.`,
    {
      value: path,
      hint: 'Export one: `export default defineEnv({...})`, or a class with reset and step.',
    },
  )
}

function isCandidate(value: unknown): boolean {
  return isEnvDefinition(value) || isEnvClass(value) || isEnvInstance(value)
}
