import { allocateColumns, type Columns } from '../columns.ts'
import type { AnyEnv, Reports, ResetResult, StepResult } from '../env.ts'
import { describe } from '../spaces/base.ts'
import { asAnySpace, maskSize } from '../spaces/index.ts'
import type { Findings } from './findings.ts'

/** Checks what resets and steps of one environment report, and keeps what it needs from one call to the next. */
export class ReportChecker {
  readonly #findings: Findings
  readonly #env: AnyEnv
  readonly #columns: Columns | undefined
  #masked: boolean | undefined
  #last: { observation: unknown; copy: string } | undefined

  constructor(findings: Findings, env: AnyEnv) {
    this.#findings = findings
    this.#env = env
    try {
      this.#columns = allocateColumns(env.observationSpace.leaves, 1)
    } catch {
      this.#columns = undefined
    }
  }

  /** Whether the result can be used further. */
  reset(result: ResetResult<unknown>): boolean {
    if (typeof result !== 'object' || result === null || !('observation' in result)) {
      const found = describe(result)
      this.#findings.error(
        'reset-result',
        `reset returned ${found}. Return { observation }, with info and others beside.`,
      )
      return false
    }
    this.#last = undefined
    this.#observation(result.observation, 'reset')
    this.#reports(result, false)
    return true
  }

  step(result: StepResult<unknown>): boolean {
    if (typeof result !== 'object' || result === null || !('observation' in result)) {
      const found = describe(result)
      this.#findings.error(
        'step-result',
        `step returned ${found}. Return { observation, reward, terminated, truncated }.`,
      )
      return false
    }
    const { reward, terminated, truncated, outcome, info } = result
    if (typeof reward !== 'number' || !Number.isFinite(reward))
      this.#findings.error('reward', `step gave the reward ${describe(reward)}. A reward is a finite number.`)
    for (const [name, flag] of Object.entries({ terminated, truncated }))
      if (typeof flag !== 'boolean')
        this.#findings.error('flags', `step gave ${name} = ${describe(flag)}. It is true or false.`)
    const ended = Boolean(terminated || truncated)
    if (outcome !== undefined && !(typeof outcome === 'number' && outcome >= 0 && outcome <= 1))
      this.#findings.error('outcome', `step gave the outcome ${describe(outcome)}. Success lies in [0, 1].`)
    if (outcome !== undefined && !ended)
      this.#findings.error('outcome', 'step gave an outcome before the last step. Report it on the last step only.')
    if (info !== undefined && (typeof info !== 'object' || info === null))
      this.#findings.error('info', `step gave info = ${describe(info)}. It is an object, or left out.`)
    this.#observation(result.observation, 'step')
    this.#reports(result, Boolean(terminated))
    return typeof terminated === 'boolean' && typeof truncated === 'boolean'
  }

  #observation(observation: unknown, call: string): void {
    const { observationSpace: space } = this.#env
    if (!space.contains(observation)) {
      this.#findings.error(
        `${call}-observation`,
        `The observation of ${call} lies outside ${space}: ${this.#why(observation)}. Correct one of the two.`,
      )
      return
    }
    this.#checkShared()
    this.#last = { observation, copy: JSON.stringify(observation) }
    if (this.#columns) this.#checkFinite(observation, this.#columns)
  }

  /** An observation handed out earlier must still say what it said. */
  #checkShared(): void {
    if (this.#last === undefined || typeof this.#last.observation !== 'object') return
    if (JSON.stringify(this.#last.observation) !== this.#last.copy)
      this.#findings.warning(
        'shared-observation',
        'step changed the observation that it had handed out before. Return a new array each time (slice it).',
      )
  }

  #checkFinite(observation: unknown, columns: Columns): void {
    this.#env.observationSpace.write(observation, columns, 0)
    for (const { data, dtype } of columns)
      if (dtype.startsWith('float') && !data.every((x: number) => Number.isFinite(x)))
        this.#findings.error('finite-observation', 'An observation is infinite. Keep it finite: training refuses it.')
  }

  #why(observation: unknown): string {
    const any = asAnySpace(this.#env.observationSpace)
    if (any.kind !== 'Box' || typeof observation !== 'object' || observation === null) return describe(observation)
    const values = observation as ArrayLike<number>
    const size = any.low.length
    if (values.length !== size) return `it has ${values.length} elements instead of ${size}`
    for (let i = 0; i < size; i++) {
      const x = any.dtype === 'float32' ? Math.fround(values[i]!) : values[i]!
      if (!(x >= any.low[i]! && x <= any.high[i]!))
        return `element ${i} is ${describe(values[i])}, the bounds are ${any.low[i]} and ${any.high[i]}`
      if ((any.dtype === 'uint8' || any.dtype === 'int32') && !Number.isInteger(x))
        return `element ${i} is ${x}, no integer`
    }
    return describe(observation)
  }

  #reports({ actionMask, taskId }: Reports, terminated: boolean): void {
    if (taskId !== undefined && !Number.isSafeInteger(taskId))
      this.#findings.error('task-id', `It gave the task id ${describe(taskId)}. A task id is a safe integer.`)
    if (actionMask === undefined) {
      if ((this.#masked || this.#env.spec?.actionMasks) && !terminated)
        this.#findings.error(
          'action-mask',
          'An action mask is missing. Report one with every reset and step, or never.',
        )
      this.#masked ??= false
      return
    }
    if (this.#masked === false)
      this.#findings.error('action-mask', 'Action masks begin after the first reset. Report one with every reset too.')
    this.#masked ??= true
    this.#mask(actionMask, terminated)
  }

  #mask(mask: ArrayLike<number>, terminated: boolean): void {
    const space = asAnySpace(this.#env.actionSpace)
    const n = maskSize(space)
    if (n === 0) {
      this.#findings.error('action-mask', `${space} takes no action masks. Only Discrete and MultiDiscrete do.`)
      return
    }
    if (mask.length !== n) {
      this.#findings.error('action-mask', `An action mask has ${mask.length} elements for ${space}. It needs ${n}.`)
      return
    }
    const flags = Array.from(mask)
    if (!flags.every((flag) => flag === 0 || flag === 1))
      this.#findings.error('action-mask', `An action mask is ${describe(mask)}. Use 1 for legal and 0 for illegal.`)
    let at = 0
    for (const size of space.kind === 'MultiDiscrete' ? space.nvec : [n]) {
      if (!terminated && !flags.slice(at, at + size).includes(1))
        this.#findings.error('action-mask', 'An action mask leaves no legal action. Terminate the episode instead.')
      at += size
    }
  }
}
