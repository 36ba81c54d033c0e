/** The part of Protocol Buffers' wire format that event files need: varints, fixed numbers, nested bytes. */

const TWO_32 = 4294967296

/** Builds one message field by field. Numbers of varint fields are integers in [0, 2^53). */
export class MessageWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(capacity = 128) {
    this.#bytes = new Uint8Array(capacity)
  }

  varint(field: number, value: number): this {
    this.#tag(field, 0)
    this.#varint(value)
    return this
  }

  double(field: number, value: number): this {
    this.#tag(field, 1)
    this.#reserve(8)
    new DataView(this.#bytes.buffer).setFloat64(this.#length, value, true)
    this.#length += 8
    return this
  }

  float(field: number, value: number): this {
    this.#tag(field, 5)
    this.#reserve(4)
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true)
    this.#length += 4
    return this
  }

  bytes(field: number, value: Uint8Array | string): this {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    this.#tag(field, 2)
    this.#varint(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  message(field: number, value: MessageWriter): this {
    return this.bytes(field, value.finish())
  }

  /** The bytes so far; valid until the next field is written. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType)
  }

  #varint(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#length++] = rest
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

export interface Field {
  readonly field: number
  /** A number for varints (0), doubles (1) and floats (5); bytes for nested messages and text (2). */
  readonly value: number | Uint8Array
}

/** The fields of a message in order. Throws RangeError where the bytes end within a field. */
export function readMessage(bytes: Uint8Array): Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fields: Field[] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = view.getUint8(at++)
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const field = Math.floor(tag / 8)
    switch (tag % 8) {
      case 0:
        fields.push({ field, value: varint() })
        break
      case 1:
        fields.push({ field, value: view.getFloat64(at, true) })
        at += 8
        break
      case 2: {
        const length = varint()
        if (at + length > bytes.length) throw new RangeError('A field is longer than its message.')
        fields.push({ field, value: bytes.subarray(at, at + length) })
        at += length
        break
      }
      case 5:
        fields.push({ field, value: view.getFloat32(at, true) })
        at += 4
        break
      default:
        throw new RangeError(`Wire type ${tag % 8} is not known.`)
    }
  }
  return fields
}

/** Writes an integer in [0, 2^53) as an unsigned 64-bit little-endian number. */
export function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % TWO_32, true)
  view.setUint32(at + 4, Math.floor(value / TWO_32), true)
}

/** Reads an unsigned 64-bit little-endian number; exact below 2^53. */
export function getUint64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_32
}
