/**
 * The checker for batched environments: what `VectorEnv` promises, tried against single environments. For tests of
 * native environments, ours and other people's.
 */
import { allocateColumns, type Columns } from './columns.ts'
import type { AnyEnvDefinition } from './definition.ts'
import type { AnyEnv, EnvOptions, ResetResult, StepResult } from './env.ts'
import { RepriseError } from './errors.ts'
import { Pcg64 } from './random.ts'
import type { AutoresetMode, VectorEnv } from './vector-env.ts'

export interface VectorCheckOptions {
  /** Default 5. */
  numEnvs?: number
  /** Vector steps per mode. Default 300. */
  steps?: number
  /** Row i is seeded with seed + i. Default 0. */
  seed?: number
  /** Options of the environment. */
  options?: EnvOptions
  /** Default all three. */
  modes?: readonly AutoresetMode[]
}

/**
 * Steps a vector environment beside single environments with seeds seed + i through episode ends, and a second vector
 * environment that is restored from a snapshot half way, and compares every column.
 * @throws RepriseError RPR_ENV_CONTRACT with mode, step, row and column of the first difference
 */
export async function checkVectorEnv(definition: AnyEnvDefinition, options: VectorCheckOptions = {}): Promise<void> {
  for (const mode of options.modes ?? (['SameStep', 'NextStep', 'Disabled'] as const)) {
    await new Check(definition, mode, options).run()
  }
}

interface Expected {
  readonly env: AnyEnv
  reset: ResetResult<unknown>
  last: StepResult<unknown> | undefined
  ended: boolean
  episodeReturn: number
  episodeLength: number
}

class Check {
  readonly #vector: VectorEnv
  readonly #definition: AnyEnvDefinition
  readonly #mode: AutoresetMode
  readonly #numEnvs: number
  readonly #steps: number
  readonly #seed: number
  readonly #options: EnvOptions
  readonly #observation: Columns
  #step = 0

  constructor(definition: AnyEnvDefinition, mode: AutoresetMode, options: VectorCheckOptions) {
    this.#definition = definition
    this.#mode = mode
    this.#numEnvs = options.numEnvs ?? 5
    this.#steps = options.steps ?? 300
    this.#seed = options.seed ?? 0
    this.#options = options.options ?? {}
    this.#vector = this.#make()
    this.#observation = allocateColumns(this.#vector.singleObservationSpace.leaves, 1)
  }

  #make(): VectorEnv {
    if (!this.#definition.makeVector) this.#fail(0, 'makeVector', 'absent', 'present')
    return this.#definition.makeVector!(this.#numEnvs, { autoresetMode: this.#mode, options: this.#options })
  }

