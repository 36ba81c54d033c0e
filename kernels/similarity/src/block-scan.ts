/**
 * The loops of a search that JavaScript runs several times slower: the blocks with the largest maxima, finding the next
 * block whose maximum exceeds a limit, the exact products or distances of a block's rows, and unit rows. In WebAssembly,
 * with the reference's order of additions.
 */
import { assembler } from '@reprise/gpu'
import { BLOCK } from './product.ts'

const { encodeModule, f32, f64, get, i32, instantiate, lane, load, loop, op, set, simd, store, when } = assembler
type Code = assembler.Code
type WasmFunction = assembler.WasmFunction

/** Maxima looked through at once, and infinities after them. */
export const PIECE = 16_384
export const END = 16
/** The most leading blocks. */
export const LEADING = 1024

/** Where arrays begin, in bytes. */
const MAXIMA = 0
/** A cache line more than a power of two apart: the rows would else push the query out of the cache. */
const RESULTS = 4 * (PIECE + END) + 64
const KEYS = RESULTS + 8 * BLOCK + 64
const BLOCKS = KEYS + 4 * LEADING + 64
const ROWS = BLOCKS + 4 * LEADING + 64

const maximaAt = (offset: number): Code => load('v128.load', op('i32.shl', get(0), i32(2)), MAXIMA + offset)
const keyAt = (index: Code, offset: number): Code => load('f32.load', op('i32.shl', index, i32(2)), KEYS + offset)

/** Moves local 0 on to the first maximum that is larger than `limit`. Past the maxima lie infinities. */
function skip(limit: number, limits: number): Code {
  const larger = (offset: number): Code => simd('f32x4.gt', maximaAt(offset), get(limits))
  return [
    ...set(limits, simd('f32x4.splat', get(limit))),
    // Sixteen at once, then one by one to where it is.
    ...loop(
      op(
        'i32.eqz',
        simd(
          'v128.any_true',
          simd('v128.or', simd('v128.or', larger(0), larger(16)), simd('v128.or', larger(32), larger(48))),
        ),
      ),
      set(0, op('i32.add', get(0), i32(16))),
    ),
    ...loop(
      op('i32.eqz', op('f32.gt', load('f32.load', op('i32.shl', get(0), i32(2)), MAXIMA), get(limit))),
      set(0, op('i32.add', get(0), i32(1))),
    ),
  ]
}

/** next(from, count, limit): the first of `count` maxima from `from` on that is larger than the limit, or `count`. */
const next: WasmFunction = {
  params: ['i32', 'i32', 'f32'],
  locals: ['v128'],
  result: 'i32',
  body: [...skip(2, 3), ...when(op('i32.lt_u', get(1), get(0)), set(0, get(1))), ...get(0)],
}

// Parameters and locals of `lead`.
const [AT, FOUND, HELD, MOST, FIRST, WORST, WORSTS, KEY, PLACE] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const
const word = (index: Code): Code => op('i32.shl', index, i32(2))

/**
 * lead(0, count, held, most, first): takes `count` maxima, whose blocks have numbers from `first` on, among the `most`
 * largest so far, of which there are `held`; how many there are then.
 */
