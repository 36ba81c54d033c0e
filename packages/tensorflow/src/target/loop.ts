/**
 * Many calls of a function as one: a loop inside TensorFlow. Arguments of all steps lie in one block per type, a row
 * per step; results come back the same way. The number of steps is an argument, up to the capacity that it is compiled
 * for.
 */
import type { HostData, TensorSpec } from '@reprise/compile'
import type { Pointer } from '../native/ffi.ts'
import type { Session } from '../native/session.ts'
import { body, type Shape, withBlocks } from './function-body.ts'
import { Callable, define, freshName } from './functions.ts'
import { HostBlock } from './host-block.ts'
import { filled, reshape, T } from './lower/context.ts'
import type { StateStore } from './state-store.ts'
import { type Output, TfGraph, TYPES, type Type } from './tf-graph.ts'

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

interface Variable {
  readonly dtype: Type
  readonly shape: readonly number[]
}

export class Loop {
  /** A row per step. */
  readonly blocks: readonly HostBlock[]
  readonly results: readonly HostData[]
  readonly #count: HostBlock
  readonly #leaves: readonly string[]
  readonly #callable: Callable
  readonly #helpers: readonly Callable[]

  constructor(session: Session, shape: Shape, specs: ReadonlyMap<string, TensorSpec>, capacity: number) {
    this.blocks = shape.inputs.map(({ dtype, size }) => new HostBlock(session, dtype, [capacity, size]))
    this.results = shape.outputs.map(({ dtype, size }) => new ARRAYS[dtype](capacity * size))
    this.#count = new HostBlock(session, 'int32', [])
    // Those that are only read or only written go round as well.
    this.#leaves = [...new Set([...shape.reads, ...shape.writes])]
    const rows: Variable[] = shape.inputs.map(({ dtype, size }) => ({ dtype, shape: [capacity, size] }))
    const sums: Variable[] = shape.outputs.map(({ dtype, size }) => ({ dtype, shape: [capacity, size] }))
    const leaves: Variable[] = this.#leaves.map((path) => specs.get(path)!)
    const counter: Variable = { dtype: 'int32', shape: [] }
    const all = [counter, counter, ...rows, ...sums, ...leaves]

    const condition = freshName(`${shape.name}_more`)
    const step = freshName(`${shape.name}_step`)
    const more = defineOn(session, condition, all, (tf, [at, count]) => [tf.op('Less', [at!, count!], T('int32'))])
    const once = defineOn(session, step, all, (tf, values) => this.#step(tf, shape, values, rows.length, sums.length))
    const name = freshName(`${shape.name}_loop`)
    const tf = new TfGraph(session)
    tf.include(more)
    tf.include(once)
    const count = tf.argument('int32', [])
    const blocks = rows.map(({ dtype, shape }) => tf.argument(dtype, shape))
    const state = leaves.map(({ dtype, shape }) => tf.argument(dtype, shape))
    const empty = sums.map(({ dtype, shape }) => filled(tf, dtype as 'float32', shape, 0))
    const variables = [tf.scalar('int32', 0), count, ...blocks, ...empty, ...state]
    const done = tf.outputs(
      'StatelessWhile',
      [variables],
      { T: { types: all.map(({ dtype }) => TYPES[dtype]) }, cond: { function: condition }, body: { function: step } },
      all.length,
    )
    const first = 2 + rows.length
    const written = shape.writes.map((path) => done[first + sums.length + this.#leaves.indexOf(path)]!)
    const outputs = [...done.slice(first, first + sums.length), ...written]
    const fn = define(session, tf, name, [count, ...blocks, ...state], outputs, true)
    for (const each of [fn, more, once]) session.api.TF_DeleteFunction(each)
    this.#callable = new Callable(session, name, outputs.length)
    this.#helpers = [condition, step].map((helper) => new Callable(session, helper, 1))
  }

  /** One step: its row of every block, the function, its row of every result. */
  #step(tf: TfGraph, shape: Shape, values: readonly Output[], rows: number, sums: number): Output[] {
    const [at, count] = values as [Output, Output]
    const blocks = values.slice(2, 2 + rows)
    const results = values.slice(2 + rows, 2 + rows + sums)
    const leaves = new Map(this.#leaves.map((path, i) => [path, values[2 + rows + sums + i]!]))
    const position = tf.op('Pack', [[at, tf.scalar('int32', 0)]], { ...T('int32'), axis: { int: 0 } })
    const vectors = shape.inputs.map(({ dtype, size }, i) => {
      const row = tf.op('XlaDynamicSlice', [blocks[i]!, position, tf.vector([1, size])], {
        ...T(dtype),
        Tindices: { type: TYPES.int32 },
      })
      return reshape(tf, row, dtype, [size])
    })
    const { outputs, next } = body(tf, shape, vectors, (path) => leaves.get(path)!)
    const written = outputs.map((vector, i) => {
      const { dtype, size } = shape.outputs[i]!
      const row = reshape(tf, vector, dtype, [1, size])
      return tf.op('XlaDynamicUpdateSlice', [results[i]!, row, position], {
        ...T(dtype),
        Tindices: { type: TYPES.int32 },
      })
    })
    shape.writes.forEach((path, i) => {
      leaves.set(path, next[i]!)
    })
    return [tf.op('AddV2', [at, tf.scalar('int32', 1)], T('int32')), count, ...blocks, ...written, ...leaves.values()]
  }

  /** Handles of the results, then of the leaves that are written. */
  call(count: number, state: StateStore): Pointer[] {
    this.#count.data[0] = count
    return withBlocks([this.#count, ...this.blocks], (handles) =>
      this.#callable.call([...handles, ...state.handles(this.#leaves)]),
    )
  }

  delete(): void {
    for (const block of [this.#count, ...this.blocks]) block.delete()
    for (const callable of [this.#callable, ...this.#helpers]) callable.remove()
  }
}

/** A function of these variables. */
function defineOn(
  session: Session,
  name: string,
  variables: readonly Variable[],
  build: (tf: TfGraph, values: readonly Output[]) => Output[],
): Pointer {
  const tf = new TfGraph(session)
  const values = variables.map(({ dtype, shape }) => tf.argument(dtype, shape))
  // A value that goes through unchanged is a node of its own.
  const outputs = build(tf, values).map((output) =>
    values.includes(output) ? tf.op('Identity', [output], T(variables[values.indexOf(output)]!.dtype)) : output,
  )
  return define(session, tf, name, values, outputs, false)
}
