import type { AnyEnv, Reports, ResetResult, StepResult } from '../env.ts'
import { asAnySpace } from '../spaces/index.ts'

/** One reported result, copied: later changes by the environment do not reach it. */
export type Record = { readonly [key: string]: unknown }

export function copyOf(result: ResetResult<unknown> | StepResult<unknown>): Record {
  const { info: _, ...reported } = result
  return structuredClone(reported)
}

/** A random legal action from the space's own generator. */
export function drawAction(env: AnyEnv, { actionMask }: Reports): unknown {
  const { kind } = asAnySpace(env.actionSpace)
  const maskable = kind === 'Discrete' || kind === 'MultiDiscrete'
  return env.actionSpace.sample(maskable && actionMask ? actionMask : undefined)
}

/**
 * Steps `env` with `actions`, or with random ones where these have ended; resets after each episode. Gives the actions
 * played and copies of everything reported. `last`: what the environment reported before.
 */
export async function play(
  env: AnyEnv,
  steps: number,
  last: Reports,
  actions: readonly unknown[] = [],
): Promise<{ actions: unknown[]; records: Record[] }> {
  const played: unknown[] = []
  const records: Record[] = []
  let reports = last
  for (let t = 0; t < steps; t++) {
    const action = t < actions.length ? actions[t] : drawAction(env, reports)
    played.push(action)
    const result = await env.step(action)
    records.push(copyOf(result))
    reports = result
    if (!result.terminated && !result.truncated) continue
    const first = await env.reset()
    records.push(copyOf(first))
    reports = first
  }
  return { actions: played, records }
}
