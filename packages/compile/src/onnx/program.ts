/**
 * A program on ONNX Runtime: one session per function. State lives here as tensors that are never written to: the
 * next state that a call returns becomes what the following calls read, without a copy.
 */
import { RepriseError } from '@reprise/core'
import { type HostData, sizeOf, type TensorSpec } from '../graph.ts'
import { ARRAYS, arrayFor } from '../infer.ts'
import type { BuiltFunction, BuiltProgram, FunctionRequest } from '../target.ts'
import type { ValueSource } from './lower/lower.ts'
import { type FunctionPlan, planFunction, planThreads } from './plan.ts'
import type { OrtRuntime, OrtSession, OrtSessionOptions, OrtTensor } from './runtime.ts'

export interface OnnxOptions {
  /** Where the models run; nodes that webgpu lacks run on the cpu. */
  readonly provider: 'cpu' | 'webgpu'
  /** Threads per function; default by its cost. */
  readonly threads: number | undefined
}

/** A leaf of the state. */
interface Leaf {
  readonly spec: TensorSpec
  tensor: OrtTensor
}

export interface OnnxFunction extends BuiltFunction {
  run(): Promise<void>
}

export class OnnxProgram implements BuiltProgram {
  readonly #runtime: OrtRuntime
  readonly #options: OnnxOptions
  readonly #state: ReadonlyMap<string, Leaf>
  readonly #functions: Record<string, OnnxFunction> = {}
  readonly #sessions: OrtSession[] = []
  /** The call in progress: calls wait for each other, as they share the state. */
  #pending: Promise<void> | undefined
  #disposed = false

