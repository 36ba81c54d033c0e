/**
 * One function body: instructions as bytes, locals by type with reuse, structured loops. More than 300 lines because all of
 * it works on the same bytes and locals.
 */
import { append, type FunctionRef, signed, unsigned } from './encoder.ts'
import {
  LANE_MEMORY_OPS,
  LANE_OPS,
  type LaneMemoryOpName,
  type LaneOpName,
  MEMORY_OPS,
  type MemoryOpName,
  OPS,
  type OpName,
  VALUE_TYPES,
  type ValueType,
} from './opcodes.ts'

/** Index of a local variable. */
export type Local = number

interface Emitted {
  readonly parts: number[]
  /** Where in the bytes the index of a call's function goes: imports may still be added. */
  readonly calls: Call[]
}

interface Call {
  readonly at: number
  readonly fn: FunctionRef
}

/** An expression: emits the instructions that leave its value on the stack. */
export type Expr = (code: Code) => void

const scratch = new DataView(new ArrayBuffer(8))

export class Code {
  #parts: number[] = []
  #calls: Call[] = []
  readonly #params: number
  readonly #locals: ValueType[] = []
  readonly #free = new Map<ValueType, Local[]>()
  #scope: { type: ValueType; local: Local }[] | undefined
  /** Where a statement of the body that is being woven ends, and how many are open. */
  #ends: number[] | undefined
  #open = 0
  /** Constants of the loops being emitted, by lane type and value. */
  #constants: Map<string, { readonly local: Local; readonly emit: Expr }> | undefined

  constructor(params: readonly ValueType[] = []) {
    this.#params = params.length
  }

  local(type: ValueType): Local {
    const local = this.#free.get(type)?.pop() ?? this.#params + this.#locals.push(type) - 1
    this.#scope?.push({ type, local })
    return local
  }

  /** Locals made inside `body` are free for reuse after it. */
  scope<T>(body: () => T): T {
    const outer = this.#scope
    const mine: { type: ValueType; local: Local }[] = []
    this.#scope = mine
    const result = body()
    this.#scope = outer
    if (this.#ends !== undefined) {
      // The other bodies that are woven in must not use these.
      outer?.push(...mine)
      return result
    }
    for (const { type, local } of mine) {
      const free = this.#free.get(type)
      if (free === undefined) this.#free.set(type, [local])
      else free.push(local)
    }
    return result
  }

  op(name: OpName): void {
    this.#opcode(OPS[name])
  }

  get(local: Local): void {
    this.#parts.push(0x20)
    this.#unsigned(local)
  }

  set(local: Local): void {
    this.#parts.push(0x21)
    this.#unsigned(local)
  }

  tee(local: Local): void {
    this.#parts.push(0x22)
    this.#unsigned(local)
  }

  i32(value: number): void {
    this.#parts.push(0x41)
    this.#signed(value | 0)
  }

  i64(value: bigint): void {
    this.#parts.push(0x42)
    this.#signed(value)
  }

  f32(value: number): void {
    scratch.setFloat32(0, value, true)
    this.#parts.push(0x43)
    for (let i = 0; i < 4; i++) this.#parts.push(scratch.getUint8(i))
  }

  f64(value: number): void {
    scratch.setFloat64(0, value, true)
    this.#parts.push(0x44)
    for (let i = 0; i < 8; i++) this.#parts.push(scratch.getUint8(i))
  }

  /** Four 32-bit integers. */
  v128(lanes: readonly [number, number, number, number]): void {
    this.#opcode(0xfd00 + 12)
    for (const lane of lanes) {
      scratch.setInt32(0, lane | 0, true)
      for (let i = 0; i < 4; i++) this.#parts.push(scratch.getUint8(i))
    }
  }

  /** Loads and stores: address on the stack (below the value of a store), `offset` bytes added to it. */
  memory(name: MemoryOpName, offset: number): void {
    const [opcode] = MEMORY_OPS[name]
    this.#opcode(opcode)
    this.#parts.push(name.startsWith('v128.') ? 2 : MEMORY_OPS[name][1])
    this.#unsigned(offset)
  }