const lead: WasmFunction = {
  params: ['i32', 'i32', 'i32', 'i32', 'i32'],
  locals: ['f32', 'v128', 'f32', 'i32'],
  result: 'i32',
  body: [
    ...set(WORST, f32(Number.NEGATIVE_INFINITY)),
    ...when(op('i32.eq', get(HELD), get(MOST)), set(WORST, keyAt(get(MOST), -4))),
    ...skip(WORST, WORSTS),
    ...loop(op('i32.lt_u', get(AT), get(FOUND)), [
      ...set(KEY, load('f32.load', word(get(AT)), MAXIMA)),
      ...when(op('i32.lt_u', get(HELD), get(MOST)), set(HELD, op('i32.add', get(HELD), i32(1)))),
      // From the last place up, past all that are less. Before the first lies an infinity.
      ...set(PLACE, op('i32.sub', get(HELD), i32(1))),
      ...loop(op('f32.gt', get(KEY), keyAt(get(PLACE), -4)), [
        ...store('f32.store', word(get(PLACE)), KEYS, keyAt(get(PLACE), -4)),
        ...store('i32.store', word(get(PLACE)), BLOCKS, load('i32.load', word(get(PLACE)), BLOCKS - 4)),
        ...set(PLACE, op('i32.sub', get(PLACE), i32(1))),
      ]),
      ...store('f32.store', word(get(PLACE)), KEYS, get(KEY)),
      ...store('i32.store', word(get(PLACE)), BLOCKS, op('i32.add', get(FIRST), get(AT))),
      ...when(op('i32.eq', get(HELD), get(MOST)), set(WORST, keyAt(get(MOST), -4))),
      ...set(AT, op('i32.add', get(AT), i32(1))),
      ...skip(WORST, WORSTS),
    ]),
    ...get(HELD),
  ],
}

// Parameters and locals of the functions of rows.
const [COUNT, WIDTH, ROW, QUERY] = [0, 1, 2, 3] as const
const [OUT, Q, LAST, QUADS, SUM, LOW, HIGH, D, X] = [4, 5, 6, 7, 8, 9, 10, 11, 12] as const

/** f(count, width, row, query): results for `count` rows from byte `row` on and the double query at byte `query`. */
function ofRows(kind: 'products' | 'distances' | 'squares'): WasmFunction {
  const addTwo = (to: number, half: 0 | 1): Code => {
    const row = simd('f64x2.promote_low_f32x4', load('v128.load64_zero', get(ROW), 8 * half))
    const query = kind === 'squares' ? row : load('v128.load', get(Q), 16 * half)
    if (kind !== 'distances') return set(to, simd('f64x2.add', get(to), simd('f64x2.mul', query, row)))
    return [
      ...set(D, simd('f64x2.sub', query, row)),
      ...set(to, simd('f64x2.add', get(to), simd('f64x2.mul', get(D), get(D)))),
    ]
  }
  const row = op('f64.promote_f32', load('f32.load', get(ROW), 0))
  const query = kind === 'squares' ? row : load('f64.load', get(Q), 0)
  const addOne: Code =
    kind === 'distances'
      ? [...set(X, op('f64.sub', query, row)), ...set(SUM, op('f64.add', get(SUM), op('f64.mul', get(X), get(X))))]
      : set(SUM, op('f64.add', get(SUM), op('f64.mul', query, row)))
  const advance = (local: number, bytes: number) => set(local, op('i32.add', get(local), i32(bytes)))
  const bytesFrom = (count: Code) => op('i32.add', get(ROW), op('i32.shl', count, i32(2)))
  return {
    params: ['i32', 'i32', 'i32', 'i32'],
    locals: ['i32', 'i32', 'i32', 'i32', 'f64', 'v128', 'v128', 'v128', 'f64'],
    body: loop(get(COUNT), [
      ...advance(COUNT, -1),
      ...set(Q, get(QUERY)),
      ...set(LAST, bytesFrom(get(WIDTH))),
      ...set(QUADS, bytesFrom(op('i32.and', get(WIDTH), i32(-4)))),
      ...set(LOW, simd('f64x2.splat', f64(0))),
      ...set(HIGH, simd('f64x2.splat', f64(0))),
      ...loop(op('i32.lt_u', get(ROW), get(QUADS)), [
        ...addTwo(LOW, 0),
        ...addTwo(HIGH, 1),
        ...advance(ROW, 16),
        ...advance(Q, 32),
      ]),
      ...set(SUM, lane(get(LOW), 0)),
      ...loop(op('i32.lt_u', get(ROW), get(LAST)), [...addOne, ...advance(ROW, 4), ...advance(Q, 8)]),
      ...store(
        'f64.store',
        get(OUT),
        RESULTS,
        op(
          'f64.add',
          op('f64.add', get(SUM), lane(get(LOW), 1)),
          op('f64.add', lane(get(HIGH), 0), lane(get(HIGH), 1)),
        ),
      ),
      ...advance(OUT, 8),
    ]),
  }
}

