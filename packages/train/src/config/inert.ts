/** Options that turn out to have no effect once the spaces are known; the others are refused by the table itself. */
import type { PolicySpaces } from '@reprise/algorithms'
import { RepriseError } from '@reprise/core'
import type { ResolvedRun } from './resolve.ts'

/** @throws RPR_OPTION_INERT for an option that a user set to no avail; presets and defaults never cause it */
export function refuseInert({ algorithm, algorithmOptions, run, sources }: ResolvedRun, spaces: PolicySpaces): void {
  const reasons: Record<string, string> = { ...algorithm.inert?.(spaces) }
  if (run.wrappers.includes('clipAction'))
    reasons['wrappers'] =
      'the policy itself clips its actions to the action space, so that clipAction has nothing to do'
  const values: Readonly<Record<string, unknown>> = { ...run, ...algorithmOptions }
  for (const [name, reason] of Object.entries(reasons)) {
    const source = sources[name]
    if (source === undefined || source === 'default' || source === 'preset') continue
    if (values[name] === algorithm.options[name]?.default) continue
    throw new RepriseError(
      'RPR_OPTION_INERT',
      `Option '${name}' = ${name === 'wrappers' ? 'clipAction' : String(values[name])} would have no effect: ${reason}.`,
      { value: values[name], hint: `Leave ${name === 'wrappers' ? 'clipAction' : `'${name}'`} out.` },
    )
  }
}