  laneMemory(name: LaneMemoryOpName, offset: number, lane: number): void {
    this.#opcode(LANE_MEMORY_OPS[name][0])
    this.#parts.push(2)
    this.#unsigned(offset)
    this.#parts.push(lane)
  }

  lane(name: LaneOpName, lane: number): void {
    this.#opcode(LANE_OPS[name])
    this.#parts.push(lane)
  }

  /** 32-bit lanes of the two vectors on the stack, numbered 0 to 7. */
  shuffle(lanes: readonly [number, number, number, number]): void {
    this.#opcode(0xfd00 + 13)
    for (const lane of lanes) for (let i = 0; i < 4; i++) this.#parts.push(lane * 4 + i)
  }

  call(fn: FunctionRef): void {
    this.#calls.push({ at: this.#parts.push(0x10), fn })
  }

  /** memory.fill: address, byte and length on the stack. */
  fill(): void {
    this.#opcode(0xfc00 + 11)
    this.#parts.push(0)
  }

  /** memory.copy: destination, source and length on the stack. */
  copy(): void {
    this.#opcode(0xfc00 + 10)
    this.#parts.push(0, 0)
  }

  /** if / else on the i32 on the stack; both arms leave one value when `type` is given. */
  if(then: () => void, otherwise?: () => void, type?: ValueType): void {
    this.#parts.push(0x04, type === undefined ? 0x40 : VALUE_TYPES[type])
    this.#within(then)
    if (otherwise !== undefined) {
      this.#parts.push(0x05)
      this.#within(otherwise)
    }
    this.#parts.push(0x0b)
  }

  /** `counter` runs from `from` while below `to` in steps of `step`; all static; at least one iteration. */
  loop(counter: Local, from: number, to: number, step: number, body: () => void): void {
    this.i32(from)
    this.set(counter)
    this.#parts.push(0x03, 0x40)
    this.#within(body)
    this.get(counter)
    this.i32(step)
    this.op('i32.add')
    this.tee(counter)
    this.i32(to)
    this.op('i32.lt_s')
    this.#parts.push(0x0d, 0, 0x0b)
  }

  /** A static loop of `count` iterations: nothing for 0, the body alone for 1. `counter` counts bytes of `step`. */
  repeat(count: number, step: number, body: (counter: Local | undefined) => void): void {
    if (count <= 0) return
    if (count === 1) {
      body(undefined)
      return
    }
    this.scope(() => {
      const counter = this.local('i32')
      this.loop(counter, 0, count * step, step, () => body(counter))
    })
  }

  /** Runs `body` and adds `step` to `local` until it is `end`; at least once. */
  until(local: Local, step: number, end: Local, body: () => void): void {
    this.#parts.push(0x03, 0x40)
    this.#within(body)
    this.get(local)
    this.i32(step)
    this.op('i32.add')
    this.tee(local)
    this.get(end)
    this.op('i32.ne')
    this.#parts.push(0x0d, 0, 0x0b)
  }

  /** Runs `body`; `leave`, called in it with the number of loops that it is in, jumps to its end if the i32 on the stack is not 0. */
  block(body: (leave: (loops: number) => void) => void): void {
    this.#parts.push(0x02, 0x40)
    this.#within(() => body((loops) => this.#parts.push(0x0d, loops)))
    this.#parts.push(0x0b)
  }

  add(local: Local, amount: number): void {
    if (amount === 0) return
    this.get(local)
    this.i32(amount)
    this.op('i32.add')
    this.set(local)
  }

