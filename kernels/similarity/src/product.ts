/** The matrix product of queries and memory on packages/compile: ONNX Runtime, or our own WebAssembly without it. */
import {
  type BuiltProgram,
  GraphBuilder,
  onnxTarget,
  type ProgramRequest,
  type Target,
  wasmTarget,
} from '@reprise/compile'
import type { Scores } from './select.ts'

/** Queries per call: more are computed in several calls, fewer are padded to a power of two. */
const MOST_QUERIES = 64
/** Products of other shapes kept per memory. */
const PROGRAMS = 4

const onnx = onnxTarget()

/** `products`: all of them. `best`: the largest of every `BLOCK` rows, which is most of what a search needs. */
type Form = 'products' | 'best'

/** Rows per maximum. Block b of R blocks holds rows b, b + R, b + 2 R, ...: maxima are then taken of whole vectors. */
export const BLOCK = 16

/** A memory of a fixed number of rows that stays where the product is computed. */
export class ProductMemory {
  readonly rows: number
  readonly width: number
  /** `onnx` or `wasm`, and why not `onnx`. */
  readonly target: string
  readonly fallbackReason: string | null
  readonly #program: BuiltProgram

  private constructor(rows: number, width: number, program: BuiltProgram, target: Target, reason: string | null) {
    this.rows = rows
    this.width = width
    this.target = target.name
    this.fallbackReason = reason
    this.#program = program
  }

  /** `data` is copied: [rows, width]. */
  static async create(data: Float32Array, width: number, form: Form = 'products'): Promise<ProductMemory> {
    const rows = data.length / width
    const request: ProgramRequest = {
      state: { memory: { shape: [rows, width], dtype: 'float32', data } },
      functions: { [name(form, MOST_QUERIES)]: functionOf(form, MOST_QUERIES, rows, width) },
    }
    const refusal = onnx.supports(request)
    const target = refusal === undefined ? onnx : wasmTarget
    return new ProductMemory(rows, width, await target.build(request), target, refusal?.reason ?? null)
  }

  /** Replaces the whole memory. */
  async write(data: Float32Array): Promise<void> {
    await this.#program.load({ memory: data })
  }

  /** [Q, rows] dot products, for at most `ProductMemory.queries` queries; valid until the next call. */
  async products(queries: Float32Array): Promise<Scores> {
    return { kind: 'products', data: await this.#run('products', queries), stride: this.rows }
  }

  /** [Q, rows / BLOCK] the largest product of each block, where rows are a multiple of it; valid until the next call. */
  best(queries: Float32Array): Promise<Float32Array> {
    return this.#run('best', queries)
  }

  async #run(form: Form, queries: Float32Array): Promise<Float32Array> {
    const count = queries.length / this.width
    let padded = 1
    while (padded < count) padded *= 2
    const { functions } = this.#program
    if (functions[name(form, padded)] === undefined && Object.keys(functions).length >= PROGRAMS) padded = MOST_QUERIES
    const fn =
      functions[name(form, padded)] ?? (await this.#program.add(functionOf(form, padded, this.rows, this.width)))
    const input = fn.inputs['queries'] as Float32Array
    input.set(queries)
    input.fill(0, queries.length)
    await fn.run()
    return fn.outputs[form] as Float32Array
  }

  dispose(): void {
    this.#program.dispose()
  }

  static readonly queries = MOST_QUERIES
}

const name = (form: Form, queries: number) => `${form}${queries}`

function functionOf(form: Form, queries: number, rows: number, width: number) {
  const builder = new GraphBuilder()
  const product = builder.matmul(builder.input('queries', [queries, width]), builder.state('memory', [rows, width]), {
    transposeB: true,
  })
  const blocks = rows / BLOCK
  const output =
    form === 'products' ? product : builder.reduce('max', builder.reshape(product, [queries, BLOCK, blocks]), [1])
  const graph = builder.build({ [form]: output })
  return {
    name: name(form, queries),
    graph: () => graph,
    inputs: { queries: { shape: [queries, width], dtype: 'float32' as const } },
  }
}
