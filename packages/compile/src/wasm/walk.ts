/**
 * Emits the loop nest that walks over strided streams four elements at a time: the one loop emitter behind elementwise
 * loops, copies, padding and concatenation.
 *
 * The innermost axis goes in pairs of vectors, both computed before either is stored; what remains is one vector and a
 * partial one. Innermost axes of 2, 3, 5, 6 or 7 elements would waste lanes: there four rows at a time make whole
 * vectors. Streams that do not move along the inner axes are loaded outside of them.
 */
import type { Code, Expr, Local } from './code.ts'
import { get } from './expr.ts'
import { loadLanes, type Place, storeLanes } from './lanes.ts'

export interface Stream {
  /** Byte address of the first element. */
  readonly base: number
  /** Elements, per axis of the walk. */
  readonly strides: readonly number[]
}

export interface Walk {
  readonly sizes: readonly number[]
  readonly reads: readonly Stream[]
  readonly writes: readonly Stream[]
  /** Values to write from values read, for one vector. May emit code. */
  readonly body: (reads: readonly Expr[]) => readonly Expr[]
  /** All that is written may be overwritten up to 32 bytes past its end. */
  readonly overrun: boolean
  /** Instructions per vector, roughly: heavy bodies are not repeated for pairs of rows. */
  readonly weight: number
}

interface Vector {
  /** Element offset of a lane from the stream's pointer. */
  readonly at: (stream: Stream, lane: number) => number
  readonly count: number
}

/** Pointer of the streams that move alike: their bases are offsets of the instructions. */
interface Pointer {
  readonly local: Local
  readonly strides: readonly number[]
}

const MULTI_ROW_WEIGHT = 1500

export function emitWalk(code: Code, walk: Walk): void {
  if (walk.sizes.some((size) => size === 0)) return
  code.scope(() => code.hoisting(() => new Walker(code, walk).emit()))
}

class Walker {
  readonly #code: Code
  readonly #walk: Walk
  readonly #sizes: readonly number[]
  readonly #inner: number
  readonly #pointers = new Map<string, Pointer>()
  readonly #hoisted = new Map<Stream, Expr>()

