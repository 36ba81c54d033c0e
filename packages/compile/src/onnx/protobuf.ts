/**
 * A writer for the protocol buffer wire format: as much as an ONNX model needs (varints, 32-bit floats, length-prefixed
 * fields). Source: protobuf.dev, "Encoding".
 */
const VARINT = 0
const LENGTH_PREFIXED = 2
const FIXED32 = 5

const encoder = new TextEncoder()

export class ProtoWriter {
  #buffer = new Uint8Array(128)
  #length = 0

  /** int32, int64, bool or enum. Negative values take ten bytes, as the format has it. */
  int(field: number, value: number): this {
    this.#varint(field * 8 + VARINT)
    this.#varint(value)
    return this
  }

  float(field: number, value: number): this {
    this.#varint(field * 8 + FIXED32)
    this.#reserve(4)
    new DataView(this.#buffer.buffer).setFloat32(this.#length, value, true)
    this.#length += 4
    return this
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + LENGTH_PREFIXED)
    this.#varint(value.length)
    this.#reserve(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
    return this
  }

  string(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value))
  }

  message(field: number, write: (writer: ProtoWriter) => void): this {
    const inner = new ProtoWriter()
    write(inner)
    return this.bytes(field, inner.#buffer.subarray(0, inner.#length))
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length)
  }

  #varint(value: number): void {
    this.#reserve(10)
    if (value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value))
      while (rest >= 128n) {
        this.#buffer[this.#length++] = Number(rest & 127n) | 128
        rest >>= 7n
      }
      this.#buffer[this.#length++] = Number(rest)
      return
    }
    let rest = value
    while (rest >= 128) {
      this.#buffer[this.#length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.#buffer[this.#length++] = rest
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const grown = new Uint8Array(Math.max(this.#length + bytes, this.#buffer.length * 2))
    grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }
}