  async run(): Promise<void> {
    const vector = this.#vector
    const rows: Expected[] = []
    for (let i = 0; i < this.#numEnvs; i++) {
      const env = this.#definition.make(this.#options)
      const reset = await env.reset({ seed: this.#seed + i })
      rows.push({ env, reset, last: undefined, ended: false, episodeReturn: 0, episodeLength: 0 })
    }
    await vector.reset({ seeds: this.#seed })
    for (let i = 0; i < this.#numEnvs; i++) this.#compareStart(i, rows[i]!)
    const generator = new Pcg64(this.#seed)
    vector.singleActionSpace.seed(this.#seed)
    let second: VectorEnv | undefined
    for (this.#step = 1; this.#step <= this.#steps; this.#step++) {
      const actions = Array.from({ length: this.#numEnvs }, () => vector.singleActionSpace.sample())
      for (let i = 0; i < this.#numEnvs; i++) vector.singleActionSpace.write(actions[i], vector.columns.actions, i)
      await vector.step()
      for (let i = 0; i < this.#numEnvs; i++) await this.#stepRow(i, rows[i]!, actions[i])
      if (second) {
        for (let i = 0; i < this.#numEnvs; i++) second.singleActionSpace.write(actions[i], second.columns.actions, i)
        await second.step()
        this.#compareVectors(second)
      }
      if (this.#mode === 'Disabled' && generator.random() < 0.3) await this.#resetEnded(rows, second)
      if (this.#step === this.#steps >> 1 && vector.canSnapshot) {
        second = this.#make()
        await second.reset({ seeds: this.#seed + 1000 })
        second.restore(vector.snapshot())
        this.#compareVectors(second)
      }
    }
    await vector.close()
    await second?.close()
  }

  async #resetEnded(rows: Expected[], second: VectorEnv | undefined): Promise<void> {
    const mask = Uint8Array.from(rows, (row) => (row.ended ? 1 : 0))
    await this.#vector.reset({ mask })
    await second?.reset({ mask })
    for (let i = 0; i < this.#numEnvs; i++) {
      if (mask[i] !== 1) continue
      await this.#restart(rows[i]!)
      this.#compareStart(i, rows[i]!)
    }
  }

  async #restart(row: Expected): Promise<void> {
    row.reset = await row.env.reset()
    row.ended = false
    row.episodeReturn = 0
    row.episodeLength = 0
  }

  async #stepRow(i: number, row: Expected, action: unknown): Promise<void> {
    const { columns } = this.#vector
    if (row.ended && this.#mode !== 'SameStep') {
      this.#equal(i, 'skipped', columns.skipped[i]!, 1)
      this.#equal(i, 'rewards', columns.rewards[i]!, 0)
      const outcome = this.#mode === 'Disabled' ? row.last!.outcome : undefined
      this.#equal(i, 'outcomes', columns.outcomes[i]!, outcome ?? Number.NaN)
      if (this.#mode === 'NextStep') {
        await this.#restart(row)
        this.#compareStart(i, row, 1)
      } else {
        this.#equal(i, 'terminated', columns.terminated[i]!, row.last!.terminated ? 1 : 0)
        this.#equal(i, 'truncated', columns.truncated[i]!, row.last!.truncated ? 1 : 0)
        this.#compareObservation(i, 'observations', columns.observations, row.last!.observation)
      }
      return
    }
    const result = await row.env.step(action)
    row.last = result
    row.ended = result.terminated || result.truncated
    row.episodeReturn += result.reward
    row.episodeLength++
    this.#equal(i, 'skipped', columns.skipped[i]!, 0)
    this.#equal(i, 'failed', columns.failed[i]!, 0)
    this.#equal(i, 'rewards', columns.rewards[i]!, result.reward)
    this.#equal(i, 'terminated', columns.terminated[i]!, result.terminated ? 1 : 0)
    this.#equal(i, 'truncated', columns.truncated[i]!, result.truncated ? 1 : 0)
    this.#equal(i, 'episodeReturns', columns.episodeReturns[i]!, row.episodeReturn)
    this.#equal(i, 'episodeLengths', columns.episodeLengths[i]!, row.episodeLength)
    this.#equal(i, 'outcomes', columns.outcomes[i]!, (row.ended ? result.outcome : undefined) ?? Number.NaN)
    this.#equal(i, 'finalTaskIds', columns.finalTaskIds[i]!, (row.ended ? row.reset.taskId : undefined) ?? Number.NaN)
    if (row.ended) {
      this.#compareObservation(i, 'finalObservations', columns.finalObservations, result.observation)
      this.#compareMask(i, 'finalActionMasks', columns.finalActionMasks, result.actionMask)
    }
    if (row.ended && this.#mode === 'SameStep') {
      await this.#restart(row)
      this.#compareObservation(i, 'observations', columns.observations, row.reset.observation)
      this.#compareMask(i, 'actionMasks', columns.actionMasks, row.reset.actionMask)
    } else {
      this.#compareObservation(i, 'observations', columns.observations, result.observation)
      this.#compareMask(i, 'actionMasks', columns.actionMasks, result.actionMask)
    }
    if (!row.ended) this.#equal(i, 'taskIds', columns.taskIds[i]!, row.reset.taskId ?? Number.NaN)
  }

  /** A row right after its reset. */
  #compareStart(i: number, { reset }: Expected, skipped = 0): void {
    const { columns } = this.#vector
    this.#compareObservation(i, 'observations', columns.observations, reset.observation)
    this.#compareMask(i, 'actionMasks', columns.actionMasks, reset.actionMask)
    this.#equal(i, 'taskIds', columns.taskIds[i]!, reset.taskId ?? Number.NaN)
    this.#equal(i, 'skipped', columns.skipped[i]!, skipped)
    for (const name of ['terminated', 'truncated', 'rewards', 'episodeReturns', 'episodeLengths'] as const) {
      this.#equal(i, name, columns[name][i]!, 0)
    }
  }

  #compareObservation(i: number, name: string, columns: Columns, value: unknown): void {
    this.#vector.singleObservationSpace.write(value, this.#observation, 0)
    for (const [c, { size, data, path }] of this.#observation.entries()) {
      for (let k = 0; k < size; k++) this.#equal(i, `${name} ${path}[${k}]`, columns[c]!.data[i * size + k]!, data[k]!)
    }
  }

  #compareMask(i: number, name: string, column: Uint8Array | undefined, mask: ArrayLike<number> | undefined): void {
    const size = this.#vector.maskSize
    for (let k = 0; k < size; k++) this.#equal(i, `${name}[${k}]`, column![i * size + k]!, mask?.[k] ?? Number.NaN)
  }

  #compareVectors(second: VectorEnv): void {
    const first = this.#vector.columns
    const { columns } = second
    for (const name of ['observations', 'finalObservations'] as const) {
      for (const [c, { data }] of first[name].entries())
        this.#compareArrays(`${name} ${c}`, columns[name][c]!.data, data)
    }
    for (const [name, data] of Object.entries(first)) {
      if (ArrayBuffer.isView(data)) {
        this.#compareArrays(name, columns[name as keyof typeof columns] as unknown as ArrayLike<number>, data as never)
      }
    }
  }

  #compareArrays(name: string, restored: ArrayLike<number>, data: ArrayLike<number>): void {
    const size = data.length / this.#numEnvs
    for (let k = 0; k < data.length; k++) {
      this.#equal(Math.floor(k / size), `${name} of the restored environment`, restored[k]!, data[k]!)
    }
  }

  #equal(row: number, what: string, actual: number, expected: number): void {
    if (!Object.is(actual, expected) && actual !== expected) this.#fail(row, what, actual, expected)
  }

  #fail(row: number, what: string, actual: unknown, expected: unknown): never {
    throw new RepriseError(
      'RPR_ENV_CONTRACT',
      `${this.#definition.spec.id}, ${this.#mode}, step ${this.#step}, row ${row}: ${what} is ${actual} and should be ${expected}.`,
      { value: actual, hint: 'A row of a vector environment equals the single environment with seed + row.' },
    )
  }
}
