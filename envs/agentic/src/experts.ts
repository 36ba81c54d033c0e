/** The best known play of every environment here: what scores are measured against, and episodes to imitate. */
import {
  type AnyEnvDefinition,
  type EnvOptions,
  RepriseError,
  type ResetResult,
  resolveOptions,
  type StepResult,
} from '@reprise/core'
import { type CountdownOptions, countdownExpert } from './countdown.ts'
import type { DeskOptions } from './desk-layout.ts'
import { ezPointsExpert } from './ez-points.ts'
import { formDeskExpert } from './form-desk.ts'
import { type HiddenSequenceOptions, hiddenSequenceExpert } from './hidden-sequence.ts'
import { numberLineExpert } from './number-line.ts'
import { type LakeOptions, ragenFrozenLakeExpert } from './ragen-lake.ts'
import { type SokobanOptions, sokobanExpert } from './sokoban.ts'
import { toolChainExpert } from './tool-chain.ts'
import type { ToolWorldOptions } from './tool-world.ts'

/** Chooses an action from the complete state of one row, hidden parts included. */
export type Expert = (state: Float64Array) => number

type Values = Readonly<Record<string, unknown>>

const EXPERTS: Readonly<Record<string, (values: Values) => Expert>> = {
  'HiddenSequence-v0': (values) => hiddenSequenceExpert(values as unknown as HiddenSequenceOptions),
  'NumberLine-v0': numberLineExpert,
  'RagenFrozenLake-v0': (values) => ragenFrozenLakeExpert(values as unknown as LakeOptions),
  'EZPoints-v0': ezPointsExpert,
  'FormDesk-v0': (values) => formDeskExpert(values as unknown as DeskOptions),
  'Countdown-v0': (values) => countdownExpert(values as unknown as CountdownOptions),
  'ToolChain-v0': (values) => toolChainExpert(values as unknown as ToolWorldOptions),
  'Sokoban-v0': (values) => sokobanExpert(values as unknown as SokobanOptions),
  'Sokoban8x8-v0': (values) => sokobanExpert(values as unknown as SokobanOptions),
}

/**
 * The expert of an environment of this package, for environment options as `make` takes them. It plays optimally from
 * states that it has come to itself. For one row of a vector environment: `snapshot().state`, [rows, size], cut to the row.
 * @throws RepriseError RPR_ENV_UNSUPPORTED for other environments, RPR_OPTION_* for bad options
 */
export function expertFor(definition: AnyEnvDefinition, options: EnvOptions = {}): Expert {
  const make = EXPERTS[definition.spec.id]
  if (make === undefined) {
    throw new RepriseError('RPR_ENV_UNSUPPORTED', `No expert plays ${definition.spec.id}.`, {
      value: definition.spec.id,
      hint: `There is one for ${Object.keys(EXPERTS).join(', ')}.`,
    })
  }
  return make(resolveOptions(definition.options, [{ source: 'api', values: options }]).values)
}

/** One episode of the expert. Arrays have an element per step. */
export interface Demonstration {
  readonly observations: readonly unknown[]
  readonly actionMasks: readonly (ArrayLike<number> | undefined)[]
  readonly actions: readonly number[]
  readonly rewards: readonly number[]
  readonly outcome: number
  readonly taskId: number
}

/** Plays the task of `seed` (and of the reset option `task`, where given) with the expert. */
export function demonstrate(
  definition: AnyEnvDefinition,
  seed: number,
  options: EnvOptions = {},
  resetOptions: EnvOptions = {},
): Demonstration {
  const env = definition.make(options)
  const expert = expertFor(definition, options)
  let last = env.reset({ seed, options: resetOptions }) as ResetResult<unknown>
  const taskId = last.taskId!
  const observations: unknown[] = []
  const actionMasks: (ArrayLike<number> | undefined)[] = []
  const actions: number[] = []
  const rewards: number[] = []
  for (;;) {
    const action = expert((env.snapshot!() as { state: Float64Array }).state)
    observations.push(last.observation)
    actionMasks.push(last.actionMask)
    actions.push(action)
    const result = env.step(action) as StepResult<unknown>
    rewards.push(result.reward)
    last = result
    if (result.terminated || result.truncated)
      return { observations, actionMasks, actions, rewards, outcome: result.outcome!, taskId }
  }
}
