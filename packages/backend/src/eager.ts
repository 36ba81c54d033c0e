/** Runs a learning program op by op on a TensorFlow.js backend. State stays there as tensors between calls. */
import { RepriseError } from '@reprise/core'
import { leavesOf, registerGradients, type TensorTree } from '@reprise/nn'
import { clone, dispose, memory, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { checkUpdate, checkUpdates, scoreInputs } from './check-calls.ts'
import type {
  Executor,
  HostArray,
  HostRecord,
  HostTree,
  LearnerProgram,
  TensorRecord,
  UpdateCall,
  UpdatesCall,
} from './executor.ts'
import { RowGatherer } from './gather.ts'
import { checkState, treeFromHost, treeToHost } from './state.ts'
import { checkInputs, sizeOf, toHost, toTensors } from './tensor-io.ts'
import { activate, type TfjsBackend } from './tfjs-backends.ts'

export interface EagerOptions {
  readonly program: LearnerProgram
  readonly backend: TfjsBackend
  readonly name: `eager:${TfjsBackend}`
  readonly reason: string
  /** Default true. */
  readonly deterministic?: boolean
}

export class EagerExecutor implements Executor {
  readonly name: `eager:${TfjsBackend}`
  readonly reason: string
  readonly deterministic: boolean
  readonly #program: LearnerProgram
  readonly #backend: TfjsBackend
  /** Whether the backend would keep the very array that a tensor is made from. */
  readonly #copy: boolean
  readonly #gatherer: RowGatherer
  #state: TensorTree | undefined

  constructor({ program, backend, name, reason, deterministic = true }: EagerOptions) {
    this.name = name
    this.reason = reason
    this.deterministic = deterministic
    this.#program = program
    this.#backend = backend
    this.#copy = backend === 'cpu'
    this.#gatherer = new RowGatherer(program.inputs.batch)
    activate(backend)
    registerGradients()
    this.#state = treeFromHost(program.state)
  }

  act(inputs: HostRecord): HostRecord {
    return this.#forward('act', inputs)
  }

  decide(inputs: HostRecord): HostRecord {
    return this.#forward('decide', inputs)
  }

  score(inputs: HostRecord): HostRecord {
    return this.#forward('score', inputs)
  }

  #forward(what: 'act' | 'decide' | 'score', inputs: HostRecord): HostRecord {
    const state = this.#live()
    const specs = what === 'score' ? scoreInputs(this.#program) : this.#program.inputs[what]
    const rows = checkInputs(what, specs, inputs)
    let out: HostRecord = {}
    // Not the result of tidy, which would look for tensors in every element of the arrays.
    tidy(() => {
      out = toHost(this.#program[what]!(state, toTensors(specs, inputs, rows, this.#copy)))
    })
    return out
  }

  update(call: UpdateCall): { metrics: Record<string, number>; rows: HostRecord } {
    this.#live()
    const rows = checkUpdate(this.#program, call)
    const { batch, noise, schedule } = call
    const result = this.#step(batch, noise, rows, (name) => schedule[name]!)
    const metrics = this.#read(result.metrics, (tensor) => tensor.dataSync()[0]!)
    const perRow = this.#read(result.rows, (tensor) => tensor.dataSync() as HostArray)
    return { metrics, rows: perRow }
  }

  updates(call: UpdatesCall): { metrics: Record<string, Float32Array> } {
    this.#live()
    const { inputs } = this.#program
    const count = checkUpdates(this.#program, call)
    const { columns, indices, batchSize, noise, schedule } = call
    const stepNoise: Record<string, HostArray> = {}
    const perStep: TensorRecord[] = []
    for (let k = 0; k < count; k++) {
      const batch = this.#gatherer.gather(columns, indices, k * batchSize, batchSize)
      for (const name in inputs.noise) {
        const length = batchSize * sizeOf(inputs.noise[name]!.shape)
        stepNoise[name] = noise[name]!.subarray(k * length, (k + 1) * length)
      }
      const result = this.#step(batch, stepNoise, batchSize, (name) => {
        const value = schedule[name]!
        return typeof value === 'number' ? value : value[k]!
      })
      dispose(result.rows as never)
      perStep.push(result.metrics)
    }
    // Read only now: on a device, reading waits for everything before it.
    const metrics: Record<string, Float32Array> = {}
    for (const name in perStep[0]) metrics[name] = new Float32Array(count)
    perStep.forEach((step, k) => {
      for (const name in step) metrics[name]![k] = step[name]!.dataSync()[0]!
      dispose(step as never)
    })
    return { metrics }
  }

  /** One update: takes the new state, disposes of the old one and of everything else but metrics and rows. */
  #step(
    batch: HostRecord,
    noise: HostRecord,
    rows: number,
    scheduled: (name: string) => number,
  ): { metrics: TensorRecord; rows: TensorRecord } {
    const { inputs } = this.#program
    const old = this.#live()
    const result = tidy(() => {
      const schedule: Record<string, Tensor> = {}
      for (const name of inputs.schedule) schedule[name] = scalar(scheduled(name))
      const {
        state,
        metrics,
        rows: perRow = {},
      } = this.#program.update(
        old,
        toTensors(inputs.batch, batch, rows, this.#copy),
        toTensors(inputs.noise, noise, rows, this.#copy),
        schedule,
      )
      return { state, metrics: apart(metrics, state), rows: apart(perRow, state) } as never
    }) as { state: TensorTree; metrics: TensorRecord; rows: TensorRecord }
    this.#state = result.state
    const kept = new Set(leavesOf(result.state).map(([, leaf]) => leaf))
    for (const [, leaf] of leavesOf(old)) if (!kept.has(leaf)) leaf.dispose()
    return result
  }

  #read<T>(tensors: TensorRecord, read: (tensor: Tensor) => T): Record<string, T> {
    const out: Record<string, T> = {}
    for (const name in tensors) out[name] = read(tensors[name]!)
    dispose(tensors as never)
    return out
  }

  save(): HostTree {
    return treeToHost(this.#live())
  }

  load(state: HostTree): void {
    const old = this.#live()
    checkState(state, this.#program.state)
    // In the order of the program's own state, whatever order the file has.
    this.#state = treeFromHost(Object.fromEntries(Object.keys(this.#program.state).map((path) => [path, state[path]!])))
    dispose(old as never)
  }

  tensors(): number {
    return memory().numTensors
  }

  dispose(): void {
    if (this.#state === undefined) return
    activate(this.#backend)
    dispose(this.#state as never)
    this.#state = undefined
  }

  /** The state, with this executor's backend made the active one. */
  #live(): TensorTree {
    if (this.#state === undefined) {
      throw new RepriseError('RPR_EXECUTOR_INPUT', `The executor ${this.name} was disposed of.`, {
        hint: 'Create another one, and load the saved state into it.',
      })
    }
    activate(this.#backend)
    return this.#state
  }
}

/** The tensors with copies in place of those that are also part of the state, which lives on by itself. */
function apart(tensors: TensorRecord, state: TensorTree): TensorRecord {
  const leaves = new Set(leavesOf(state).map(([, leaf]) => leaf))
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, leaves.has(tensor) ? clone(tensor) : tensor]),
  )
}
