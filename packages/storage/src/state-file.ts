/**
 * One file for a tree of plain data and typed arrays: a msgpack header, then the raw columns, each aligned to eight
 * bytes, then a SHA-256 of everything before it. Little-endian.
 *
 *   8 letters of its kind | u32 version | u32 header length | header | pad | columns ... | 32 bytes SHA-256
 */
import { createHash } from 'node:crypto'
import { type ErrorCode, RepriseError, type Serializable, type TypedArray } from '@reprise/core'
import { Packr } from 'msgpackr'

/** What a file is and how its faults are reported. */
export interface StateFileKind {
  /** Eight ASCII letters at its beginning. */
  readonly magic: string
  readonly version: number
  /** What a message calls it: `a checkpoint`. */
  readonly what: string
  readonly corrupt: ErrorCode
  readonly outdated: ErrorCode
  /** What to do about a damaged file: one sentence. */
  readonly hint: string
}

const PREFIX = 16
const HASH = 32
const packr = new Packr({ useRecords: false, variableMapSize: true })

const dtypes = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  uint8: Uint8Array,
  uint64: BigUint64Array,
} as const
type Dtype = keyof typeof dtypes

/** Stands in the header where a typed array was. */
interface ColumnReference {
  readonly $column: number
}

interface Header {
  readonly tree: unknown
  readonly columns: { dtype: Dtype; length: number; offset: number }[]
}

export function encodeState(state: Serializable, kind: StateFileKind): Uint8Array {
  const arrays: TypedArray[] = []
  const columns: Header['columns'] = []
  let offset = 0
  const strip = (value: Serializable): unknown => {
    if (ArrayBuffer.isView(value)) {
      const array = value as TypedArray
      columns.push({ dtype: dtypeOf(array), length: array.length, offset })
      arrays.push(array)
      offset += align(array.byteLength)
      return { $column: arrays.length - 1 }
    }
    if (Array.isArray(value)) return value.map(strip)
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, strip(child as Serializable)]))
    }
    return value
  }
  const header = packr.pack({ tree: strip(state), columns } satisfies Header)
  const start = align(PREFIX + header.length)
  const bytes = Buffer.alloc(start + offset + HASH)
  bytes.write(kind.magic, 'latin1')
  bytes.writeUInt32LE(kind.version, 8)
  bytes.writeUInt32LE(header.length, 12)
  bytes.set(header, PREFIX)
  columns.forEach((column, i) => {
    const array = arrays[i]!
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), start + column.offset)
  })
  digest(bytes.subarray(0, -HASH)).copy(bytes, bytes.length - HASH)
  return bytes
}

/** @throws `kind.corrupt`, `kind.outdated`; `name` is what the message calls the file. */
export function decodeState(bytes: Uint8Array, name: string, kind: StateFileKind): Serializable {
  const corrupt = (what: string, cause?: unknown) =>
    new RepriseError(kind.corrupt, `${name} is damaged: ${what}.`, { value: name, hint: kind.hint, cause })
  if (bytes.length < PREFIX + HASH) throw corrupt(`it holds ${bytes.length} bytes, less than its fixed parts`)
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.toString('latin1', 0, 8) !== kind.magic) throw corrupt(`it does not begin as ${kind.what} does`)
  const version = buffer.readUInt32LE(8)
  if (version !== kind.version) {
    throw new RepriseError(
      kind.outdated,
      `${name} has format version ${version}; this Reprise reads ${kind.version}.`,
      { value: version, hint: 'Open it with the version of Reprise that wrote it.' },
    )
  }
  if (!digest(buffer.subarray(0, -HASH)).equals(buffer.subarray(-HASH)))
    throw corrupt('its checksum does not match its content')
  try {
    const headerLength = buffer.readUInt32LE(12)
    const header = packr.unpack(buffer.subarray(PREFIX, PREFIX + headerLength)) as Header
    const start = align(PREFIX + headerLength)
    const arrays = header.columns.map(({ dtype, length, offset }) => {
      const type = dtypes[dtype]
      const begin = start + offset
      // A copy: the file's buffer need not be aligned, and should not stay alive for one small column.
      const copy = new Uint8Array(buffer.subarray(begin, begin + length * type.BYTES_PER_ELEMENT))
      return new type(copy.buffer, 0, length) as TypedArray
    })
    const fill = (value: unknown): Serializable => {
      if (Array.isArray(value)) return value.map(fill)
      if (typeof value === 'object' && value !== null) {
        if ('$column' in value) return arrays[(value as ColumnReference).$column]!
        return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, fill(child)]))
      }
      return value as Serializable
    }
    return fill(header.tree)
  } catch (cause) {
    throw corrupt('its header cannot be read', cause)
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function align(n: number): number {
  return (n + 7) & ~7
}

function dtypeOf(array: TypedArray): Dtype {
  for (const [name, type] of Object.entries(dtypes)) if (array instanceof type) return name as Dtype
  throw new TypeError(`No column type for ${Object.prototype.toString.call(array)}`)
}
