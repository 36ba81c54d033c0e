/** The matrix product of queries and memory on packages/compile: ONNX Runtime, or our own WebAssembly without it. */
import {
  type BuiltFunction,
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

/** Rows per maximum: block b holds rows 16 b to 16 b + 15. */
export const BLOCK = 8

/** A memory of a fixed number of rows that stays where the product is computed. */
export class ProductMemory {
  readonly rows: number
  readonly width: number
  /** `onnx` or `wasm`, and why not `onnx`. */
  readonly target: string
  readonly fallbackReason: string | null
  readonly #program: BuiltProgram
  /** The memory as a constant, which ONNX Runtime reorders once for its kernels; for full batches of maxima. */
  #packed: BuiltProgram | undefined
  /** Full batches since the memory was written: packing costs as much as some twenty of them. */
  #batches = 0
  readonly #hasTerms: boolean

  private constructor(
    rows: number,
    width: number,
    program: BuiltProgram,
    target: Target,
    reason: string | null,
    hasTerms: boolean,
  ) {
    this.#hasTerms = hasTerms
    this.rows = rows
    this.width = width
    this.target = target.name
    this.fallbackReason = reason
    this.#program = program
  }

  /** Copied: `data` [rows, width] and, for `best`, `terms` [rows], which are added to the products of each row. */
  static async create(
    data: Float32Array,
    width: number,
    form: Form = 'products',
    terms?: Float32Array,
  ): Promise<ProductMemory> {
    const rows = data.length / width
    const request: ProgramRequest = {
      state: {
        memory: { shape: [rows, width], dtype: 'float32', data },
        ...(terms && { terms: { shape: [rows], dtype: 'float32', data: terms } }),
      },
      functions: { [name(form, MOST_QUERIES)]: functionOf(form, MOST_QUERIES, rows, width, terms !== undefined) },
    }
    const refusal = onnx.supports(request)
    const target = refusal === undefined ? onnx : wasmTarget
    const program = await target.build(request)
    return new ProductMemory(rows, width, program, target, refusal?.reason ?? null, terms !== undefined)
  }

  /** Replaces the whole memory. */
  async write(data: Float32Array, terms?: Float32Array): Promise<void> {
    this.#unpack()
    await this.#program.load({ memory: data, ...(terms && { terms }) })
  }

  /** [Q, rows] dot products, for at most `ProductMemory.queries` queries; valid until the next call. */
  async products(queries: Float32Array): Promise<Scores> {
    const fn = await this.#function('products', queries.length / this.width)
    return { kind: 'products', data: await run(fn, queries, 'products'), stride: this.rows }
  }

  /** [Q, rows / BLOCK] the largest product of each block, where rows are a multiple of it; valid until the next call. */
  async best(queries: Float32Array): Promise<Float32Array> {
    const count = queries.length / this.width
    if (this.target === 'onnx' && count > MOST_QUERIES / 2 && ++this.#batches > BATCHES_BEFORE_PACKING) {
      this.#packed ??= await this.#pack()
      return run(this.#packed.functions['packed']!, queries, 'packed')
    }
    return run(await this.#function('best', count), queries, 'best')
  }

  dispose(): void {
    this.#unpack()
    this.#program.dispose()
  }

  static readonly queries = MOST_QUERIES

  async #function(form: Form, count: number): Promise<BuiltFunction> {
    let padded = 1
    while (padded < count) padded *= 2
    const { functions } = this.#program
    if (functions[name(form, padded)] === undefined && Object.keys(functions).length >= PROGRAMS) padded = MOST_QUERIES
    const known = functions[name(form, padded)]
    if (known !== undefined) return known
    return await this.#program.add(functionOf(form, padded, this.rows, this.width, this.#hasTerms))
  }

  async #pack(): Promise<BuiltProgram> {
    const { memory, terms } = (await this.#program.save()) as Record<string, Float32Array>
    return await onnx.build({ state: {}, functions: { packed: packedFunction(memory!, terms, this.rows, this.width) } })
  }

  #unpack(): void {
    this.#packed?.dispose()
    this.#packed = undefined
    this.#batches = 0
  }
}

/** A memory that changes with every query is never packed. */
const BATCHES_BEFORE_PACKING = 2

async function run(fn: BuiltFunction, queries: Float32Array, output: string): Promise<Float32Array> {
  const input = fn.inputs['queries'] as Float32Array
  input.set(queries)
  input.fill(0, queries.length)
  await fn.run()
  return fn.outputs[output] as Float32Array
}

const name = (form: Form, queries: number) => `${form}${queries}`

function functionOf(form: Form, queries: number, rows: number, width: number, hasTerms: boolean) {
  const builder = new GraphBuilder()
  const [asked, memory] = [builder.input('queries', [queries, width]), builder.state('memory', [rows, width])]
  if (form === 'products')
    return requestOf(name(form, queries), queries, width, builder, {
      products: builder.matmul(asked, memory, { transposeB: true }),
    })
  // Memory first: only the second operand is reordered, and here that is the small one.
  let keys = builder.matmul(memory, asked, { transposeB: true })
  if (hasTerms) keys = builder.binary('add', keys, builder.reshape(builder.state('terms', [rows]), [rows, 1]))
  const best = builder.reduce('max', builder.reshape(keys, [rows / BLOCK, BLOCK, queries]), [1])
  return requestOf(name(form, queries), queries, width, builder, { best: builder.transpose(best, [1, 0]) })
}

/** A product for each of a block's rows, and the larger of them one by one: all products at once would leave the cache. */
function packedFunction(memory: Float32Array, terms: Float32Array | undefined, rows: number, width: number) {
  const builder = new GraphBuilder()
  const asked = builder.input('queries', [MOST_QUERIES, width])
  const blocks = rows / BLOCK
  let packed = -1
  for (let j = 0; j < BLOCK; j++) {
    const own = new Float32Array(blocks * width)
    for (let b = 0; b < blocks; b++) {
      const row = b * BLOCK + j
      own.set(memory.subarray(row * width, (row + 1) * width), b * width)
    }
    let keys = builder.matmul(asked, builder.constant(own, [blocks, width]), { transposeB: true })
    if (terms !== undefined) {
      const ownTerms = Float32Array.from({ length: blocks }, (_, b) => terms[b * BLOCK + j]!)
      keys = builder.binary('add', keys, builder.constant(ownTerms, [blocks]))
    }
    packed = j === 0 ? keys : builder.binary('max', packed, keys)
  }
  return requestOf('packed', MOST_QUERIES, width, builder, { packed })
}

function requestOf(
  name: string,
  queries: number,
  width: number,
  builder: GraphBuilder,
  outputs: Readonly<Record<string, number>>,
) {
  const graph = builder.build(outputs)
  return { name, graph: () => graph, inputs: { queries: { shape: [queries, width], dtype: 'float32' as const } } }
}
