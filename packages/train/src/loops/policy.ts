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
    return andThen(this.executor.decide(inputs.arrays), (out) => {
      inputs.remember(out)
      this.writeActions(out['action']!, env.columns.actions)
    })
  }

  /** Actions drawn from the policy for what `env` observes now, as in training, written into its action columns. */
  sample(env: VectorEnv, inputs: PolicyInputs, rng: Pcg64): MaybePromise<void> {
    this.encode(env.columns.observations, inputs.arrays['observation'] as Float32Array)
    inputs.readMask(env.columns.actionMasks)
    inputs.drawNoise(rng)
    return andThen(this.executor.act(inputs.arrays), (out) => {
      inputs.remember(out)
      this.writeActions(out['action']!, env.columns.actions)
    })
  }
}

/** Preallocated inputs of `act` or `decide` for a fixed number of rows. */
export class PolicyInputs {
  readonly arrays: HostRecord
  readonly #noise: Noise[] = []
  readonly #held: Noise[] = []
  readonly #mask: HostArray | undefined
  /** [rows, memorySize] what the policy remembers, where it has memory. */
  readonly #memory: Float32Array | undefined
  readonly #rows: number

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
      if (!spec.fill) continue
      const noise = { array: array as Float32Array, fill: spec.fill }
      if (spec.hold) this.#held.push(noise)
      else this.#noise.push(noise)
    }
    this.arrays = arrays
    this.#mask = arrays['mask']
    this.#memory = arrays['memory'] as Float32Array | undefined
    this.#rows = rows
  }

  /** Every row begins an episode. */
  forget(): void {
    this.#memory?.fill(0)
  }

  /** Row i begins an episode where `flags[from + i]` is not 0. */
  forgetRows(flags: Uint8Array, from: number): void {
    if (!this.#memory) return
    const size = this.#memory.length / this.#rows
    for (let i = 0; i < this.#rows; i++) if (flags[from + i]) this.#memory.fill(0, i * size, (i + 1) * size)
  }

  /** Takes the memory after a call over into the next one. */
  remember(out: HostRecord): void {
    if (this.#memory) this.#memory.set(out['memory'] as Float32Array)
  }

  /** A copy of what is remembered; undefined without memory. */
  memory(): Float32Array | undefined {
    return this.#memory?.slice()
  }

  readMemory(out: Float32Array): void {
    if (this.#memory) out.set(this.#memory)
  }

  setMemory(saved: Float32Array): void {
    this.#memory?.set(saved)
  }

  /** Anew for each call. */
  drawNoise(rng: Pcg64): void {
    for (const noise of this.#noise) draw(noise, rng)
  }

  /** Noise that holds over several calls. */
  drawHeld(rng: Pcg64): void {
    for (const noise of this.#held) draw(noise, rng)
  }

  held(): Float32Array[] {
    return this.#held.map(({ array }) => array.slice())
  }

  setHeld(held: readonly Float32Array[]): void {
    for (const [i, { array }] of this.#held.entries()) array.set(held[i]!)
  }

  /** One value for all rows of each named input. */
  setScalars(values: Readonly<Record<string, number>>): void {
    for (const name in values) this.arrays[name]!.fill(values[name]!)
  }

  readMask(masks: Uint8Array | undefined): void {
    if (this.#mask && masks) this.#mask.set(masks)
  }
}

interface Noise {
  readonly array: Float32Array
  readonly fill: 'uniform' | 'normal'
}

function draw({ array, fill }: Noise, rng: Pcg64): void {
  if (fill === 'uniform') rng.fillUniform(array)
  else rng.fillNormal(array)
}