  constructor(
    runtime: OrtRuntime,
    options: OnnxOptions,
    state: Readonly<Record<string, TensorSpec & { readonly data: HostData }>>,
  ) {
    this.#runtime = runtime
    this.#options = options
    this.#state = new Map(
      Object.entries(state).map(([path, { shape, dtype, data }]) => {
        const spec = { shape: [...shape], dtype }
        return [path, { spec, tensor: this.#tensor(spec, checkedCopy(path, spec, data)) }]
      }),
    )
  }

  get functions(): Readonly<Record<string, OnnxFunction>> {
    return this.#functions
  }

  /** @throws RPR_COMPILE_UNSUPPORTED, RPR_COMPILE_DISPOSED */
  add(request: FunctionRequest): Promise<OnnxFunction> {
    return this.addPlan(planFunction(request))
  }

  async addPlan(plan: FunctionPlan): Promise<OnnxFunction> {
    this.#alive()
    const session = plan.model === undefined ? undefined : await this.#createSession(plan, plan.model)
    if (session !== undefined) this.#sessions.push(session)
    const built = this.#bind(plan, session)
    this.#functions[plan.name] = built
    return built
  }

  async save(): Promise<Record<string, HostData>> {
    this.#alive()
    await this.#settled()
    const saved: Record<string, HostData> = {}
    for (const [path, { tensor }] of this.#state) saved[path] = ((await tensor.getData()) as HostData).slice()
    return saved
  }

  /** @throws RPR_STATE_MISMATCH where a leaf is missing, unknown or of another type or length; nothing changes then */
  async load(state: Readonly<Record<string, HostData>>): Promise<void> {
    this.#alive()
    await this.#settled()
    for (const path of Object.keys(state)) {
      if (!this.#state.has(path)) throw mismatch(path, 'is no leaf of this program', path)
    }
    const next = [...this.#state].map(([path, leaf]) => {
      const data = state[path]
      if (data === undefined) throw mismatch(path, 'is missing', undefined)
      return [leaf, this.#tensor(leaf.spec, checkedCopy(path, leaf.spec, data))] as const
    })
    for (const [leaf, tensor] of next) leaf.tensor = tensor
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    const release = async () => {
      await this.#settled()
      for (const session of this.#sessions) await session.release()
    }
    void release()
  }

  async #createSession(plan: FunctionPlan, model: Uint8Array): Promise<OrtSession> {
    try {
      return await this.#runtime.InferenceSession.create(model, sessionOptions(plan, this.#options))
    } catch (cause) {
      throw new RepriseError('RPR_COMPILE_UNSUPPORTED', `ONNX Runtime refused the model of '${plan.name}': ${cause}`, {
        value: plan.name,
        cause,
      })
    }
  }

  #bind(plan: FunctionPlan, session: OrtSession | undefined): OnnxFunction {
    const inputs = mapRecord(plan.inputs, ({ shape, dtype }) => arrayFor(dtype, sizeOf(shape)))
    const outputs = mapRecord(plan.outputs, ({ shape, dtype }) => arrayFor(dtype, sizeOf(shape)))
    const feeds: Record<string, OrtTensor> = {}
    const stateFeeds: { readonly name: string; readonly leaf: Leaf }[] = []
    for (const { name, from } of plan.feeds) {
      if (from.kind === 'input') feeds[name] = this.#tensor(plan.inputs[from.name]!, inputs[from.name]!)
      else if (from.kind === 'state') stateFeeds.push({ name, leaf: this.#leaf(from.path) })
    }
    const copies = Object.entries(plan.outputs).map(([name, { from }]) => ({ to: outputs[name]!, from }))
    const updates = Object.entries(plan.nextState).map(([path, from]) => ({ leaf: this.#leaf(path), from }))
    const constants = new Map<ValueSource, OrtTensor>()
    for (const { leaf, from } of updates) {
      if (from.kind === 'constant') constants.set(from, this.#tensor(leaf.spec, from.data))
    }
    const nextTensor = (leaf: Leaf, from: ValueSource, results: Readonly<Record<string, unknown>>): OrtTensor => {
      if (from.kind === 'result') return results[from.name] as OrtTensor
      if (from.kind === 'state') return this.#leaf(from.path).tensor
      if (from.kind === 'constant') return constants.get(from)!
      return this.#tensor(leaf.spec, inputs[from.name]!.slice())
    }
    const call = async (): Promise<void> => {
      this.#alive()
      for (const { name, leaf } of stateFeeds) feeds[name] = leaf.tensor
      const results = session === undefined ? {} : await session.run(feeds)
      for (const { to, from } of copies) {
        if (from.kind === 'result') to.set((results[from.name] as OrtTensor).data as HostData)
        else if (from.kind === 'input') to.set(inputs[from.name]!)
        else if (from.kind === 'constant') to.set(from.data)
        else to.set((await this.#leaf(from.path).tensor.getData()) as HostData)
      }
      // All values first: one leaf may become another's old value.
      const next = updates.map(({ leaf, from }) => nextTensor(leaf, from, results))
      for (let i = 0; i < next.length; i++) updates[i]!.leaf.tensor = next[i]!
    }
    return { inputs, outputs, run: () => this.#enqueue(call) }
  }

  #enqueue(call: () => Promise<void>): Promise<void> {
    const run = this.#pending === undefined ? call() : this.#pending.then(call, call)
    this.#pending = run
    const done = (): void => {
      if (this.#pending === run) this.#pending = undefined
    }
    run.then(done, done)
    return run
  }

  async #settled(): Promise<void> {
    while (this.#pending !== undefined) await this.#pending.catch(() => {})
  }

  #leaf(path: string): Leaf {
    const leaf = this.#state.get(path)
    if (leaf === undefined) throw mismatch(path, 'is read by a function but is no leaf of the state', path)
    return leaf
  }

  /** Wraps, not copies. */
  #tensor({ shape, dtype }: TensorSpec, data: HostData): OrtTensor {
    return new this.#runtime.Tensor(dtype, data, shape)
  }

  #alive(): void {
    if (this.#disposed) throw new RepriseError('RPR_COMPILE_DISPOSED', 'This onnx program was disposed.')
  }
}

export function sessionOptions(plan: FunctionPlan, { provider, threads }: OnnxOptions): OrtSessionOptions {
  return {
    executionProviders: provider === 'webgpu' ? ['webgpu', 'cpu'] : ['cpu'],
    graphOptimizationLevel: plan.optimised ? 'disabled' : 'all',
    intraOpNumThreads: planThreads(plan, threads),
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  }
}

function checkedCopy(path: string, { shape, dtype }: TensorSpec, data: HostData): HostData {
  const length = sizeOf(shape)
  if (!(data instanceof ARRAYS[dtype]) || data.length !== length) {
    throw mismatch(path, `needs ${length} values of ${dtype}, not ${data.length} in a ${data.constructor.name}`, path)
  }
  return data.slice()
}

function mismatch(path: string, problem: string, value: unknown): RepriseError {
  return new RepriseError('RPR_STATE_MISMATCH', `State '${path}' ${problem}.`, { value })
}

function mapRecord<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
