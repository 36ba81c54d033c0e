import { attempt, difference, type Trial } from './findings.ts'
import { drawAction, play } from './play.ts'
import { ReportChecker } from './reports.ts'

/** Plays episodes: what steps report, whether equal actions give equal episodes, and rendering. */
export async function checkEpisodes(trial: Trial): Promise<void> {
  await checkReports(trial)
  if (!trial.findings.list.some(({ level, check }) => level === 'error' && check.startsWith('step')))
    await checkDeterminism(trial)
}

const STEP_ADVICE = 'step must not fail for a legal action.'

async function checkReports({ findings, make, seed, steps }: Trial): Promise<void> {
  const env = make()
  env.actionSpace.seed(seed)
  const checker = new ReportChecker(findings, env)
  await attempt(
    findings,
    'step',
    async () => {
      let reports = await env.reset({ seed })
      checker.reset(reports)
      let ended = 0
      for (let t = 0; t < steps; t++) {
        const result = await env.step(drawAction(env, reports))
        if (!checker.step(result)) return
        reports = result
        if (!result.terminated && !result.truncated) continue
        ended++
        reports = await env.reset()
        checker.reset(reports)
      }
      if (ended === 0 && env.spec?.maxEpisodeSteps === undefined)
        findings.warning(
          'episode-end',
          `No episode ended in ${steps} random steps and there is no time limit. Set maxEpisodeSteps: methods that learn from whole episodes need one.`,
        )
    },
    STEP_ADVICE,
  )
  if (env.render)
    await attempt(
      findings,
      'render',
      () => {
        const text: unknown = env.render!()
        if (typeof text !== 'string')
          findings.error('render', 'render returned no text. Return a string, or leave it out.')
      },
      'render must not fail after reset.',
    )
  await env.close?.()
}

async function checkDeterminism({ findings, make, seed, steps }: Trial): Promise<void> {
  const first = make()
  if (first.spec?.deterministic === false) return
  const second = make()
  first.actionSpace.seed(seed)
  await attempt(
    findings,
    'step',
    async () => {
      const { actions, records } = await play(first, steps, await first.reset({ seed }))
      const again = await play(second, steps, await second.reset({ seed }), actions)
      const found = difference(records, again.records)
      if (found !== undefined)
        findings.error(
          'step-determinism',
          `Equal seeds and actions gave different episodes (at ${found}). Draw everything random from the generator that the seed seeds, or say deterministic: false in the spec.`,
        )
    },
    STEP_ADVICE,
  )
  await first.close?.()
  await second.close?.()
}