/** scale(row, end, factor): numbers from byte `row` up to byte `end` times a factor. */
const scale: WasmFunction = {
  params: ['i32', 'i32', 'f64'],
  locals: [],
  body: loop(op('i32.lt_u', get(0), get(1)), [
    ...store(
      'f32.store',
      get(0),
      0,
      op('f32.demote_f64', op('f64.mul', op('f64.promote_f32', load('f32.load', get(0), 0)), get(2))),
    ),
    ...set(0, op('i32.add', get(0), i32(4))),
  ]),
}

/** The loops on a memory of their own, for one width. */
export class BlockScan {
  /** What `next` looks through: `END` infinities go after the last. */
  readonly maxima: Float32Array
  /** [rows of a block, width] */
  readonly rows: Float32Array
  /** [width] */
  readonly query: Float64Array
  /** [rows of a block] what `products`, `distances` and `squares` write. */
  readonly results: Float64Array
  /** What `lead` writes: the largest maxima, and their blocks. */
  readonly leadingKeys: Float32Array
  readonly leadingBlocks: Int32Array
  readonly width: number
  readonly #exports: Exports

  constructor(width: number) {
    const query = ROWS + 4 * BLOCK * width + 64
    const pages = Math.ceil((query + 8 * width) / 65_536)
    const functions = {
      next,
      lead,
      products: ofRows('products'),
      distances: ofRows('distances'),
      squares: ofRows('squares'),
      scale,
    }
    this.#exports = instantiate<Exports>(encodeModule(functions, pages))
    const { buffer } = this.#exports.memory
    this.width = width
    this.maxima = new Float32Array(buffer, MAXIMA, PIECE + END)
    this.rows = new Float32Array(buffer, ROWS, BLOCK * width)
    this.query = new Float64Array(buffer, query, width)
    this.results = new Float64Array(buffer, RESULTS, BLOCK)
    this.leadingKeys = new Float32Array(buffer, KEYS, LEADING)
    this.leadingBlocks = new Int32Array(buffer, BLOCKS, LEADING)
    new Float32Array(buffer, KEYS - 4, 1)[0] = Number.POSITIVE_INFINITY
  }

  /**
   * Takes `count` maxima, whose blocks have numbers from `first` on, among the `most` largest so far, `held` of them:
   * how many there are then.
   */
  lead(count: number, held: number, most: number, first: number): number {
    return this.#exports.lead(0, count, held, most, first)
  }

  /** The first of `count` maxima from `from` on that is larger than a float32 limit, or `count`. */
  next(from: number, count: number, limit: number): number {
    return this.#exports.next(from, count, limit)
  }

  products(count: number): void {
    this.#exports.products(count, this.width, ROWS, this.query.byteOffset)
  }

  /** Squared ones. */
  distances(count: number): void {
    this.#exports.distances(count, this.width, ROWS, this.query.byteOffset)
  }

  /** Squared norms. */
  squares(count: number): void {
    this.#exports.squares(count, this.width, ROWS, 0)
  }

  /** Row `i` times a factor. */
  scale(i: number, factor: number): void {
    const row = ROWS + 4 * this.width * i
    this.#exports.scale(row, row + 4 * this.width, factor)
  }
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  next(from: number, count: number, limit: number): number
  lead(from: number, count: number, held: number, most: number, first: number): number
  products(count: number, width: number, row: number, query: number): void
  distances(count: number, width: number, row: number, query: number): void
  squares(count: number, width: number, row: number, query: number): void
  scale(row: number, end: number, factor: number): void
}
