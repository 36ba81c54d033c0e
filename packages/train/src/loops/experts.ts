/** Scripted experts: an environment's own, or a function of the user's. They play the bare environment, without wrappers. */
import { existsSync } from 'node:fs'
import { expertFor } from '@reprise/agentic'
import { RepriseError, type ResetResult, type StepResult, suggest } from '@reprise/core'
import { type EnvironmentMaker, EVALUATION_LIMIT } from '../environments.ts'
import { importUserFile } from '../load-env/index.ts'
import { describeThrown } from './failures.ts'
import type { Task } from './tasks.ts'

/** What an expert is given before each action. */
export interface ExpertView {
  readonly observation: unknown
  readonly actionMask: ArrayLike<number> | undefined
  /** What the environment's `snapshot` gives, hidden parts included; undefined where it has none. */
  readonly state: unknown
  readonly step: number
  readonly task: Task
}

/** From an observation, as the environment gives it, to an action, as the environment takes it; may be a promise. */
export type ScriptedExpert = (observation: unknown, view: ExpertView) => unknown

/**
 * `from`: `expert`, or the path of a module with `#export` where it exports several functions.
 * @throws RPR_ENV_UNSUPPORTED where the environment has no expert; RPR_FILE_MISSING, RPR_ENV_LOAD for a bad module
 */
export async function loadExpert(
  from: string,
  option: string,
  environments: EnvironmentMaker,
): Promise<ScriptedExpert> {
  if (from !== 'expert') return exportedFunction(from, option)
  const { definition, options, env } = environments.bare()
  await env.close?.()
  const expert = expertFor(definition, options)
  return (_, { state }) => expert((state as { state: Float64Array }).state)
}

async function exportedFunction(from: string, option: string): Promise<ScriptedExpert> {
  const [path, name] = from.split('#') as [string, string?]
  if (!existsSync(path)) {
    throw new RepriseError('RPR_FILE_MISSING', `Option '${option}' = '${from}': no such file.`, {
      value: from,
      hint: 'Give a module that exports a function from an observation to an action.',
    })
  }
  const exports = await importUserFile(path)
  const names = Object.keys(exports).filter((key) => typeof exports[key] === 'function')
  const refuse = (why: string, hint: string) =>
    new RepriseError('RPR_ENV_LOAD', `Option '${option}' = '${from}': ${why}.`, { value: from, hint })
  const chosen = name ?? (names.includes('default') ? 'default' : names.length === 1 ? names[0] : undefined)
  if (chosen !== undefined && names.includes(chosen)) return exports[chosen] as ScriptedExpert
  if (name !== undefined) throw refuse(`it exports no function '${name}'`, suggest(name, names))
  if (names.length > 1)
    throw refuse(`it exports several functions: ${names.join(', ')}`, `Name one: ${path}#${names[0]}`)
  throw refuse('it exports no function', 'Export one: `export default (observation) => action`.')
}

/**
 * The actions that an expert takes in a task, up to the end of the episode or the run's limit on its steps.
 * @throws RPR_ENV_FAILED naming the task where the expert throws
 */
export async function expertActions(
  expert: ScriptedExpert,
  environments: EnvironmentMaker,
  tasks: readonly Task[],
): Promise<(Task & { actions: unknown[] })[]> {
  const { env } = environments.bare()
  const limit = environments.maxEpisodeSteps ?? EVALUATION_LIMIT
  try {
    const found: (Task & { actions: unknown[] })[] = []
    for (const task of tasks) {
      const { seed, options } = task
      let last: ResetResult<unknown> | StepResult<unknown> = await env.reset(
        options === undefined ? { seed } : { seed, options },
      )
      const actions: unknown[] = []
      for (;;) {
        const { observation, actionMask } = last
        const view = { observation, actionMask, state: env.snapshot?.(), step: actions.length, task }
        const action = await chosen(expert, view)
        actions.push(action)
        const result: StepResult<unknown> = await env.step(action as never)
        if (result.terminated || result.truncated || actions.length === limit) break
        last = result
      }
      found.push({ ...task, actions })
    }
    return found
  } finally {
    await env.close?.()
  }
}

async function chosen(expert: ScriptedExpert, view: ExpertView): Promise<unknown> {
  try {
    return await expert(view.observation, view)
  } catch (cause) {
    throw new RepriseError(
      'RPR_ENV_FAILED',
      `The expert failed in step ${view.step} of the task ${JSON.stringify(view.task)}: ${describeThrown(cause)}.`,
      { value: cause, hint: 'Correct the expert, or leave that task out.', cause },
    )
  }
}
