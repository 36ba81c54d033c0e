/** One function body: instructions as bytes, locals by type with reuse, structured loops. */
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

/** An expression: emits the instructions that leave its value on the stack. */
export type Expr = (code: Code) => void

const scratch = new DataView(new ArrayBuffer(8))

export class Code {
  readonly #parts: number[] = []
  /** Where in the bytes the index of a call's function goes: imports may still be added. */
  readonly #calls: { at: number; fn: FunctionRef }[] = []
  readonly #params: number
  readonly #locals: ValueType[] = []
  readonly #free = new Map<ValueType, Local[]>()
  #scope: { type: ValueType; local: Local }[] | undefined

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
    then()
    if (otherwise !== undefined) {
      this.#parts.push(0x05)
      otherwise()
    }
    this.#parts.push(0x0b)
  }

  /** `counter` runs from `from` while below `to` in steps of `step`; all static; at least one iteration. */
  loop(counter: Local, from: number, to: number, step: number, body: () => void): void {
    this.i32(from)
    this.set(counter)
    this.#parts.push(0x03, 0x40)
    body()
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
    body()
    this.get(local)
    this.i32(step)
    this.op('i32.add')
    this.tee(local)
    this.get(end)
    this.op('i32.ne')
    this.#parts.push(0x0d, 0, 0x0b)
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
    expr(this)
    this.set(local)
    return (code) => code.get(local)
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