  /** Stores the value of `expr` in a new local and gives back an expression that reads it. */
  let(type: ValueType, expr: Expr): Expr {
    const local = this.local(type)
    this.#within(() => expr(this))
    this.set(local)
    if (this.#open === 0) this.#ends?.push(this.#parts.length)
    return (code) => code.get(local)
  }

  /** A v128 constant on the stack: in a local that was set before the loops where `hoisting`, else by `emit`. */
  constant(key: string, emit: Expr): void {
    if (this.#constants === undefined) {
      emit(this)
      return
    }
    let known = this.#constants.get(key)
    if (known === undefined) {
      // A new one: a local that is free here may be in use earlier in the loop.
      known = { local: this.#params + this.#locals.push('v128') - 1, emit }
      this.#constants.set(key, known)
    }
    this.get(known.local)
  }

  /** Emits loops whose constants are made before them: not every compiler moves them out by itself. */
  hoisting(loops: () => void): void {
    if (this.#constants !== undefined) {
      loops()
      return
    }
    const constants = new Map<string, { local: Local; emit: Expr }>()
    this.#constants = constants
    const inner = this.#apart(loops)
    this.#constants = undefined
    for (const { local, emit } of constants.values()) {
      emit(this)
      this.set(local)
      this.#scope?.push({ type: 'v128', local })
    }
    this.#splice(inner, 0, inner.parts.length)
  }

  /** Emits what lies inside of a statement. */
  #within(body: () => void): void {
    this.#open++
    body()
    this.#open--
  }

  /** What `body` emits, kept out of the function. */
  #apart(body: () => void): Emitted {
    const { parts, calls } = { parts: this.#parts, calls: this.#calls }
    const emitted: Emitted = { parts: [], calls: [] }
    this.#parts = emitted.parts
    this.#calls = emitted.calls
    body()
    this.#parts = parts
    this.#calls = calls
    return emitted
  }

  #splice({ parts, calls }: Emitted, from: number, to: number): void {
    for (const { at, fn } of calls) {
      if (at > from && at <= to) this.#calls.push({ at: at - from + this.#parts.length, fn })
    }
    append(this.#parts, parts, from, to)
  }

  /**
   * Emits bodies that do not depend on each other, a `let` of one after a `let` of the other: some compilers keep this
   * order, and processors look ahead less far than one body is long. No body may begin or end within an expression.
   */
  weave<T>(bodies: readonly (() => T)[]): T[] {
    if (bodies.length === 1 || this.#ends !== undefined) return bodies.map((body) => body())
    const results: T[] = []
    const open = this.#open
    this.#open = 0
    const strands = bodies.map((body) => {
      const ends: number[] = []
      this.#ends = ends
      const strand = this.#apart(() => results.push(body()))
      this.#ends = undefined
      return { ...strand, ends: [...ends, strand.parts.length], from: 0 }
    })
    this.#open = open
    const rounds = Math.max(...strands.map((strand) => strand.ends.length))
    for (let round = 0; round < rounds; round++) {
      for (const strand of strands) {
        const to = strand.ends[round] ?? strand.from
        this.#splice(strand, strand.from, to)
        strand.from = to
      }
    }
    return results
  }

  encode(indexOf: (fn: FunctionRef) => number): number[] {
    const out: number[] = []
    const runs: { type: ValueType; count: number }[] = []
    for (const type of this.#locals) {
      const last = runs.at(-1)
      if (last?.type === type) last.count++
      else runs.push({ type, count: 1 })
    }
    unsigned(out, runs.length)
    for (const { type, count } of runs) {
      unsigned(out, count)
      out.push(VALUE_TYPES[type])
    }
    let done = 0
    for (const { at, fn } of this.#calls) {
      append(out, this.#parts, done, at)
      unsigned(out, indexOf(fn))
      done = at
    }
    append(out, this.#parts, done)
    out.push(0x0b)
    return out
  }

  #opcode(opcode: number): void {
    const prefix = opcode >> 8
    if (prefix === 0) this.#parts.push(opcode)
    else {
      this.#parts.push(prefix)
      this.#unsigned(opcode & 0xff)
    }
  }

  #unsigned(value: number): void {
    unsigned(this.#parts, value)
  }

  #signed(value: bigint | number): void {
    signed(this.#parts, value)
  }
}
