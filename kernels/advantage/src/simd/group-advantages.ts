/** `groupAdvantages` in WebAssembly, in double precision and in the reference's order: the same bits. */
import { assembler, unfilled } from '@reprise/gpu'
import { scaleOf } from '../bucket-advantages.ts'
import { checkLengths } from '../check.ts'
import { type GroupAdvantagesInput, groupAdvantages, LARGE } from '../group-advantages.ts'
import { meanAndStd } from '../statistics.ts'

const { encodeModule, f64, get, i32, instantiate, lane, load, loop, op, set, simd, store, when } = assembler
type Code = assembler.Code
type WasmFunction = assembler.WasmFunction

/** Rows computed at once: they, their group numbers and their results fit a core's L2 cache. */
const ROWS = 16_384

/** Between arrays, so that a row's numbers do not all fall into the same set of a cache. */
const APART = 320

/** Where arrays begin, in bytes. */
const OUT = 0
const REWARDS = OUT + 8 * ROWS + APART
const IDS = REWARDS + 8 * ROWS + APART
const PAGES = Math.ceil((IDS + 4 * ROWS) / 65_536)

/** What the reference's `scaleOf` does, as a number. */
const BY_STD = 0
const BY_COUNT = 1
const CONSTANT = 2

// Parameters and locals of `groups`.
const [COUNT, KIND, LESS, EPSILON, SCALE] = [0, 1, 2, 3, 4] as const
const [FROM, TO, ID, AT, END, QUADS, S0, MEAN, SIZE, FACTOR, D] = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] as const
const [X, Y, LOW, HIGH] = [16, 17, 18, 19] as const

/** How rewards of a type are read, and where results go. */
interface Rewards {
  readonly bytes: 4 | 8
  /** That at byte AT. */
  readonly one: Code
  /** Two of them, from the one `after` on. */
  two(after: number): Code
  /** The result of that at byte AT. */
  readonly out: Code
}

const FLOATS: Rewards = {
  bytes: 4,
  one: op('f64.promote_f32', load('f32.load', get(AT), REWARDS)),
  two: (after) => simd('f64x2.promote_low_f32x4', load('v128.load64_zero', get(AT), REWARDS + 4 * after)),
  out: op('i32.shl', get(AT), i32(1)),
}
const DOUBLES: Rewards = {
  bytes: 8,
  one: load('f64.load', get(AT), REWARDS),
  two: (after) => load('v128.load', get(AT), REWARDS + 8 * after),
  out: get(AT),
}

const idAt = (row: Code): Code => load('i32.load', op('i32.shl', row, i32(2)), IDS)

/** `four` for as many rows of the group as make fours, and `one` for those that are left; `between` once. */
function overGroup({ bytes }: Rewards, least: number, four: Code, between: Code, one: Code): Code {
  const byteOf = (row: Code): Code => op('i32.shl', row, i32(bytes === 4 ? 2 : 3))
  const advance = (count: number): Code => set(AT, op('i32.add', get(AT), i32(count * bytes)))
  return [
    ...set(AT, byteOf(get(FROM))),
    ...set(END, byteOf(get(TO))),
    ...when(op('i32.ge_u', op('i32.sub', get(TO), get(FROM)), i32(least)), [
      ...set(QUADS, op('i32.add', get(AT), op('i32.and', op('i32.sub', get(END), get(AT)), i32(-4 * bytes)))),
      ...loop(op('i32.lt_u', get(AT), get(QUADS)), [...four, ...advance(4)]),
    ]),
    ...between,
    ...loop(op('i32.lt_u', get(AT), get(END)), [...one, ...advance(1)]),
  ]
}

/** Sum over the group of a term of each row, into S0: of four sums where the group is large, as in the reference. */
function summed(rewards: Rewards, one: Code, two: (after: number) => Code): Code {
  const zero = simd('f64x2.splat', f64(0))
  return [
    ...set(LOW, zero),
    ...set(HIGH, zero),
    ...overGroup(
      rewards,
      LARGE,
      [...set(LOW, simd('f64x2.add', get(LOW), two(0))), ...set(HIGH, simd('f64x2.add', get(HIGH), two(2)))],
      set(S0, lane(get(LOW), 0)),
      set(S0, op('f64.add', get(S0), one)),
    ),
    ...set(
      S0,
      op('f64.add', op('f64.add', get(S0), lane(get(LOW), 1)), op('f64.add', lane(get(HIGH), 0), lane(get(HIGH), 1))),
    ),
  ]
}

