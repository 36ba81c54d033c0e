/** What training, evaluation and a loaded agent share: environments, the program, its executor and the policy on it. */
import type { PolicySpaces } from '@reprise/algorithms'
import { createExecutor, type Executor, type LearnerProgram } from '@reprise/backend'
import { RepriseError } from '@reprise/core'
import { encoderFor } from '@reprise/nn'
import { replaysTasks } from '@reprise/replay'
import { refuseInert } from './config/inert.ts'
import type { ResolvedRun } from './config/resolve.ts'
import { EnvironmentMaker, EVALUATION_LIMIT } from './environments.ts'
import { checkTaskChoice, oddTaskChoice } from './loops/curriculum.ts'
import type { Demonstrated } from './loops/demonstrations.ts'
import { Policy } from './loops/policy.ts'
import { fixedTasks } from './loops/tasks.ts'
import { generatorOf } from './run/seeds.ts'

export interface Learner {
  readonly environments: EnvironmentMaker
  readonly spaces: PolicySpaces
  readonly program: LearnerProgram
  readonly executor: Executor
  readonly policy: Policy
  /** Episodes that a new run begins with, read before its folder is made. */
  readonly demonstrated?: readonly Demonstrated[] | undefined
  /** Legal but odd choices: sentences with their consequence. */
  readonly warnings: readonly string[]
}

/** @throws RepriseError where the environment, the algorithm and the options do not fit; nothing is written by then. */
export async function buildLearner(resolved: ResolvedRun): Promise<Learner> {
  const { algorithm, algorithmOptions: options, run } = resolved
  // Refuses a bad list of tasks before anything is written; the loop reads it again.
  const tasks = run.tasks === undefined ? undefined : fixedTasks(run.tasks, generatorOf(run.seed, 'environments'))
  const gamma = typeof options['gamma'] === 'number' ? options['gamma'] : 0.99
  const environments = await EnvironmentMaker.make(resolved.definition, resolved.envOptions, run, gamma)
  if (algorithm.loop === 'group' && environments.maxEpisodeSteps === undefined) {
    throw new RepriseError(
      'RPR_ENV_UNSUPPORTED',
      `${algorithm.name} learns from whole episodes, and '${environments.id}' has no time limit.`,
      { value: environments.id, hint: 'Give it one: --set maxEpisodeSteps=200.' },
    )
  }
  const spaces: PolicySpaces = {
    observation: environments.observationSpace,
    action: environments.actionSpace,
    observationSize: encoderFor(environments.observationSpace).size,
    maskSize: environments.maskSize,
  }
  refuseInert(resolved, spaces)
  const context = { spaces, options, maxEpisodeSteps: environments.maxEpisodeSteps }
  const warnings = [...(algorithm.check?.(context) ?? [])]
  if (algorithm.loop === 'group') {
    const choice = algorithm.taskChoice?.(options)
    checkTaskChoice(choice, tasks)
    warnings.push(...oddTaskChoice(choice, tasks, algorithm.collection(options).groups))
    const replay = algorithm.episodeReplay?.(options)
    if (replay && tasks === undefined && replaysTasks(replay)) {
      warnings.push(
        "tasks 'fresh' gives every group a new reset seed: no task comes twice, unless the environment itself names one that it had before, and nothing that is stored is ever replayed. Set tasks to a number of fixed tasks or to a file.",
      )
    }
  }
  if (environments.maxEpisodeSteps === undefined) {
    warnings.push(
      `'${environments.id}' has no time limit: episodes of evaluations are cut off after ${EVALUATION_LIMIT} steps. Set maxEpisodeSteps for a limit of your own, which then holds in training too.`,
    )
  }
  if (algorithm.loop === 'replay' && (run.normalizeObservation || run.normalizeReward)) {
    const which = run.normalizeObservation ? 'normalizeObservation' : 'normalizeReward'
    warnings.push(
      `Option '${which}' scales what is stored by the statistics of that moment: older transitions in the replay keep older scales.`,
    )
  }
  if (algorithm.loop === 'replay') {
    const { learningStarts } = algorithm.collection(options)
    if (learningStarts >= run.steps) {
      warnings.push(
        `learningStarts ${learningStarts} is not below steps ${run.steps}: the run ends without a single update.`,
      )
    }
  }
  const program = algorithm.build({ ...context, rng: generatorOf(run.seed, 'parameters') })
  const collection = algorithm.collection(options)
  const executor = await createExecutor({
    executor: resolved.executor,
    program,
    rows: {
      act: 'numEnvs' in collection ? collection.numEnvs : collection.groups * collection.groupSize,
      decide: run.evalEpisodes,
    },
    warn: (message) => warnings.push(message),
  })
  const policy = new Policy(executor, environments.observationSpace, environments.actionSpace)
  return { environments, spaces, program, executor, policy, warnings }
}
