/**
 * The contract between a learning program and whatever runs it. The collector and the learner know nothing else:
 * typed arrays in, typed arrays out, the state inside.
 */
import type { MaybePromise } from '@reprise/core'
import type { TensorTree } from '@reprise/nn'
import type { Tensor } from '@tensorflow/tfjs-core'

/** Every executor that `--executor` can name. */
export const EXECUTOR_NAMES = [
  'auto',
  'wasm',
  'onnx',
  'tensorflow',
  'eager:cpu',
  'eager:wasm',
  'eager:tensorflow',
] as const
export type ExecutorName = (typeof EXECUTOR_NAMES)[number]

export type HostArray = Float32Array | Int32Array | Uint8Array

/** Named arrays, each [rows, ...shape] in row-major order. */
export type HostRecord = { readonly [name: string]: HostArray }

/** One array of a saved state. bool is one byte per element. */
export interface HostTensor {
  readonly dtype: 'float32' | 'int32' | 'bool'
  readonly shape: readonly number[]
  readonly data: HostArray
}

/** A saved state: path ('params', 'optimizer/m') -> array, without padding. Any executor loads any other's. */
export type HostTree = { readonly [path: string]: HostTensor }

/** The type of one row of an input: the shape leaves the row axis out. */
export interface InputSpec {
  readonly dtype: 'float32' | 'int32' | 'bool'
  readonly shape: readonly number[]
  /** A noise input: the host fills it anew before each call, uniform in [0, 1) or standard normal. */
  readonly fill?: 'uniform' | 'normal'
  /** A noise input of `act` that keeps its values between calls until the loop draws it anew (gSDE's noise matrix). */
  readonly hold?: boolean
}
export type InputSpecs = { readonly [name: string]: InputSpec }

export type TensorRecord = { readonly [name: string]: Tensor }

/** Rows as sequences of equal length, time-major: row t * episodes + e is step t of sequence e. */
export interface SequenceShape {
  readonly steps: number
  readonly episodes: number
}

/**
 * What an algorithm hands over: pure functions of tensors (no reading of values, no data-dependent control flow, no
 * randomness of their own) and the state they share.
 */
export interface LearnerProgram {
  /** The initial state. */
  readonly state: HostTree
  /** Rows of its usual minibatch: what its cost is counted for. Default 256. */
  readonly usualRows?: number
  /**
   * Only of a program with memory: how the rows of `batch` and `score` may be laid out, shortest first. Their numbers of
   * rows differ, so that a number of rows tells the shape. Sequences that are shorter are padded with rows of zeros.
   */
  readonly sequences?: readonly SequenceShape[]
  readonly inputs: {
    /**
     * Rows are environments. `observation` always; `noise`, `mask`, `memory` where the policy needs them. `memory` is what
     * the last call of the same function gave under that name for the row, zeros where the row's episode begins.
     */
    readonly act: InputSpecs
    readonly decide: InputSpecs
    /** Rows are stored decisions; only of a program with `score`. */
    readonly score?: InputSpecs
    /** Rows are transitions. */
    readonly batch: InputSpecs
    /** Rows are transitions of the minibatch. Often empty. */
    readonly noise: InputSpecs
    /** Names of scalars that change over the run: learningRate, clipRange, denominators. */
    readonly schedule: readonly string[]
  }
  /** Samples actions: `{ action, logProb, value?, memory?, ... }`, rows as in the inputs. */
  act(state: TensorTree, inputs: TensorRecord): TensorRecord
  /** The greedy action: `{ action, memory? }`. */
  decide(state: TensorTree, inputs: TensorRecord): TensorRecord
  /** What the policy makes of stored decisions: `{ logProb, entropy, ... }`, one element per row. */
  score?(state: TensorTree, inputs: TensorRecord): TensorRecord
  /** One gradient step. `metrics` are scalars; `rows` (TD errors, ...) have one element per row. */
  update(
    state: TensorTree,
    batch: TensorRecord,
    noise: TensorRecord,
    schedule: TensorRecord,
  ): { state: TensorTree; metrics: TensorRecord; rows?: TensorRecord }
}

export interface UpdateCall {
  readonly batch: HostRecord
  readonly noise: HostRecord
  readonly schedule: Readonly<Record<string, number>>
}

/** k steps in one call. */
export interface UpdatesCall {
  /** Whole columns, [rows, ...]. */
  readonly columns: HostRecord
  /** [k, batchSize] row numbers into `columns`: gathered inside. -1 gives a row of zeros, for padding. */
  readonly indices: Int32Array
  readonly batchSize: number
  /** [k, batchSize, ...] */
  readonly noise: HostRecord
  /** A scalar for all k steps, or one value per step: [k]. */
  readonly schedule: Readonly<Record<string, number | Float32Array>>
}

export interface Executor {
  /** What really runs, e.g. `eager:wasm`; never `auto`. */
  readonly name: Exclude<ExecutorName, 'auto'>
  /** Why it was chosen: one sentence for the log and the run folder. */
  readonly reason: string
  /** False where the same inputs may not give the same bits. */
  readonly deterministic: boolean
  /** Arrays belong to the executor and hold until the next call of the same function. */
  act(inputs: HostRecord): MaybePromise<HostRecord>
  decide(inputs: HostRecord): MaybePromise<HostRecord>
  /** @throws RPR_EXECUTOR_INPUT where the program has no `score` */
  score(inputs: HostRecord): MaybePromise<HostRecord>
  update(call: UpdateCall): MaybePromise<{ metrics: Record<string, number>; rows: HostRecord }>
  /** `metrics`: one [k] array per name. */
  updates(call: UpdatesCall): MaybePromise<{ metrics: Record<string, Float32Array> }>
  save(): MaybePromise<HostTree>
  /** @throws RPR_STATE_MISMATCH where paths, shapes or types differ; the old state then stays. */
  load(state: HostTree): MaybePromise<void>
  /** Tensors alive in the process, where the executor makes tensors: constant over a run, or something leaks. */
  tensors?(): number
  dispose(): void
}
