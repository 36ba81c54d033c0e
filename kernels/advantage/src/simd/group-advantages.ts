/** `groupAdvantages` in WebAssembly, in double precision and in the reference's order: the same bits. */
import { assembler } from '@reprise/gpu'
import { scaleOf } from '../bucket-advantages.ts'
import { checkLengths } from '../check.ts'
import { type GroupAdvantagesInput, groupAdvantages, LARGE } from '../group-advantages.ts'
import { meanAndStd } from '../statistics.ts'

const { encodeModule, f64, get, i32, instantiate, lane, load, loop, op, set, simd, store, when } = assembler
type Code = assembler.Code
type WasmFunction = assembler.WasmFunction

/** Rows computed at once: they and their group numbers fit a core's L2 cache. */
const ROWS = 32_768

/** Where arrays begin, in bytes. */
const OUT = 0
const IDS = 8 * ROWS
const PAGES = (12 * ROWS) / 65_536

/** What the reference's `scaleOf` does, as a number. */
const BY_STD = 0
const BY_COUNT = 1
const CONSTANT = 2

// Parameters and locals of `groups`.
const [COUNT, KIND, LESS, EPSILON, SCALE] = [0, 1, 2, 3, 4] as const
const [FROM, TO, ID, AT, END, QUADS, S0, MEAN, SIZE, FACTOR] = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14] as const
const [X, Y, LOW, HIGH] = [15, 16, 17, 18] as const

const bytesOf = (row: Code): Code => op('i32.shl', row, i32(3))
const idAt = (row: Code): Code => load('i32.load', op('i32.shl', row, i32(2)), IDS)

/**
 * Sum over the group of what `of` makes of a number, into S0: of four sums where it is large, as in the reference.
 * `one` and `two` leave the term of a row at AT and of two rows.
 */
function summed(one: Code, two: (offset: number) => Code): Code {
  const zero = simd('f64x2.splat', f64(0))
  return [
    ...set(LOW, zero),
    ...set(HIGH, zero),
    ...set(AT, bytesOf(get(FROM))),
    ...set(END, bytesOf(get(TO))),
    ...set(QUADS, get(AT)),
    ...when(op('i32.ge_u', op('i32.sub', get(TO), get(FROM)), i32(LARGE)), [
      ...set(QUADS, op('i32.add', get(AT), op('i32.and', op('i32.sub', get(END), get(AT)), i32(-32)))),
      ...loop(op('i32.lt_u', get(AT), get(QUADS)), [
        ...set(LOW, simd('f64x2.add', get(LOW), two(0))),
        ...set(HIGH, simd('f64x2.add', get(HIGH), two(16))),
        ...set(AT, op('i32.add', get(AT), i32(32))),
      ]),
    ]),
    ...set(S0, lane(get(LOW), 0)),
    ...loop(op('i32.lt_u', get(AT), get(END)), [
      ...set(S0, op('f64.add', get(S0), one)),
      ...set(AT, op('i32.add', get(AT), i32(8))),
    ]),
    ...set(
      S0,
      op('f64.add', op('f64.add', get(S0), lane(get(LOW), 1)), op('f64.add', lane(get(HIGH), 0), lane(get(HIGH), 1))),
    ),
  ]
}

/** Every number of the group replaced; `one` and `two` take the old value. */
function mapped(one: (value: Code) => Code, two: (value: Code) => Code): Code {
  return [
    ...set(AT, bytesOf(get(FROM))),
    ...set(QUADS, op('i32.add', get(AT), op('i32.and', op('i32.sub', get(END), get(AT)), i32(-16)))),
    ...loop(op('i32.lt_u', get(AT), get(QUADS)), [
      ...store('v128.store', get(AT), OUT, two(load('v128.load', get(AT), OUT))),
      ...set(AT, op('i32.add', get(AT), i32(16))),
    ]),
    ...when(op('i32.lt_u', get(AT), get(END)), store('f64.store', get(AT), OUT, one(load('f64.load', get(AT), OUT)))),
  ]
}