/** The rows from FROM to TO. What is less the mean is computed again rather than kept: that costs less than a store. */
function normalised(rewards: Rewards): Code {
  const lessMean = op('f64.sub', rewards.one, get(MEAN))
  const twoLessMean = (after: number) => simd('f64x2.sub', rewards.two(after), get(X))
  const twoOut = (after: number) =>
    store('v128.store', rewards.out, OUT + 8 * after, simd('f64x2.mul', twoLessMean(after), get(Y)))
  return [
    ...set(SIZE, op('f64.convert_i32_u', op('i32.sub', get(TO), get(FROM)))),
    ...summed(rewards, rewards.one, rewards.two),
    ...set(MEAN, op('f64.div', get(S0), get(SIZE))),
    ...set(X, simd('f64x2.splat', get(MEAN))),
    ...set(FACTOR, get(SCALE)),
    ...when(
      op('i32.eq', get(KIND), i32(BY_COUNT)),
      set(FACTOR, op('f64.div', get(SIZE), op('f64.sub', get(SIZE), f64(1)))),
    ),
    ...when(op('i32.eq', get(KIND), i32(BY_STD)), [
      ...summed(rewards, [...set(D, lessMean), ...op('f64.mul', get(D), get(D))], (after) => [
        ...set(Y, twoLessMean(after)),
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
    ...set(Y, simd('f64x2.splat', get(FACTOR))),
    ...overGroup(
      rewards,
      0,
      [...twoOut(0), ...twoOut(2)],
      [],
      store('f64.store', rewards.out, OUT, op('f64.mul', lessMean, get(FACTOR))),
    ),
  ]
}

/**
 * groups(count, kind, less, epsilon, scale): all runs of equal numbers among `count` rows but the last one, whose first
 * row is the result.
 */
const groups = (rewards: Rewards): WasmFunction => ({
  params: ['i32', 'i32', 'f64', 'f64', 'f64'],
  locals: [
    ...Array.from({ length: 6 }, () => 'i32' as const),
    ...Array.from({ length: 5 }, () => 'f64' as const),
    ...Array.from({ length: 4 }, () => 'v128' as const),
  ],
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
          store('f64.store', op('i32.shl', get(FROM), i32(3)), OUT, f64(0)),
          normalised(rewards),
        ),
      ]),
    ]),
    ...get(FROM),
  ],
})

type Groups = (count: number, kind: number, less: number, epsilon: number, scale: number) => number

function start() {
  const { memory, ...run } = instantiate<{ floats: Groups; doubles: Groups }>(
    encodeModule({ floats: groups(FLOATS), doubles: groups(DOUBLES) }, PAGES),
  )
  return {
    floats: { run: run.floats, rewards: new Float32Array(memory.buffer, REWARDS, ROWS) },
    doubles: { run: run.doubles, rewards: new Float64Array(memory.buffer, REWARDS, ROWS) },
    out: new Float64Array(memory.buffer, OUT, ROWS),
    ids: new Int32Array(memory.buffer, IDS, ROWS),
  }
}

let machine: ReturnType<typeof start> | undefined

/** What `groupAdvantages` gives. @throws RepriseError RPR_SHAPE */
export function simdGroupAdvantages(input: GroupAdvantagesInput): Float64Array {
  const { rewards, group, kind, std, epsilon } = input
  checkLengths('groupAdvantages', rewards.length, { group })
  machine ??= start()
  const { out, ids } = machine
  const groups = rewards instanceof Float32Array ? machine.floats : machine.doubles
  const result = unfilled(Float64Array, rewards.length)
  const batchStd = kind === 'batch_std' ? meanAndStd(rewards, std).std : 0
  const how = kind === 'group_std' ? BY_STD : kind === 'leave_one_out' ? BY_COUNT : CONSTANT
  const scale = how === CONSTANT ? scaleOf(kind, 0, batchStd, epsilon, 2) : 0
  for (let from = 0; from < rewards.length; ) {
    // Room for a row after the last, whose number ends the last run.
    const count = Math.min(ROWS - 4, rewards.length - from)
    const whole = from + count === rewards.length
    copyIn(groups.rewards, rewards, from, count)
    copyIn(ids, group, from, count)
    for (let i = 0; i < 4; i++) ids[count + i] = ~ids[count - 1]!
    // With the row after the last of all among them, all runs are complete.
    const done = groups.run(whole ? count + 1 : count, how, std === 'sample' ? 1 : 0, epsilon, scale)
    // A group of more rows than fit: the reference has no limit.
    if (done === 0 && count > 0) return groupAdvantages(input)
    result.set(out.subarray(0, done), from)
    from += done
  }
  return result
}

function copyIn(
  to: Float32Array | Float64Array | Int32Array,
  values: ArrayLike<number>,
  from: number,
  count: number,
): void {
  if (ArrayBuffer.isView(values)) to.set((values as unknown as Float64Array).subarray(from, from + count))
  else for (let i = 0; i < count; i++) to[i] = values[from + i]!
}
