/** Gives the groups of a batch whose outcomes are all alike more episodes, out of a number that they share. */
import type { TaskChoice } from '@reprise/algorithms'
import { RolloutBudget } from '@reprise/curriculum'
import { groupsOf } from '@reprise/replay'
import type { EpisodeCollector, Played } from './group-collector.ts'
import { withMore } from './more-episodes.ts'
import { isSuccess, refuseUnknown } from './outcome-from.ts'

export class BatchBudget {
  readonly #budget: RolloutBudget
  #given = 0
  #grown = 0
  #resolved = 0

  constructor({ budget, budgetFor, budgetStep, budgetMax }: TaskChoice, groupSize: number) {
    this.#budget = new RolloutBudget(
      { initial: groupSize, extra: budgetStep, max: budgetMax, onAllFail: true, onAllSuccess: budgetFor === 'alike' },
      budget,
    )
  }

  /** `played`, and rounds of more until all groups differ or nothing is left. @throws RPR_ENV_UNSUPPORTED */
  async spend(collector: EpisodeCollector, rows: number, groupSize: number, played: Played): Promise<Played> {
    this.#budget.renew()
    let now = played
    /** Attempts, lost ones included: what an environment loses is not played again. */
    const attempts = played.tasks.map(() => groupSize)
    const grown = new Set<number>()
    for (;;) {
      refuseUnknown(now.episodes, "'rolloutBudget'")
      const wanted = new Map<number, number>()
      for (const [g, { from, to }] of groupsOf(now.episodes).entries()) {
        let successes = 0
        for (let e = from; e < to; e++) if (isSuccess(now.episodes.outcomes[e]!)) successes++
        const more = this.#budget.grant(attempts[g]!, successes === to - from ? attempts[g]! : successes)
        if (more === 0) {
          if (grown.has(g) && successes > 0 && successes < to - from) this.#resolved++
          grown.delete(g)
          continue
        }
        attempts[g]! += more
        this.#given += more
        if (attempts[g] === groupSize + more) this.#grown++
        grown.add(g)
        wanted.set(g, more)
      }
      if (wanted.size === 0) break
      now = await withMore(collector, rows, now, wanted)
    }
    if (now === played) return played
    // They are episodes like the others: a second round at another temperature is what the flag is for.
    const { extra: _, ...episodes } = now.episodes
    return { ...now, episodes }
  }

  /** `group/*` since the last call. */
  metrics(): Record<string, number> {
    const row = {
      'group/budget_episodes': this.#given,
      'group/budget_groups': this.#grown,
      'group/budget_resolved': this.#resolved,
    }
    this.#given = this.#grown = this.#resolved = 0
    return row
  }
}
