/** Greedy episodes on given seeds, each row one episode at a time. */
import type { LearnerProgram } from '@reprise/backend'
import { RepriseError, type Serializable, type VectorEnv } from '@reprise/core'
import type { EnvironmentMaker, TrainingEnv } from './environments.ts'
import { Breather } from './loops/breather.ts'
import { describeThrown, type Failures, rowErrors } from './loops/failures.ts'
import { type Policy, PolicyInputs } from './loops/policy.ts'
import { mean, standardDeviation } from './run/episode-window.ts'

export interface Evaluation {
  /** Mean and population standard deviation of raw returns. */
  readonly meanReward: number
  readonly stdReward: number
  readonly returns: readonly number[]
  readonly lengths: readonly number[]
  /** Mean outcome over the episodes whose environment reports one, or what `outcomeFrom` makes of their returns. */
  readonly successRate: number | undefined
  /** Episodes whose environment threw; they count in none of the above. */
  readonly failed: number
}

/** Most rows that an evaluation steps side by side. */
const MAX_WIDTH = 50

export class Evaluator {
  readonly #policy: Policy
  readonly #training: TrainingEnv
  readonly #inputs: PolicyInputs
  readonly #seeds: readonly number[]
  readonly #failures: Failures | undefined
  readonly #environments: EnvironmentMaker
  readonly #breather = new Breather()

  /**
   * `seeds`: one per episode. `failures`: told of episodes whose environment throws, which are then dropped; without it
   * the first ends the evaluation.
   */
  constructor(
    environments: EnvironmentMaker,
    program: LearnerProgram,
    policy: Policy,
    seeds: readonly number[],
    failures?: Failures,
  ) {
    const width = Math.min(seeds.length, MAX_WIDTH)
    this.#policy = policy
    this.#training = environments.evaluation(width, failures ? 'fail' : 'throw')
    this.#inputs = new PolicyInputs(program.inputs.decide, width)
    this.#seeds = seeds
    this.#failures = failures
    this.#environments = environments
  }

  /**
   * `statistics`: what the training environment's normalisers hold now.
   * @throws RepriseError RPR_ENV_FAILED where every episode failed, or one where that is not tolerated
   */
  async run(statistics: Serializable): Promise<Evaluation> {
    this.#training.setStatistics(statistics)
    const { env } = this.#training
    const returns: number[] = []
    const lengths: number[] = []
    const outcomes: number[] = []
    let failed = 0
    let thrown: unknown
    for (let first = 0; first < this.#seeds.length; first += env.numEnvs) {
      const count = Math.min(env.numEnvs, this.#seeds.length - first)
      await this.#wave(env, this.#seeds.slice(first, first + count))
      for (let i = 0; i < count; i++) {
        if (env.columns.failed[i]) {
          failed++
          thrown = rowErrors(env)[i]
          this.#failures?.note(thrown)
          continue
        }
        returns.push(env.columns.episodeReturns[i]!)
        lengths.push(env.columns.episodeLengths[i]!)
        outcomes.push(this.#environments.outcomeOf(env, i))
      }
    }
    if (returns.length === 0) {
      throw new RepriseError(
        'RPR_ENV_FAILED',
        `All ${failed} episodes of an evaluation of '${env.spec.id}' failed; the last threw ${describeThrown(thrown)}.`,
        { value: thrown, hint: 'Correct the environment; check-env finds many such faults.', cause: thrown },
      )
    }
    const known = outcomes.filter((outcome) => !Number.isNaN(outcome))
    return {
      meanReward: mean(returns),
      stdReward: standardDeviation(returns),
      returns,
      lengths,
      successRate: known.length > 0 ? mean(known) : undefined,
      failed,
    }
  }

  async #wave(env: VectorEnv, seeds: readonly number[]): Promise<void> {
    // Rows without an episode of their own repeat the last seed; they are not read.
    await env.reset({ seeds: Array.from({ length: env.numEnvs }, (_, i) => seeds[Math.min(i, seeds.length - 1)]!) })
    this.#inputs.forget()
    const { terminated, truncated } = env.columns
    const running = () => terminated.some((flag, i) => !flag && !truncated[i])
    while (running()) {
      const decided = this.#policy.decide(env, this.#inputs)
      if (decided instanceof Promise) await decided
      const stepped = env.step()
      if (stepped instanceof Promise) await stepped
      const turn = this.#breather.turn()
      if (turn) await turn
    }
  }

  async close(): Promise<void> {
    await this.#training.env.close()
  }
}
