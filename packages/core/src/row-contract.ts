import type { Columns } from './columns.ts'
import type { AnyEnv, Reports, ResetResult, StepResult } from './env.ts'
import { RepriseError } from './errors.ts'
import { type ActionCheck, actionCheck } from './native-actions.ts'
import type { Space } from './space.ts'
import { describe } from './spaces/base.ts'
import { asAnySpace, maskSize } from './spaces/index.ts'
import type { VectorColumns } from './vector-env.ts'

/**
 * What a row of a vector environment must report, checked as it is written to the columns. Every breach throws
 * RPR_ENV_CONTRACT with the environment, the row and what to do; illegal actions throw RPR_ENV_ACTION.
 */
export class RowContract {
  /** Whether a first reset has said if there are masks. */
  sawReset = false
  readonly #id: string
  readonly #observationSpace: Space
  readonly #maskSize: number
  /** Where each sub-action's part of a mask begins, and the end of the last. */
  readonly #maskParts: readonly number[]
  readonly #actions: Columns
  readonly #actionSpace: Space
  #checkActions: ActionCheck | undefined

  constructor(env: AnyEnv, columns: VectorColumns) {
    this.#id = env.spec?.id ?? 'The environment'
    this.#observationSpace = env.observationSpace
    this.#actionSpace = env.actionSpace
    this.#maskSize = maskSize(env.actionSpace)
    this.#maskParts = maskParts(env.actionSpace)
    this.#actions = columns.actions
  }

  /** Discrete actions within their range, Box actions finite; rows that wait are not looked at. */
  checkActions(waiting: Uint8Array): void {
    this.#checkActions ??= actionCheck(this.#actionSpace, this.#actions, waiting, this.#id)
    this.#checkActions()
  }

  checkReset(row: number, result: ResetResult<unknown>): void {
    if (typeof result !== 'object' || result === null || !('observation' in result))
      throw this.#breach(row, `reset returned ${describe(result)}`, result, 'Return { observation }.')
    this.#checkTask(row, result)
  }

  checkStep(row: number, result: StepResult<unknown>): void {
    if (typeof result !== 'object' || result === null || !('observation' in result))
      throw this.#breach(row, `step returned ${describe(result)}`, result, 'Return { observation, reward, ... }.')
    const { reward, terminated, truncated, outcome } = result
    if (typeof reward !== 'number' || !Number.isFinite(reward))
      throw this.#breach(row, `step gave the reward ${describe(reward)}`, reward, 'A reward is a finite number.')
    if (typeof terminated !== 'boolean' || typeof truncated !== 'boolean')
      throw this.#breach(
        row,
        `step gave terminated ${describe(terminated)} and truncated ${describe(truncated)}`,
        [terminated, truncated],
        'Both are booleans.',
      )
    if (outcome !== undefined) {
      if (!(typeof outcome === 'number' && outcome >= 0 && outcome <= 1))
        throw this.#breach(row, `step gave the outcome ${describe(outcome)}`, outcome, 'An outcome lies in [0, 1].')
      if (!terminated && !truncated)
        throw this.#breach(row, 'step gave an outcome mid-episode', outcome, 'Report it on the last step only.')
    }
    this.#checkTask(row, result)
  }

  #checkTask(row: number, { taskId }: Reports): void {
    if (taskId !== undefined && !Number.isSafeInteger(taskId))
      throw this.#breach(row, `it gave the task id ${describe(taskId)}`, taskId, 'A task id is a safe integer.')
  }

  writeObservation(row: number, observation: unknown, columns: Columns): void {
    try {
      this.#observationSpace.write(observation, columns, row)
    } catch (error) {
      if (!(error instanceof Error && (error as RepriseError).code === 'RPR_SPACE_VALUE')) throw error
      throw this.#breach(
        row,
        `an observation lies outside the observation space: ${error.message.replace(/\.$/, '')}`,
        observation,
        'Correct the observation or the space; check-env shows where they part.',
      )
    }
    for (let c = 0; c < columns.length; c++) {
      const { data, size, dtype, path } = columns[c]!
      if (dtype !== 'float32' && dtype !== 'float64') continue
      for (let i = row * size; i < (row + 1) * size; i++) {
        // x - x is 0 for finite x and NaN otherwise.
        if (data[i]! - data[i]! === 0) continue
        const where = `element ${i - row * size}${path === '' ? '' : ` of '${path}'`}`
        throw this.#breach(
          row,
          `an observation holds ${data[i]} at ${where}`,
          observation,
          `Observations must be finite${dtype === 'float32' ? ' as 32-bit floats' : ''}: look for a division by zero or an overflow.`,
        )
      }
    }
  }

  /** `needed`: whether each sub-action must have a legal value. */
  writeMask(row: number, mask: ArrayLike<number> | undefined, out: Uint8Array, needed: boolean): void {
    const n = this.#maskSize
    if (mask === undefined)
      throw this.#breach(row, 'an action mask is missing', mask, 'Report one with every reset and step, or never.')
    if (n === 0)
      throw this.#breach(
        row,
        `it reports an action mask for ${this.#actionSpace}`,
        mask,
        'Only Discrete and MultiDiscrete actions take masks.',
      )
    if (mask.length !== n)
      throw this.#breach(
        row,
        `an action mask has ${mask.length} elements`,
        mask,
        `It needs ${n}, one per value of each sub-action.`,
      )
    for (let i = 0; i < n; i++) {
      const flag = mask[i]!
      if (flag !== 0 && flag !== 1)
        throw this.#breach(
          row,
          `an action mask holds ${describe(flag)} at ${i}`,
          flag,
          'Use 1 for legal and 0 for illegal.',
        )
      out[row * n + i] = flag
    }
    if (needed && !this.hasLegal(out, row))
      throw this.#breach(row, 'an action mask leaves no legal action', mask, 'Terminate the episode instead.')
  }

  refuseMask(row: number, { actionMask }: Reports): void {
    if (actionMask === undefined) return
    const hint = 'Say actionMasks: true in its spec, or report one with the first reset already.'
    throw this.#breach(row, 'it reports an action mask without having declared any', actionMask, hint)
  }

  /** Whether every sub-action has a legal value. */
  hasLegal(masks: Uint8Array, row: number): boolean {
    const base = row * this.#maskSize
    for (let p = 0; p + 1 < this.#maskParts.length; p++) {
      let legal = 0
      for (let i = this.#maskParts[p]!; i < this.#maskParts[p + 1]!; i++) legal |= masks[base + i]!
      if (legal === 0) return false
    }
    return true
  }

  #breach(row: number, what: string, value: unknown, hint: string): RepriseError {
    return new RepriseError('RPR_ENV_CONTRACT', `${this.#id}, row ${row}: ${what}.`, { value, hint })
  }
}

function maskParts(space: Space): number[] {
  const any = asAnySpace(space)
  const sizes = any.kind === 'Discrete' ? [any.n] : any.kind === 'MultiDiscrete' ? any.nvec : []
  let end = 0
  return [0, ...sizes.map((n) => (end += n))]
}
