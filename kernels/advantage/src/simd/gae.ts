/** `gae` in WebAssembly: four environments at once, in double precision and in the reference's order: the same bits. */
import { assembler, unfilled } from '@reprise/gpu'
import { checkLengths } from '../check.ts'
import type { GaeInput, GaeOutput } from '../gae.ts'
import { checkRollout } from '../rollout.ts'

const { encodeModule, f64, get, i32, instantiate, load, loop, lowHalves, op, set, simd, store, when } = assembler
type Code = assembler.Code
type WasmFunction = assembler.WasmFunction

/** Cells computed at once: with all their arrays they fit a core's L2 cache. */
const CELLS = 16_384

/** Between arrays, so that cells of one number do not all fall into the same set of a cache. */
const APART = 320

/** Where arrays begin, in bytes. */
const REWARDS = 0
const VALUES = REWARDS + 4 * CELLS + APART
const FINAL_VALUES = VALUES + 4 * CELLS + APART
const ADVANTAGES = FINAL_VALUES + 4 * CELLS + APART
const RETURNS = ADVANTAGES + 4 * CELLS + APART
const TERMINATED = RETURNS + 4 * CELLS + APART
const TRUNCATED = TERMINATED + CELLS + APART
/** [N] A and V of the step after, double. */
const FOLLOWING = TRUNCATED + CELLS + APART
const NEXT = FOLLOWING + 8 * CELLS + APART
const PAGES = Math.ceil((NEXT + 8 * CELLS) / 65_536)

/** Steps of four environments that are computed one after another: more rows would push each other out of the L1 cache. */
const STRIP = 8

// Parameters and locals of `back`.
const [ROWS, WIDTH, GAMMA, DECAY] = [0, 1, 2, 3] as const
const [LAST, N, QUADS, STEPS, LEFT, I4, I1, I8] = [4, 5, 6, 7, 8, 9, 10, 11] as const
const [V, A] = [12, 13] as const
const [GAMMAS, DECAYS, ENDED, OVER, X, BEYOND] = [14, 15, 16, 17, 18, 19] as const
/** Of the two pairs: A and V of the step after, V and what `returns` gets. */
const [FOLLOWED, NEXTS, VALUE, RETURN] = [
  [20, 21],
  [22, 23],
  [24, 25],
  [26, 27],
] as const

const promoted = (offset: number): Code => simd('f64x2.promote_low_f32x4', load('v128.load64_zero', get(I4), offset))

/** Two environments; `flagged`: some of them end here, as the masks say. */
function pair(half: 0 | 1, flagged: boolean): Code {
  const at4 = 8 * half
  const [followed, next, value] = [FOLLOWED[half], NEXTS[half], VALUE[half]]
  const mask = (local: number) =>
    simd(half === 0 ? 'i64x2.extend_low_i32x4_s' : 'i64x2.extend_high_i32x4_s', get(local))
  const delta = simd(
    'f64x2.sub',
    simd('f64x2.add', promoted(REWARDS + at4), simd('f64x2.mul', get(GAMMAS), get(flagged ? BEYOND : next))),
    get(value),
  )
  const sum = (first: Code) => simd('f64x2.add', first, simd('f64x2.mul', get(DECAYS), get(followed)))
  return [
    ...set(value, promoted(VALUES + at4)),
    ...(flagged
      ? [
          ...set(ENDED, mask(OVER)),
          ...set(BEYOND, simd('v128.bitselect', promoted(FINAL_VALUES + at4), get(next), get(ENDED))),
          ...set(BEYOND, simd('v128.andnot', get(BEYOND), mask(X))),
          ...set(BEYOND, delta),
          ...set(followed, simd('v128.bitselect', get(BEYOND), sum(get(BEYOND)), get(ENDED))),
        ]
      : set(followed, sum(delta))),
    ...set(next, get(value)),
    ...set(RETURN[half], simd('f32x4.demote_f64x2_zero', simd('f64x2.add', get(followed), get(value)))),
  ]
}

/** Whether each of four flags is set, as a mask of four. */
const expanded = (offset: number): Code =>
  simd('i32x4.extend_low_i16x8_u', simd('i16x8.extend_low_i8x16_u', load('v128.load32_zero', get(I1), offset)))
