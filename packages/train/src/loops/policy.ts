/** Between a vector environment and an executor: encodes observations, fills noise and masks, writes actions back. */
import type { Executor, HostArray, HostRecord, InputSpecs } from '@reprise/backend'
import { andThen, type Columns, type MaybePromise, type Pcg64, type Space, type VectorEnv } from '@reprise/core'
import { actionHead, encoderFor } from '@reprise/nn'

export class Policy {
  readonly executor: Executor
  readonly #encoder: ReturnType<typeof encoderFor>
  readonly #head: ReturnType<typeof actionHead>

  constructor(executor: Executor, observationSpace: Space, actionSpace: Space) {
    this.executor = executor
    this.#encoder = encoderFor(observationSpace)
    this.#head = actionHead(actionSpace)
  }

  /** Encodes observation columns into `out`, [rows, size of the encoder]. */
  encode(columns: Columns, out: Float32Array): void {
    this.#encoder.encode(columns, out)
  }

  writeActions(action: HostArray, columns: Columns): void {
    this.#head.writeActions(action, columns)
  }

  /** The greedy actions for what `env` observes now, written into its action columns. */
  decide(env: VectorEnv, inputs: PolicyInputs): MaybePromise<void> {
    this.encode(env.columns.observations, inputs.arrays['observation'] as Float32Array)
    inputs.readMask(env.columns.actionMasks)
    return andThen(this.executor.decide(inputs.arrays), (out) => this.writeActions(out['action']!, env.columns.actions))
  }
}

/** Preallocated inputs of `act` or `decide` for a fixed number of rows. */
export class PolicyInputs {
  readonly arrays: HostRecord
  readonly #noise: { array: Float32Array; fill: 'uniform' | 'normal' }[] = []
  readonly #mask: HostArray | undefined

  constructor(specs: InputSpecs, rows: number) {
    const arrays: Record<string, HostArray> = {}
    for (const [name, spec] of Object.entries(specs)) {
      const length = spec.shape.reduce((a, b) => a * b, rows)
      const array =
        spec.dtype === 'float32'
          ? new Float32Array(length)
          : spec.dtype === 'int32'
            ? new Int32Array(length)
            : new Uint8Array(length)
      arrays[name] = array
      if (spec.fill) this.#noise.push({ array: array as Float32Array, fill: spec.fill })
    }
    this.arrays = arrays
    this.#mask = arrays['mask']
  }

  drawNoise(rng: Pcg64): void {
    for (const { array, fill } of this.#noise) {
      if (fill === 'uniform') rng.fillUniform(array)
      else rng.fillNormal(array)
    }
  }

  readMask(masks: Uint8Array | undefined): void {
    if (this.#mask && masks) this.#mask.set(masks)
  }
}
