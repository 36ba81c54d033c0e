import { attempt, difference, type Trial } from './findings.ts'
import { copyOf } from './play.ts'
import { ReportChecker } from './reports.ts'

/** Whether a seeded reset works at all. */
export async function checkReset({ findings, make, seed }: Trial): Promise<boolean> {
  const advice = 'reset({ seed, options }) must work with and without a seed.'
  const env = make()
  const first = await attempt(findings, 'reset', () => env.reset({ seed }), advice)
  if (first === undefined || !new ReportChecker(findings, env).reset(first)) return false
  const copy = copyOf(first)

  if (env.spec?.deterministic !== false) {
    const again = await attempt(findings, 'reset', () => env.reset({ seed }), advice)
    const other = await attempt(findings, 'reset', () => make().reset({ seed }), advice)
    for (const second of [again, other]) {
      const found = second === undefined ? undefined : difference(copy, copyOf(second))
      if (found !== undefined)
        findings.error(
          'reset-determinism',
          `Two resets with seed ${seed} differ (${found}). Draw everything random from the generator that the seed seeds.`,
        )
    }
  }
  const others: unknown[] = []
  for (const offset of [1, 2, 3]) {
    const reset = await attempt(findings, 'reset', () => env.reset({ seed: seed + offset }), advice)
    if (reset !== undefined) others.push(copyOf(reset))
  }
  if (others.length > 0 && others.every((other) => difference(copy, other) === undefined))
    findings.warning(
      'reset-seeds',
      'Four different seeds give the same first observation. That is right for a fixed start; else draw it from the generator that the seed seeds.',
    )

  await attempt(findings, 'reset', () => env.reset(), advice)
  await attempt(
    findings,
    'reset-options',
    () => env.reset({ seed, options: {} }),
    'reset must accept options, also empty ones.',
  )
  await env.close?.()
  return true
}
