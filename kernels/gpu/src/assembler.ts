/**
 * WebAssembly by hand, for the few loops over flat arrays that JavaScript runs several times slower: no more of the format
 * than they need. packages/compile has a whole generator, but kernels lie below it.
 * https://webassembly.github.io/spec/core/binary/
 */

/** Instructions as bytes. */
export type Code = readonly number[]

const TYPES = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const
export type ValueType = keyof typeof TYPES

export interface WasmFunction {
  readonly params: readonly ValueType[]
  /** Numbered after the parameters. */
  readonly locals: readonly ValueType[]
  readonly result?: ValueType
  readonly body: Code
}

const OPS = {
  'i32.eqz': 0x45,
  'i32.eq': 0x46,
  'i32.lt_u': 0x49,
  'i32.ge_u': 0x4f,
  'i32.add': 0x6a,
  'i32.sub': 0x6b,
  'i32.mul': 0x6c,
  'i32.and': 0x71,
  'i32.or': 0x72,
  'i32.shr_u': 0x76,
  'i32.shl': 0x74,
  'f32.gt': 0x5e,
  'f64.sqrt': 0x9f,
  'f64.add': 0xa0,
  'f64.sub': 0xa1,
  'f64.mul': 0xa2,
  'f64.div': 0xa3,
  'f64.convert_i32_u': 0xb8,
  'f32.demote_f64': 0xb6,
  'f64.promote_f32': 0xbb,
} as const

const SIMD_OPS = {
  'i32x4.splat': 17,
  'f32x4.splat': 19,
  'f64x2.splat': 20,
  'i32x4.eq': 55,
  'i32x4.ne': 56,
  'f32x4.gt': 68,
  'v128.andnot': 79,
  'v128.or': 80,
  'v128.bitselect': 82,
  'v128.any_true': 83,
  'i32x4.all_true': 163,
  'f32x4.demote_f64x2_zero': 94,
  'f64x2.promote_low_f32x4': 95,
  'i16x8.extend_low_i8x16_u': 137,
  'i32x4.extend_low_i16x8_u': 169,
  'i64x2.extend_low_i32x4_s': 199,
  'i64x2.extend_high_i32x4_s': 200,
  'f64x2.add': 240,
  'f64x2.sub': 241,
  'f64x2.mul': 242,
} as const

const LOADS = {
  'i32.load': [0x28],
  'f32.load': [0x2a],
  'f64.load': [0x2b],
  'i32.load8_u': [0x2d],
  'v128.load': [0xfd, 0],
  'v128.load32_zero': [0xfd, 92],
  'v128.load64_zero': [0xfd, 93],
} as const

const STORES = { 'i32.store': [0x36], 'f32.store': [0x38], 'f64.store': [0x39], 'v128.store': [0xfd, 11] } as const

export const get = (local: number): Code => [0x20, ...unsigned(local)]
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)]
export const i32 = (value: number): Code => [0x41, ...signed(value)]
export const f32 = (value: number): Code => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)]
export const f64 = (value: number): Code => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)]

export const op = (name: keyof typeof OPS, ...operands: readonly Code[]): Code => [...operands.flat(), OPS[name]]
export const simd = (name: keyof typeof SIMD_OPS, ...operands: readonly Code[]): Code => [
  ...operands.flat(),
  0xfd,
  ...unsigned(SIMD_OPS[name]),
]
/** The lower halves of two vectors as one. */
export const lowHalves = (first: Code, second: Code): Code => [
  ...[...first, ...second, 0xfd, 13],
  ...Array.from({ length: 16 }, (_, i) => (i < 8 ? i : i + 8)),
]
export const lane = (vector: Code, index: number): Code => [...vector, 0xfd, 33, index]

/** Alignment is a hint; none is given. */
export const load = (name: keyof typeof LOADS, address: Code, offset: number): Code => [
  ...address,
  ...LOADS[name],
  0,
  ...unsigned(offset),
]
export const store = (name: keyof typeof STORES, address: Code, offset: number, value: Code): Code => [
  ...address,
  ...value,
  ...STORES[name],
  0,
  ...unsigned(offset),
]
/** The lower half of a vector. */
export const storeLow = (address: Code, offset: number, value: Code): Code => [
  ...address,
  ...value,
  0xfd,
  91,
  0,
  ...unsigned(offset),
  0,
]

export const when = (condition: Code, then: Code, otherwise: Code = []): Code => [
  ...condition,
  0x04,
  0x40,
  ...then,
  ...(otherwise.length > 0 ? [0x05, ...otherwise] : []),
  0x0b,
]
/** Runs `body` while `condition` holds. */
export const loop = (condition: Code, body: Code): Code => [
  ...[0x03, 0x40],
  ...when(condition, [...body, 0x0c, 1]),
  0x0b,
]

/** A module with a memory of its own, and its functions by name. */
export function encodeModule(functions: Readonly<Record<string, WasmFunction>>, pages: number): Uint8Array {
  const all = Object.entries(functions)
  const types = all.map(([, { params, result }]) => [
    0x60,
    ...vector(params.map((type) => [TYPES[type]])),
    ...vector(result === undefined ? [] : [[TYPES[result]]]),
  ])
  const bodies = all.map(([, { locals, body }]) => {
    const code = [...vector(locals.map((type) => [1, TYPES[type]])), ...body, 0x0b]
    return [...unsigned(code.length), ...code]
  })
  const name = (text: string) => vector([...new TextEncoder().encode(text)].map((byte) => [byte]))
  const section = (id: number, items: readonly Code[]) => {
    const body = vector(items)
    return [id, ...unsigned(body.length), ...body]
  }
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(
      3,
      all.map((_, i) => unsigned(i)),
    ),
    ...section(5, [[0x01, ...unsigned(pages), ...unsigned(pages)]]),
    ...section(7, [[...name('memory'), 0x02, 0x00], ...all.map(([key], i) => [...name(key), 0x00, ...unsigned(i)])]),
    ...section(10, bodies),
  ])
}

interface WebAssemblyHost {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> }
}

/** The exports of a module. Node's types leave WebAssembly out. */
export function instantiate<Exports>(
  code: Uint8Array,
): Exports & { readonly memory: { readonly buffer: ArrayBuffer } } {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyHost }).WebAssembly
  return new Instance(new Module(code)).exports as Exports & { readonly memory: { readonly buffer: ArrayBuffer } }
}

function vector(items: readonly Code[]): number[] {
  return [...unsigned(items.length), ...items.flat()]
}

function unsigned(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest]
    bytes.push((rest & 0x7f) | 0x80)
  }
}

function signed(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7) {
    const byte = rest & 0x7f
    if ((rest >> 7 === 0 && byte < 0x40) || (rest >> 7 === -1 && byte >= 0x40)) return [...bytes, byte]
    bytes.push(byte | 0x80)
  }
}
