/** One function of a program: arguments in, one call, results out, the state's handles replaced. */
import type { BuiltFunction, HostData } from '@reprise/compile'
import type { Pointer } from '../native/ffi.ts'
import type { Session } from '../native/session.ts'
import { body, type Shape, withBlocks } from './function-body.ts'
import { Callable, define, freshName, readInto } from './functions.ts'
import { HostBlock } from './host-block.ts'
import { views } from './layout.ts'
import { Loop } from './loop.ts'
import type { StateStore } from './state-store.ts'
import { TfGraph } from './tf-graph.ts'

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

export class TensorFlowFunction implements BuiltFunction {
  readonly inputs: Readonly<Record<string, HostData>>
  readonly outputs: Readonly<Record<string, HostData>>
  readonly #session: Session
  readonly #shape: Shape
  readonly #state: StateStore
  readonly #blocks: readonly HostBlock[]
  readonly #results: readonly HostData[]
  #callable: Callable | undefined
  readonly #loops = new Map<number, Loop>()

  constructor(session: Session, shape: Shape, state: StateStore) {
    this.#session = session
    this.#shape = shape
    this.#state = state
    this.#blocks = shape.inputs.map(({ dtype, size }) => new HostBlock(session, dtype, [size]))
    this.#results = shape.outputs.map(({ dtype, size }) => new ARRAYS[dtype](size))
    this.inputs = Object.fromEntries(shape.inputs.flatMap((section, i) => views(section, this.#blocks[i]!.data)))
    this.outputs = Object.fromEntries(shape.outputs.flatMap((section, i) => views(section, this.#results[i]!)))
  }

  run(): void {
    this.#callable ??= this.#build()
    const results = withBlocks(this.#blocks, (vectors) =>
      this.#callable!.call([...vectors, ...this.#state.handles(this.#shape.reads)]),
    )
    this.#take(results, this.#results)
  }

  /** See BuiltFunction: `count` calls as one, in a loop inside TensorFlow. */
  repeat(count: number, feed: (step: number) => void, collect: (step: number) => void): void {
    // Few sizes, each compiled once: the next power of two holds them.
    const capacity = 2 ** Math.ceil(Math.log2(count))
    let loop = this.#loops.get(capacity)
    if (loop === undefined) {
      loop = new Loop(this.#session, this.#shape, this.#state.specs, capacity)
      this.#loops.set(capacity, loop)
    }
    const { blocks, results } = loop
    for (let step = 0; step < count; step++) {
      feed(step)
      blocks.forEach(({ data }, i) => {
        const from = this.#blocks[i]!.data
        ;(data as Float32Array).set(from as Float32Array, step * from.length)
      })
    }
    this.#take(loop.call(count, this.#state), results)
    for (let step = 0; step < count; step++) {
      this.#results.forEach((to, i) => {
        ;(to as Float32Array).set(results[i]!.subarray(step * to.length, (step + 1) * to.length) as Float32Array)
      })
      collect(step)
    }
  }

  /** Results first, then the leaves' new values. */
  #take(handles: readonly Pointer[], to: readonly HostData[]): void {
    const { api } = this.#session
    for (let i = 0; i < to.length; i++) {
      readInto(this.#session, handles[i]!, to[i]!)
      api.TFE_DeleteTensorHandle(handles[i]!)
    }
    this.#state.replace(this.#shape.writes, handles.slice(to.length))
  }

  #build(): Callable {
    const { reads, writes, inputs, outputs } = this.#shape
    const tf = new TfGraph(this.#session)
    const vectors = inputs.map(({ dtype, size }) => tf.argument(dtype, [size]))
    const leaves = new Map(reads.map((path) => [path, this.#state.argument(tf, path)]))
    const result = body(tf, this.#shape, vectors, (path) => leaves.get(path)!)
    const name = freshName(this.#shape.name)
    const fn = define(
      this.#session,
      tf,
      name,
      [...vectors, ...leaves.values()],
      [...result.outputs, ...result.next],
      true,
    )
    this.#session.api.TF_DeleteFunction(fn)
    return new Callable(this.#session, name, outputs.length + writes.length)
  }

  delete(): void {
    for (const block of this.#blocks) block.delete()
    this.#callable?.remove()
    for (const loop of this.#loops.values()) loop.delete()
  }
}
