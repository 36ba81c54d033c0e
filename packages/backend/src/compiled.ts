/** Runs a learning program compiled: its functions share one state, which stays where the target keeps it. */
import {
  type CompiledFunction,
  compile,
  type Program,
  type SavedState,
  spec,
  type TargetOptions,
} from '@reprise/compile'
import { andThen, type MaybePromise } from '@reprise/core'
import type { TensorTree } from '@reprise/nn'
import { getBackend } from '@tensorflow/tfjs-core'
import { checkUpdate, checkUpdates, scoreInputs } from './check-calls.ts'
import type {
  Executor,
  HostArray,
  HostRecord,
  HostTree,
  InputSpecs,
  LearnerProgram,
  TensorRecord,
  UpdateCall,
  UpdatesCall,
} from './executor.ts'
import { checkState } from './state.ts'
import { checkInputs } from './tensor-io.ts'

/** Rows that a program will mostly be called with: what it is compiled for first, and what its cost is counted for. */
export interface ExpectedRows {
  /** Environments stepped together. */
  readonly act: number
  /** Environments of an evaluation. */
  readonly decide: number
  /** Rows of a minibatch. */
  readonly batch: number
}

export interface CompiledOptions {
  readonly program: LearnerProgram
  readonly target: 'auto' | 'wasm' | 'onnx' | 'tensorflow'
  readonly rows: ExpectedRows
  /** Why this target, where it was not chosen by `auto`. */
  readonly reason: string
  readonly warn?: TargetOptions['warn']
  /** Default true. */
  readonly deterministic?: boolean
}

type SpecRecord = Record<string, ReturnType<typeof spec>>
type UpdateSpecs = { batch: SpecRecord; noise: SpecRecord; schedule: SpecRecord }
type Functions = { act: SpecRecord; decide: SpecRecord; score: SpecRecord; update: UpdateSpecs }
type Forward = 'act' | 'decide' | 'score'

export class CompiledExecutor implements Executor {
  readonly deterministic: boolean
  readonly #reason: string | undefined
  readonly #learner: LearnerProgram
  readonly #program: Program<Functions>
  /** By number of rows. */
  readonly #policies = {
    act: new Map<number, CompiledFunction<SpecRecord>>(),
    decide: new Map<number, CompiledFunction<SpecRecord>>(),
    score: new Map<number, CompiledFunction<SpecRecord>>(),
  }
  readonly #updates = new Map<number, CompiledFunction<UpdateSpecs>>()

  /** @throws RPR_COMPILE_* where the target cannot run the program */
  constructor({ program, target, rows, reason, warn, deterministic = true }: CompiledOptions) {
    this.deterministic = deterministic
    this.#learner = program
    this.#program = compile<Functions>({
      state: program.state,
      target,
      ...(warn ? { warn } : {}),
      functions: {
        act: {
          fn: (state: TensorTree, inputs: TensorRecord) => program.act(state, inputs),
          inputs: this.#policySpecs('act', rows.act),
        },
        decide: {
          fn: (state: TensorTree, inputs: TensorRecord) => program.decide(state, inputs),
          inputs: this.#policySpecs('decide', rows.decide),
        },
        ...(program.score
          ? {
              score: {
                fn: (state: TensorTree, inputs: TensorRecord) => program.score!(state, inputs),
                inputs: this.#policySpecs('score', rows.batch),
              },
            }
          : {}),
        update: {
          fn: (state: TensorTree, { batch, noise, schedule }: Record<string, TensorRecord>) =>
            program.update(state, batch!, noise!, schedule!),
          inputs: this.#updateSpecs(rows.batch),
        },
      } as never,
    })
    this.#reason = target === 'auto' ? undefined : reason
  }

  /** Changes where a target fails and the program moves to the next one. */
  get name(): Executor['name'] {
    const { target } = this.#program
    return (target === 'eager' ? `eager:${getBackend()}` : target) as Executor['name']
  }

  get reason(): string {
    return this.#reason ?? `auto: ${this.#program.reason}`
  }

  /** False where no target could take the program, which would then run op by op. */
  get compiles(): boolean {
    return this.#program.target !== 'eager'
  }

  act(inputs: HostRecord): MaybePromise<HostRecord> {
    return this.#run('act', inputs)
  }

  decide(inputs: HostRecord): MaybePromise<HostRecord> {
    return this.#run('decide', inputs)
  }

  score(inputs: HostRecord): MaybePromise<HostRecord> {
    return this.#run('score', inputs)
  }

  #run(name: Forward, inputs: HostRecord): MaybePromise<HostRecord> {
    const specs = this.#specsOf(name)
    const rows = checkInputs(name, specs, inputs)
    const policies = this.#policies[name]
    let fn = policies.get(rows)
    if (fn === undefined) {
      fn = this.#program[name].at(this.#policySpecs(name, rows)) as CompiledFunction<SpecRecord>
      policies.set(rows, fn)
    }
    for (const input in specs) (fn.inputs[input] as HostArray).set(inputs[input]!)
    return fn<HostRecord>()
  }

  update(call: UpdateCall): MaybePromise<{ metrics: Record<string, number>; rows: HostRecord }> {
    const { inputs } = this.#learner
    const fn = this.#updateFor(checkUpdate(this.#learner, call))
    const { batch, noise, schedule } = call
    for (const name in inputs.batch) (fn.inputs.batch[name] as HostArray).set(batch[name]!)
    for (const name in inputs.noise) (fn.inputs.noise[name] as HostArray).set(noise[name]!)
    for (const name of inputs.schedule) (fn.inputs.schedule[name] as HostArray)[0] = schedule[name]!
    return andThen(fn<{ metrics: HostRecord; rows?: HostRecord }>(), (out) => ({
      metrics: Object.fromEntries(Object.entries(out.metrics).map(([name, value]) => [name, value[0]!])),
      rows: out.rows ?? {},
    }))
  }

  updates(call: UpdatesCall): MaybePromise<{ metrics: Record<string, Float32Array> }> {
    checkUpdates(this.#learner, call)
    return this.#updateFor(call.batchSize).steps(call) as MaybePromise<{ metrics: Record<string, Float32Array> }>
  }

  save(): MaybePromise<HostTree> {
    return this.#program.save() as MaybePromise<HostTree>
  }

  load(state: HostTree): MaybePromise<void> {
    checkState(state, this.#learner.state)
    return this.#program.load(state as SavedState)
  }

  dispose(): void {
    this.#program.dispose()
  }

  #updateFor(rows: number): CompiledFunction<UpdateSpecs> {
    let fn = this.#updates.get(rows)
    if (fn === undefined) {
      fn = this.#program.update.at(this.#updateSpecs(rows)) as unknown as CompiledFunction<UpdateSpecs>
      this.#updates.set(rows, fn)
    }
    return fn
  }

  #specsOf(name: Forward): InputSpecs {
    return name === 'score' ? scoreInputs(this.#learner) : this.#learner.inputs[name]
  }

  #policySpecs(name: Forward, rows: number): SpecRecord {
    return specsOf(this.#specsOf(name), rows)
  }

  #updateSpecs(rows: number): UpdateSpecs {
    const { batch, noise, schedule } = this.#learner.inputs
    return {
      batch: specsOf(batch, rows),
      noise: specsOf(noise, rows),
      schedule: Object.fromEntries(schedule.map((name) => [name, spec([])])),
    }
  }
}

function specsOf(specs: InputSpecs, rows: number): SpecRecord {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { dtype, shape }]) => [
      name,
      spec([rows, ...shape], dtype) as ReturnType<typeof spec>,
    ]),
  )
}
