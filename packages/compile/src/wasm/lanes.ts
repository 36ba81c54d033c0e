/** Loads and stores of four lanes that may lie anywhere: the cheapest instructions for where they do lie. */
import type { Code, Expr } from './code.ts'
import { load } from './expr.ts'
import type { MemoryOpName } from './opcodes.ts'

export interface Place {
  /** Undefined: zero. */
  readonly pointer: Expr | undefined
  /** Bytes from the pointer to element 0. */
  readonly base: number
}

/** Elements from the place, of each lane. */
export type LaneOffsets = readonly [number, number, number, number]

/** The first `count` lanes; what the others hold is open. Consecutive lanes are read in one go. */
export function loadLanes(place: Place, offsets: LaneOffsets, count: number): Expr {
  const [a, b, c, d] = offsets
  const from = (name: MemoryOpName): Expr => {
    const { address, offset } = resolve(place, a)
    return load(name, address, offset)
  }
  if (b === a + 1 && c === a + 2 && d === a + 3) return from('v128.load')
  if (count === 1 || (b === a && c === a && d === a)) return from('v128.load32_splat')
  if (b === a + 1 && c === a && d === b) return from('v128.load64_splat')
  if (b === a && c === a + 1 && d === c) {
    return (code) => {
      const pair = code.let('v128', from('v128.load64_zero'))
      pair(code)
      pair(code)
      code.shuffle([0, 0, 1, 1])
    }
  }
  return (code) => {
    const lanes = code.local('v128')
    from('v128.load32_zero')(code)
    code.set(lanes)
    for (let lane = 1; lane < count; lane++) {
      const { address, offset } = resolve(place, offsets[lane]!)
      address(code)
      code.get(lanes)
      code.laneMemory('v128.load32_lane', offset, lane)
      code.set(lanes)
    }
    code.get(lanes)
  }
}

/** Stores the first `count` lanes, and nothing else. */
export function storeLanes(code: Code, place: Place, offsets: LaneOffsets, count: number, value: Expr): void {
  const put = (lane: number, emit: (offset: number) => void): void => {
    const { address, offset } = resolve(place, offsets[lane]!)
    address(code)
    value(code)
    emit(offset)
  }
  const consecutive = [1, 2, 3].every((lane) => lane >= count || offsets[lane] === offsets[0] + lane)
  if (!consecutive) {
    for (let lane = 0; lane < count; lane++) {
      put(lane, (offset) => code.laneMemory('v128.store32_lane', offset, lane))
    }
    return
  }
  if (count === 4) put(0, (offset) => code.memory('v128.store', offset))
  if (count === 2 || count === 3) put(0, (offset) => code.laneMemory('v128.store64_lane', offset, 0))
  if (count === 1 || count === 3) {
    put(count - 1, (offset) => code.laneMemory('v128.store32_lane', offset, count - 1))
  }
}

/** Offsets of instructions are unsigned: a negative one is added to the pointer. */
function resolve({ pointer, base }: Place, element: number): { address: Expr; offset: number } {
  const offset = base + 4 * element
  const own: Expr = pointer ?? ((code) => code.i32(0))
  if (offset >= 0) return { address: own, offset }
  return {
    address: (code) => {
      own(code)
      code.i32(offset)
      code.op('i32.add')
    },
    offset: 0,
  }
}
