import { RepriseError } from '@reprise/core'
import { type Evaluation, Evaluator } from './evaluate.ts'
import { type LoadOptions, loadLearner } from './load-learner.ts'
import { Failures } from './loops/failures.ts'
import { PolicyInputs } from './loops/policy.ts'
import { seedsOf } from './run/seeds.ts'

/** A trained policy, apart from any environment. */
export interface Agent<O = unknown, A = unknown> {
  /** Environment steps that it was trained for. */
  readonly step: number
  /**
   * The greedy action for one observation, both as the environment itself has them: wrappers and normalisation are
   * applied as in training. `mask`: legal actions, where the environment has masks.
   * A policy with memory goes on from its last call.
   * @throws RPR_SPACE_VALUE for an observation outside the space, RPR_SHAPE for a mask that is missing or does not fit
   */
  decide(observation: O, mask?: ArrayLike<number>): Promise<A>
  /** A new episode begins: a policy with memory forgets. Others need not be told. */
  reset(): void
  dispose(): void
}

/**
 * Loads a run's policy for use.
 *
 * @example
 * const agent = await loadAgent('runs/cartpole', { checkpoint: 'best' })
 * const action = await agent.decide(observation)
 */
export async function loadAgent<O = unknown, A = unknown>(
  path: string,
  options: LoadOptions = {},
): Promise<Agent<O, A>> {
  const { learner, statistics, step } = await loadLearner(path, options)
  const { environments, policy, program } = learner
  const seat = environments.seat(statistics)
  const inputs = new PolicyInputs(program.inputs.decide, 1)
  return {
    step,
    async decide(observation, mask) {
      policy.encode(seat.observe(observation), inputs.arrays['observation'] as Float32Array)
      checkMask(mask, learner.spaces.maskSize)
      if (mask) inputs.readMask(Uint8Array.from(mask))
      // Not awaited where it is no promise: calls side by side then cannot write into each other's arrays.
      const decided = learner.executor.decide(inputs.arrays)
      const out = decided instanceof Promise ? await decided : decided
      inputs.remember(out)
      return seat.action((columns) => policy.writeActions(out['action']!, columns)) as A
    },
    reset: () => inputs.forget(),
    dispose: () => learner.executor.dispose(),
  }
}

function checkMask(mask: ArrayLike<number> | undefined, size: number): void {
  const given = mask?.length ?? 0
  if (given === size) return
  throw new RepriseError('RPR_SHAPE', `decide was given an action mask of ${given} elements instead of ${size}.`, {
    value: given,
    hint:
      size === 0
        ? 'The environment that the policy was trained on has no masks: leave it out.'
        : 'Give the mask of the observation: 1 for each legal action, 0 for the others.',
  })
}

export interface EvaluateOptions extends LoadOptions {
  /** Default: as many as the run's score is the mean of (`finalEpisodes`). */
  readonly episodes?: number
  /** Default: the run's `evalSeed`. Episodes are the held-out ones of that seed. */
  readonly seed?: number
}

export interface EvaluateResult extends Evaluation {
  readonly step: number
  readonly env: string
  readonly seed: number
}

/** Plays greedy episodes with a run's policy on held-out seeds. With the defaults and the last checkpoint: the run's score. */
export async function evaluate(path: string, options: EvaluateOptions = {}): Promise<EvaluateResult> {
  const { episodes: given } = options
  if (given !== undefined && !(Number.isSafeInteger(given) && given >= 1)) {
    throw new RepriseError('RPR_OPTION_RANGE', `Option 'episodes' = ${given} is not legal.`, {
      value: given,
      hint: 'It takes an integer >= 1.',
    })
  }
  const { config, algorithm, step, learner, statistics } = await loadLearner(path, options)
  const seed = options.seed ?? (config.options['evalSeed'] as number)
  const episodes = given ?? (config.options['finalEpisodes'] as number)
  const evaluator = new Evaluator(
    learner.environments,
    learner.program,
    learner.policy,
    seedsOf(seed, 'heldOut', episodes),
    // As in training: what groups tolerate there must not end their evaluation.
    algorithm.loop === 'group' ? new Failures(() => {}) : undefined,
  )
  try {
    return { ...(await evaluator.run(statistics)), step, env: config.env.id, seed }
  } finally {
    await evaluator.close()
    learner.executor.dispose()
  }
}