  constructor(code: Code, walk: Walk) {
    this.#code = code
    this.#walk = walk
    this.#sizes = walk.sizes.length === 0 ? [1] : walk.sizes
    this.#inner = this.#sizes.length - 1
    for (const stream of [...walk.reads, ...walk.writes]) {
      const key = pointerKey(stream)
      if (this.#pointers.has(key) || stream.strides.every((s) => s === 0)) continue
      const local = code.local('i32')
      code.i32(key.startsWith('-') ? stream.base : 0)
      code.set(local)
      this.#pointers.set(key, { local, strides: stream.strides })
    }
  }

  emit(): void {
    this.#hoist(-1)
    this.#level(0)
  }

  /** Loads the streams that move last along axis `axis`. */
  #hoist(axis: number): void {
    for (const stream of this.#walk.reads) {
      if (stream.strides.findLastIndex((s) => s !== 0) !== axis) continue
      this.#hoisted.set(
        stream,
        this.#code.let(
          'v128',
          this.#load(stream, () => 0, 4),
        ),
      )
    }
  }

  /** Emits the axes from `axis` on; gives back how many elements each pointer has moved. */
  #level(axis: number): (pointer: Pointer) => number {
    if (this.#inner > 0 && axis === this.#inner - 1 && this.#isMultiRow()) return this.#rows(axis)
    if (axis === this.#inner) return this.#vectors()
    const code = this.#code
    const counter = code.local('i32')
    code.loop(counter, 0, this.#sizes[axis]!, 1, () => {
      this.#hoist(axis)
      const moved = this.#level(axis + 1)
      for (const pointer of this.#pointers.values()) {
        code.add(pointer.local, 4 * ((pointer.strides[axis] ?? 0) - moved(pointer)))
      }
    })
    return (pointer) => (pointer.strides[axis] ?? 0) * this.#sizes[axis]!
  }

  #isMultiRow(): boolean {
    const width = this.#sizes[this.#inner]!
    return width < 8 && width % 4 !== 0 && this.#walk.weight * width < MULTI_ROW_WEIGHT
  }

  /** The innermost axis. */
  #vectors(): (pointer: Pointer) => number {
    const code = this.#code
    const n = this.#sizes[this.#inner]!
    const stride = (stream: { strides: readonly number[] }): number => stream.strides[this.#inner] ?? 0
    const flat = [...this.#walk.reads, ...this.#walk.writes].every((s) => stride(s) === 0 || stride(s) === 1)
    const overrun = this.#walk.overrun && this.#inner === 0 && flat
    const vector = (from: number, count: number): Vector => ({
      at: (stream, lane) => (from + lane) * stride(stream),
      count,
    })
    if (overrun && n <= 4) {
      this.#compute([vector(0, 4)])
      return () => 0
    }
    const pairs = overrun ? Math.ceil(n / 8) : Math.floor(n / 8)
    const rest = overrun ? 0 : n - pairs * 8
    const pair = (): void => this.#compute([vector(0, 4), vector(4, 4)])
    let moved = 0
    if (pairs === 1) {
      pair()
      if (rest > 0) this.#remaining(vector, 8, rest)
    } else if (pairs > 1) {
      const moving = [...this.#pointers.values()].filter((pointer) => stride(pointer) !== 0)
      const single = moving.length === 1 && this.#inner === 0 && stride(moving[0]!) === 1 && !this.#hasNegative()
      const counter = single ? moving[0]!.local : code.local('i32')
      code.loop(counter, 0, pairs * 32, 32, () => {
        pair()
        if (!single) for (const pointer of moving) code.add(pointer.local, 32 * stride(pointer))
      })
      moved = pairs * 8
      if (rest > 0) this.#remaining(vector, 0, rest)
    } else this.#remaining(vector, 0, rest)
    return (pointer) => moved * stride(pointer)
  }

  #remaining(vector: (from: number, count: number) => Vector, from: number, rest: number): void {
    const vectors: Vector[] = []
    if (rest >= 4) vectors.push(vector(from, 4))
    if (rest % 4 !== 0) vectors.push(vector(from + rest - (rest % 4), rest % 4))
    this.#compute(vectors)
  }

  /** The two innermost axes, four rows at a time. */
  #rows(axis: number): (pointer: Pointer) => number {
    const code = this.#code
    const rows = this.#sizes[axis]!
    const width = this.#sizes[this.#inner]!
    const vector = (j: number, total: number): Vector => ({
      at: (stream, lane) => {
        const element = 4 * j + lane
        const row = Math.floor(element / width)
        return row * (stream.strides[axis] ?? 0) + (element - row * width) * (stream.strides[this.#inner] ?? 0)
      },
      count: Math.min(4, total - 4 * j),
    })
    // The row axis may be the last along which a stream moves; it is read by pattern then, not hoisted.
    const spread = this.#walk.reads.filter(
      (s) => (s.strides[axis] ?? 0) === 0 && (s.strides[this.#inner] ?? 0) !== 0 && rows >= 8,
    )
    const held = new Map<Stream, Expr[]>()
    for (const stream of spread) {
      const vectors = Array.from({ length: width }, (_, j) => vector(j, 4 * width))
      const offsets = vectors.map((v) =>
        code.let(
          'v128',
          this.#load(stream, (lane) => v.at(stream, lane), 4),
        ),
      )
      held.set(stream, offsets)
    }
    const block = (total: number): void => {
      for (let j = 0; j * 4 < total; j += 2) {
        const vectors = [vector(j, total)]
        if ((j + 1) * 4 < total) vectors.push(vector(j + 1, total))
        this.#compute(vectors, (stream, index) => held.get(stream)?.[j + index])
      }
    }
    const blocks = Math.floor(rows / 4)
    const rest = rows - blocks * 4
    if (blocks > 0) {
      const counter = code.local('i32')
      code.loop(counter, 0, blocks, 1, () => {
        block(4 * width)
        for (const pointer of this.#pointers.values()) code.add(pointer.local, 16 * (pointer.strides[axis] ?? 0))
      })
    }
    if (rest > 0) block(rest * width)
    return (pointer) => 4 * blocks * (pointer.strides[axis] ?? 0)
  }

  #compute(vectors: readonly Vector[], held?: (stream: Stream, index: number) => Expr | undefined): void {
    const code = this.#code
    code.scope(() => {
      const compute = (vector: Vector, index: number): readonly Expr[] => {
        const reads = this.#walk.reads.map(
          (stream) =>
            this.#hoisted.get(stream) ??
            held?.(stream, index) ??
            code.let(
              'v128',
              this.#load(stream, (lane) => vector.at(stream, lane), vector.count),
            ),
        )
        return this.#walk.body(reads).map((value) => code.let('v128', value))
      }
      const results = code.weave(vectors.map((vector, index) => () => compute(vector, index)))
      results.forEach((values, index) => {
        const vector = vectors[index]!
        this.#walk.writes.forEach((stream, i) => {
          this.#store(stream, (lane) => vector.at(stream, lane), vector.count, values[i]!)
        })
      })
    })
  }

  #hasNegative(): boolean {
    return [...this.#pointers.keys()].some((key) => key.startsWith('-'))
  }

  #load(stream: Stream, at: (lane: number) => number, count: number): Expr {
    return loadLanes(this.#place(stream), [at(0), at(1), at(2), at(3)], count)
  }

  #store(stream: Stream, at: (lane: number) => number, count: number, value: Expr): void {
    storeLanes(this.#code, this.#place(stream), [at(0), at(1), at(2), at(3)], count, value)
  }

  #place(stream: Stream): Place {
    const key = pointerKey(stream)
    const pointer = this.#pointers.get(key)
    return {
      pointer: pointer === undefined ? undefined : get(pointer.local),
      base: key.startsWith('-') ? 0 : stream.base,
    }
  }
}

/** Streams that move alike share a pointer; one that moves backwards has its own, which starts at its base. */
function pointerKey(stream: Stream): string {
  const key = stream.strides.join()
  return stream.strides.some((s) => s < 0) ? `-${stream.base}:${key}` : key
}
