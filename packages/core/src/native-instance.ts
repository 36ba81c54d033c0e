import type { EnvOptions, EnvSpec } from './env.ts'
import { RepriseError } from './errors.ts'
import type { NativeDynamics, NativeEnvSource, NativeLayout } from './native.ts'
import { type OptionTable, type OptionValues, resolveOptions } from './options.ts'
import { Pcg64, type PcgState, SeedSequence } from './random.ts'
import { maskSize } from './spaces/index.ts'
import type { Serializable } from './types.ts'
import { createVectorColumns } from './vector-columns.ts'
import type { VectorColumns } from './vector-env.ts'

/** The part of a snapshot that single and batched forms share. */
export type NativeState = {
  readonly id: string
  /** The resolved options as JSON: a state means something else under others. */
  readonly options: string
  /** [rows, stateSize] */
  readonly state: Float64Array
  readonly random: readonly PcgState[]
}

/** One set of arrays with the dynamics over them: what single and batched environments are made around. */
export class NativeInstance<O, A> {
  readonly spec: EnvSpec
  readonly rows: number
  readonly layout: NativeLayout<O, A>
  readonly dynamics: NativeDynamics<Readonly<Record<string, unknown>>>
  readonly state: Float64Array
  readonly random: Pcg64[]
  readonly columns: VectorColumns
  readonly maskSize: number
  /** Steps until a row is truncated; 2^31 - 1 stands for no limit. */
  readonly limit: number
  /** The values of a reset without options. */
  readonly defaultReset: Readonly<Record<string, unknown>>
  readonly #optionsJson: string
  readonly #readReset: (options: EnvOptions) => Readonly<Record<string, unknown>>

  constructor(
    source: NativeEnvSource<OptionTable, OptionTable, O, A>,
    spec: EnvSpec,
    options: OptionValues<OptionTable>,
    rows: number,
  ) {
    this.spec = spec
    this.rows = rows
    this.layout = source.layout(options)
    const { observationSpace, actionSpace, stateSize } = this.layout
    this.maskSize = spec.actionMasks ? maskSize(actionSpace) : 0
    this.limit = spec.maxEpisodeSteps ?? 2 ** 31 - 1
    this.state = new Float64Array(rows * stateSize)
    this.columns = createVectorColumns(observationSpace, actionSpace, rows, this.maskSize)
    // Rows that are never seeded start from the operating system's entropy, each with its own stream.
    this.random = SeedSequence.fromSystem()
      .spawn(rows)
      .map((sequence) => new Pcg64(sequence))
    this.#optionsJson = JSON.stringify(options)
    this.#readReset = (given) => {
      const label = `reset options of ${spec.id}`
      const { values } = resolveOptions(source.resetOptions ?? {}, [{ source: 'api', values: given, label }])
      source.checkResetOptions?.(values)
      return values
    }
    this.defaultReset = this.#readReset({})
    const { state, random, columns } = this
    const { actions, observations, actionMasks = new Uint8Array(0), rewards, terminated, truncated } = columns
    const arrays = { state, random, actions, observations, actionMasks, rewards, terminated, truncated }
    this.dynamics = source.create({ rows, options, ...arrays })
  }

  /** @throws RepriseError RPR_OPTION_* for options that this environment's reset does not take */
  resetValues(options: EnvOptions | undefined): Readonly<Record<string, unknown>> {
    return options === undefined ? this.defaultReset : this.#readReset(options)
  }

  save(): NativeState {
    return {
      id: this.spec.id,
      options: this.#optionsJson,
      state: this.state.slice(),
      random: this.random.map((generator) => generator.state()),
    }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH for a snapshot of another environment, other options or another size */
  load(saved: Serializable): void {
    const { id, options, state, random } = saved as Partial<NativeState>
    const fail = (message: string, value: unknown) => {
      throw new RepriseError('RPR_STATE_MISMATCH', `A snapshot does not fit ${this.spec.id}: ${message}.`, {
        value,
        hint: 'Make the environment with the id, options and width that the snapshot was taken from.',
      })
    }
    if (id !== this.spec.id) fail(`it is of ${id}`, id)
    if (options !== this.#optionsJson) fail(`its options are ${options}, here ${this.#optionsJson}`, options)
    if (!(state instanceof Float64Array) || state.length !== this.state.length || random?.length !== this.rows) {
      fail(`it has ${random?.length} rows, here ${this.rows}`, random?.length)
    }
    this.state.set(state!)
    for (let row = 0; row < this.rows; row++) this.random[row]!.setState(random![row]!)
  }
}