const isSet = (flags: Code): Code => simd('i32x4.ne', flags, simd('i32x4.splat', i32(0)))

/** One environment. */
const single: Code = [
  ...set(V, op('f64.promote_f32', load('f32.load', get(I4), VALUES))),
  ...set(A, op('f64.promote_f32', load('f32.load', get(I4), REWARDS))),
  ...when(
    op('i32.or', load('i32.load8_u', get(I1), TERMINATED), load('i32.load8_u', get(I1), TRUNCATED)),
    [
      ...when(
        load('i32.load8_u', get(I1), TERMINATED),
        set(A, op('f64.add', get(A), op('f64.mul', get(GAMMA), f64(0)))),
        set(
          A,
          op(
            'f64.add',
            get(A),
            op('f64.mul', get(GAMMA), op('f64.promote_f32', load('f32.load', get(I4), FINAL_VALUES))),
          ),
        ),
      ),
      ...set(A, op('f64.sub', get(A), get(V))),
    ],
    set(
      A,
      op(
        'f64.add',
        op('f64.sub', op('f64.add', get(A), op('f64.mul', get(GAMMA), load('f64.load', get(I8), NEXT))), get(V)),
        op('f64.mul', get(DECAY), load('f64.load', get(I8), FOLLOWING)),
      ),
    ),
  ),
  ...store('f64.store', get(I8), NEXT, get(V)),
  ...store('f64.store', get(I8), FOLLOWING, get(A)),
  ...store('f32.store', get(I4), ADVANTAGES, op('f32.demote_f64', get(A))),
  ...store('f32.store', get(I4), RETURNS, op('f32.demote_f64', op('f64.add', get(A), get(V)))),
]

const four = (flagged: boolean): Code => [
  ...pair(0, flagged),
  ...pair(1, flagged),
  ...store(
    'v128.store',
    get(I4),
    ADVANTAGES,
    lowHalves(simd('f32x4.demote_f64x2_zero', get(FOLLOWED[0])), simd('f32x4.demote_f64x2_zero', get(FOLLOWED[1]))),
  ),
  ...store('v128.store', get(I4), RETURNS, lowHalves(get(RETURN[0]), get(RETURN[1]))),
]

/** `body` for the steps of one strip, from its last one back, with the environments from N on. */
const steps = (body: Code): Code => [
  ...set(LEFT, get(STEPS)),
  ...set(I1, op('i32.add', get(LAST), get(N))),
  ...loop(get(LEFT), [
    ...set(I4, op('i32.shl', get(I1), i32(2))),
    ...body,
    ...set(I1, op('i32.sub', get(I1), get(WIDTH))),
    ...set(LEFT, op('i32.sub', get(LEFT), i32(1))),
  ]),
]

const eachHalf = (of: (half: 0 | 1) => Code): Code => [...of(0), ...of(1)]

/** back(rows, width, gamma, decay): that many steps of `width` environments, from the last one back. */
const back: WasmFunction = {
  params: ['i32', 'i32', 'f64', 'f64'],
  locals: [
    ...Array.from({ length: 8 }, () => 'i32' as const),
    ...(['f64', 'f64'] as const),
    ...Array.from({ length: 14 }, () => 'v128' as const),
  ],
  body: [
    ...set(GAMMAS, simd('f64x2.splat', get(GAMMA))),
    ...set(DECAYS, simd('f64x2.splat', get(DECAY))),
    ...set(QUADS, op('i32.and', get(WIDTH), i32(-4))),
    ...loop(get(ROWS), [
      ...set(LAST, op('i32.mul', op('i32.sub', get(ROWS), i32(1)), get(WIDTH))),
      ...set(STEPS, i32(STRIP)),
      ...when(op('i32.lt_u', get(ROWS), i32(STRIP)), set(STEPS, get(ROWS))),
      ...set(ROWS, op('i32.sub', get(ROWS), get(STEPS))),
      ...set(N, i32(0)),
      ...loop(op('i32.lt_u', get(N), get(QUADS)), [
        ...set(I8, op('i32.shl', get(N), i32(3))),
        ...eachHalf((half) => [
          ...set(FOLLOWED[half], load('v128.load', get(I8), FOLLOWING + 16 * half)),
          ...set(NEXTS[half], load('v128.load', get(I8), NEXT + 16 * half)),
        ]),
        ...steps(
          when(
            op('i32.or', load('i32.load', get(I1), TERMINATED), load('i32.load', get(I1), TRUNCATED)),
            [
              ...set(X, expanded(TERMINATED)),
              ...set(OVER, isSet(simd('v128.or', get(X), expanded(TRUNCATED)))),
              ...set(X, isSet(get(X))),
              ...four(true),
            ],
            four(false),
          ),
        ),
        ...eachHalf((half) => [
          ...store('v128.store', get(I8), FOLLOWING + 16 * half, get(FOLLOWED[half])),
          ...store('v128.store', get(I8), NEXT + 16 * half, get(NEXTS[half])),
        ]),
        ...set(N, op('i32.add', get(N), i32(4))),
      ]),
      ...loop(op('i32.lt_u', get(N), get(WIDTH)), [
        ...set(I8, op('i32.shl', get(N), i32(3))),
        ...steps(single),
        ...set(N, op('i32.add', get(N), i32(1))),
      ]),
    ]),
  ],
}