const normalised: Code = [
  ...set(SIZE, op('f64.convert_i32_u', op('i32.sub', get(TO), get(FROM)))),
  ...summed(load('f64.load', get(AT), OUT), (offset) => load('v128.load', get(AT), OUT + offset)),
  ...set(MEAN, op('f64.div', get(S0), get(SIZE))),
  ...set(X, simd('f64x2.splat', get(MEAN))),
  ...mapped(
    (value) => op('f64.sub', value, get(MEAN)),
    (value) => simd('f64x2.sub', value, get(X)),
  ),
  ...set(FACTOR, get(SCALE)),
  ...when(
    op('i32.eq', get(KIND), i32(BY_COUNT)),
    set(FACTOR, op('f64.div', get(SIZE), op('f64.sub', get(SIZE), f64(1)))),
  ),
  ...when(op('i32.eq', get(KIND), i32(BY_STD)), [
    ...summed(op('f64.mul', load('f64.load', get(AT), OUT), load('f64.load', get(AT), OUT)), (offset) => [
      ...set(Y, load('v128.load', get(AT), OUT + offset)),
      ...simd('f64x2.mul', get(Y), get(Y)),
    ]),
    ...set(
      FACTOR,
      op(
        'f64.div',
        f64(1),
        op('f64.add', op('f64.sqrt', op('f64.div', get(S0), op('f64.sub', get(SIZE), get(LESS)))), get(EPSILON)),
      ),
    ),
  ]),
  ...set(X, simd('f64x2.splat', get(FACTOR))),
  ...mapped(
    (value) => op('f64.mul', value, get(FACTOR)),
    (value) => simd('f64x2.mul', value, get(X)),
  ),
]

/**
 * groups(count, kind, less, epsilon, scale): all runs of equal numbers among `count` rows; the last one stays as it was,
 * and its first row is the result.
 */
const groups: WasmFunction = {
  params: ['i32', 'i32', 'f64', 'f64', 'f64'],
  locals: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'f64', 'f64', 'f64', 'f64', 'v128', 'v128', 'v128', 'v128'],
  result: 'i32',
  body: [
    ...loop(op('i32.lt_u', get(TO), get(COUNT)), [
      ...set(FROM, get(TO)),
      ...set(ID, idAt(get(FROM))),
      ...set(X, simd('i32x4.splat', get(ID))),
      // Past the rows lies a number that is no group's, so that these loops end.
      ...loop(
        simd('i32x4.all_true', simd('i32x4.eq', load('v128.load', op('i32.shl', get(TO), i32(2)), IDS), get(X))),
        set(TO, op('i32.add', get(TO), i32(4))),
      ),
      ...loop(op('i32.eq', idAt(get(TO)), get(ID)), set(TO, op('i32.add', get(TO), i32(1)))),
      ...when(op('i32.lt_u', get(TO), get(COUNT)), [
        ...when(
          op('i32.eq', op('i32.sub', get(TO), get(FROM)), i32(1)),
          store('f64.store', bytesOf(get(FROM)), OUT, f64(0)),
          normalised,
        ),
      ]),
    ]),
    ...get(FROM),
  ],
}

function start() {
  const exported = instantiate<{
    groups(count: number, kind: number, less: number, epsilon: number, scale: number): number
  }>(encodeModule({ groups }, PAGES))
  return {
    groups: exported.groups,
    out: new Float64Array(exported.memory.buffer, OUT, ROWS),
    ids: new Int32Array(exported.memory.buffer, IDS, ROWS),
  }
}

let machine: ReturnType<typeof start> | undefined

/** What `groupAdvantages` gives. @throws RepriseError RPR_SHAPE */
export function simdGroupAdvantages(input: GroupAdvantagesInput): Float64Array {
  const { rewards, group, kind, std, epsilon } = input
  checkLengths('groupAdvantages', rewards.length, { group })
  machine ??= start()
  const { groups, out, ids } = machine
  const result = new Float64Array(rewards.length)
  const batchStd = kind === 'batch_std' ? meanAndStd(rewards, std).std : 0
  const how = kind === 'group_std' ? BY_STD : kind === 'leave_one_out' ? BY_COUNT : CONSTANT
  const scale = how === CONSTANT ? scaleOf(kind, 0, batchStd, epsilon, 2) : 0
  for (let from = 0; from < rewards.length; ) {
    // Room for a row after the last, whose number ends the last run.
    const count = Math.min(ROWS - 4, rewards.length - from)
    const whole = from + count === rewards.length
    copyIn(out, rewards, from, count)
    copyIn(ids, group, from, count)
    for (let i = 0; i < 4; i++) ids[count + i] = ~ids[count - 1]!
    // With the row after the last of all among them, all runs are complete.
    const done = groups(whole ? count + 1 : count, how, std === 'sample' ? 1 : 0, epsilon, scale)
    // A group of more rows than fit: the reference has no limit.
    if (done === 0 && count > 0) return groupAdvantages(input)
    result.set(out.subarray(0, done), from)
    from += done
  }
  return result
}

function copyIn(to: Float64Array | Int32Array, values: ArrayLike<number>, from: number, count: number): void {
  if (ArrayBuffer.isView(values)) to.set((values as unknown as Float64Array).subarray(from, from + count))
  else for (let i = 0; i < count; i++) to[i] = values[from + i]!
}
