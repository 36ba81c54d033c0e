import { checkEpisodes } from './check-env/episodes.ts'
import { attempt, type Finding, Findings } from './check-env/findings.ts'
import { checkReset } from './check-env/reset.ts'
import { checkSnapshots } from './check-env/snapshots.ts'
import { checkSpaces } from './check-env/spaces.ts'
import { isEnvDefinition } from './definition.ts'
import type { AnyEnv, EnvOptions } from './env.ts'
import { RepriseError } from './errors.ts'

export type { Finding } from './check-env/findings.ts'

export interface CheckEnvOptions {
  /** Seeds of the trial episodes and their actions. Default 42. */
  seed?: number
  /** Steps per trial. Default 200. */
  steps?: number
  /** Environment options for `make`. */
  options?: EnvOptions
}

type Checkable = { make(options?: EnvOptions): AnyEnv } | (() => AnyEnv)

/**
 * Plays an environment and says where it breaks the contract of Env: errors stop training sooner or later, warnings
 * are legal but seldom meant. An empty list is a clean bill. Takes a definition or a function that makes environments.
 */
export async function checkEnv(target: Checkable, given: CheckEnvOptions = {}): Promise<Finding[]> {
  const { seed = 42, steps = 200, options } = given
  const findings = new Findings()
  const make = (): AnyEnv => (typeof target === 'function' ? target() : target.make(options))
  const first = await attempt(findings, 'make', make, 'Making an environment must not fail without options.')
  if (first === undefined) return findings.list
  if (!hasParts(findings, first)) return findings.list
  if (isEnvDefinition(target) && target.spec.id !== first.spec?.id)
    findings.warning('spec', `The environment calls itself '${first.spec?.id}', its definition '${target.spec.id}'.`)
  if (!checkSpaces(findings, first)) return findings.list

  const trial = { findings, make, seed, steps }
  if (await checkReset(trial)) {
    await checkEpisodes(trial)
    if (first.spec?.deterministic !== false) await checkSnapshots(trial)
  }
  await checkClose(findings, first)
  return findings.list
}

/** Throws RPR_ENV_CONTRACT with every error that `checkEnv` finds; gives the warnings. */
export async function assertEnv(target: Checkable, options?: CheckEnvOptions): Promise<Finding[]> {
  const findings = await checkEnv(target, options)
  const errors = findings.filter(({ level }) => level === 'error')
  if (errors.length === 0) return findings
  throw new RepriseError('RPR_ENV_CONTRACT', errors.map(({ check, message }) => `[${check}] ${message}`).join('\n'))
}

function hasParts(findings: Findings, env: AnyEnv): boolean {
  const record = env as unknown as Record<string, unknown>
  for (const method of ['reset', 'step']) {
    if (typeof record[method] !== 'function')
      findings.error('interface', `It has no ${method} method. Write ${method}(...), or use defineEnv.`)
  }
  if (typeof env.spec?.id !== 'string')
    findings.error('interface', "It has no spec. Add `readonly spec = { id: 'Name-v0' }`.")
  if ((env.snapshot === undefined) !== (env.restore === undefined))
    findings.error('interface', 'It has only one of snapshot and restore. Write both or neither.')
  return typeof record['reset'] === 'function' && typeof record['step'] === 'function'
}

async function checkClose(findings: Findings, env: AnyEnv): Promise<void> {
  await attempt(
    findings,
    'close',
    async () => {
      await env.close?.()
      await env.close?.()
    },
    'close() must not fail, also when it is called twice.',
  )
}
