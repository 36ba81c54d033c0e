import type { Reports } from '../env.ts'
import { clonePlain } from '../plain-data.ts'
import { attempt, difference, type Trial } from './findings.ts'
import { play } from './play.ts'

const ADVICE = 'snapshot must hold everything that later steps read, the generator included, as plain data.'

/** Restores a snapshot into the same and into another environment: both must go on as the first did. */
export async function checkSnapshots({ findings, make, seed, steps }: Trial): Promise<void> {
  const env = make()
  if (env.snapshot === undefined || env.restore === undefined) {
    if (!findings.has('interface'))
      findings.warning(
        'snapshot',
        'It has no snapshot and restore: a resumed run starts new episodes. Add both for exact resumption.',
      )
    return
  }
  await attempt(
    findings,
    'snapshot',
    async () => {
      env.actionSpace.seed(seed)
      let reports: Reports = await env.reset({ seed })
      // Some way into an episode, and where it is short, beyond its reset.
      const { records: before } = await play(env, Math.min(7, steps), reports)
      reports = before.at(-1) ?? reports
      const saved = env.snapshot!()
      const clone = clonePlain(saved, 'The snapshot')
      const { actions, records } = await play(env, steps, reports)
      if (difference(saved, clone) !== undefined)
        findings.error(
          'snapshot',
          'A snapshot changed while the environment went on. Copy what it holds (slice, structuredClone).',
        )
      const other = make()
      for (const [name, target] of [
        ['the same environment', env],
        ['another one', other],
      ] as const) {
        target.restore!(clonePlain(clone, 'The snapshot'))
        const continued = await play(target, steps, reports, actions)
        const found = difference(records, continued.records)
        if (found !== undefined)
          findings.error('snapshot', `Restored into ${name}, it went on differently (at ${found}). ${ADVICE}`)
      }
      await other.close?.()
    },
    ADVICE,
  )
  await env.close?.()
}