function start() {
  const { memory, back: run } = instantiate<{ back(rows: number, width: number, gamma: number, decay: number): void }>(
    encodeModule({ back }, PAGES),
  )
  const floats = (offset: number) => new Float32Array(memory.buffer, offset, CELLS)
  const bytes = (offset: number) => new Uint8Array(memory.buffer, offset, CELLS)
  return {
    run,
    rewards: floats(REWARDS),
    values: floats(VALUES),
    finalValues: floats(FINAL_VALUES),
    advantages: floats(ADVANTAGES),
    returns: floats(RETURNS),
    terminated: bytes(TERMINATED),
    truncated: bytes(TRUNCATED),
    following: new Float64Array(memory.buffer, FOLLOWING, CELLS),
    next: new Float64Array(memory.buffer, NEXT, CELLS),
  }
}

let machine: ReturnType<typeof start> | undefined

/** What `gae` gives. @throws RepriseError RPR_SHAPE */
export function simdGae(input: GaeInput, out?: GaeOutput): GaeOutput {
  const { steps, numEnvs, gamma, lambda } = input
  const size = checkRollout('gae', input, { values: input.values })
  const advantages = out?.advantages ?? unfilled(Float32Array, size)
  const returns = out?.returns ?? unfilled(Float32Array, size)
  if (out !== undefined) checkLengths('gae', size, { 'out.advantages': advantages, 'out.returns': returns })
  machine ??= start()
  const m = machine
  for (let column = 0; column < numEnvs; column += CELLS) {
    const width = Math.min(CELLS, numEnvs - column)
    m.following.fill(0, 0, width)
    for (let n = 0; n < width; n++) m.next[n] = input.lastValues[column + n]!
    // Whole rows lie in one piece.
    const together = width === numEnvs ? Math.floor(CELLS / width) : 1
    for (let to = steps; to > 0; ) {
      const rows = Math.min(together, to)
      const from = (to - rows) * numEnvs + column
      const cells = rows * width
      copyIn(m.rewards, input.rewards, from, cells)
      copyIn(m.values, input.values, from, cells)
      copyIn(m.finalValues, input.finalValues, from, cells)
      copyFlags(m.terminated, input.terminated, from, cells)
      copyFlags(m.truncated, input.truncated, from, cells)
      m.run(rows, width, gamma, gamma * lambda)
      advantages.set(m.advantages.subarray(0, cells), from)
      returns.set(m.returns.subarray(0, cells), from)
      to -= rows
    }
  }
  return { advantages, returns }
}

function copyIn(to: Float32Array, values: ArrayLike<number>, from: number, count: number): void {
  if (values instanceof Float32Array) to.set(values.subarray(from, from + count))
  else for (let i = 0; i < count; i++) to[i] = values[from + i]!
}

function copyFlags(to: Uint8Array, flags: ArrayLike<number>, from: number, count: number): void {
  if (flags instanceof Uint8Array) to.set(flags.subarray(from, from + count))
  else for (let i = 0; i < count; i++) to[i] = flags[from + i] ? 1 : 0
}
