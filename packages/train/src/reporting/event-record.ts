/**
 * One record of a TensorBoard event file: TFRecord framing (length, masked CRC-32C of the length, data, masked
 * CRC-32C of the data) around an `Event` message. Field numbers: tensorflow/core/util/event.proto, framework/summary.proto,
 * tensor.proto, tensor_shape.proto.
 */
import { maskedCrc32c } from './crc32c.ts'
import { getUint64, MessageWriter, readMessage, setUint64 } from './protobuf.ts'

/** What a first record says. */
export const FILE_VERSION = 'brain.Event:2'

const DT_STRING = 7
const DATA_CLASS_TENSOR = 2

export interface EventRecord {
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly step: number
  /** Only in a file's first record. */
  readonly fileVersion?: string
  /** Float32 values by tag. */
  readonly scalars: Readonly<Record<string, number>>
  readonly texts: Readonly<Record<string, string>>
}

/** The framed bytes of an event. Values are stored as float32; NaN and infinities are kept. */
export function encodeEvent(event: Partial<EventRecord> & { wallTime: number }): Uint8Array {
  const message = new MessageWriter().double(1, event.wallTime)
  if (event.step) message.varint(2, event.step)
  if (event.fileVersion !== undefined) return frame(message.bytes(3, event.fileVersion).finish())
  const summary = new MessageWriter(1024)
  for (const [tag, value] of Object.entries(event.scalars ?? {})) {
    summary.message(1, new MessageWriter().bytes(1, tag).float(2, value))
  }
  for (const [tag, text] of Object.entries(event.texts ?? {})) summary.message(1, textValue(tag, text))
  return frame(message.message(5, summary).finish())
}

function textValue(tag: string, text: string): MessageWriter {
  const shape = new MessageWriter().message(2, new MessageWriter().varint(1, 1))
  const tensor = new MessageWriter().varint(1, DT_STRING).message(2, shape).bytes(8, text)
  const metadata = new MessageWriter().message(1, new MessageWriter().bytes(1, 'text')).varint(4, DATA_CLASS_TENSOR)
  return new MessageWriter().bytes(1, tag).message(8, tensor).message(9, metadata)
}

function frame(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16)
  const view = new DataView(record.buffer)
  setUint64(view, 0, data.length)
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true)
  record.set(data, 12)
  view.setUint32(12 + data.length, maskedCrc32c(data), true)
  return record
}

/**
 * The event that starts at byte `at`, and where the next one starts; undefined where the file ends within it.
 * Throws Error where a checksum is wrong.
 */
export function decodeEvent(file: Uint8Array, at: number): { event: EventRecord; next: number } | undefined {
  if (at + 12 > file.length) return undefined
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (view.getUint32(at + 8, true) !== maskedCrc32c(file.subarray(at, at + 8))) {
    throw new Error(`the length at byte ${at} does not match its checksum`)
  }
  const length = getUint64(view, at)
  const next = at + length + 16
  if (next > file.length) return undefined
  const data = file.subarray(at + 12, at + 12 + length)
  if (view.getUint32(next - 4, true) !== maskedCrc32c(data)) {
    throw new Error(`the record at byte ${at} does not match its checksum`)
  }
  return { event: readEvent(data), next }
}

function readEvent(data: Uint8Array): EventRecord {
  const scalars: Record<string, number> = {}
  const texts: Record<string, string> = {}
  const event: { -readonly [K in keyof EventRecord]: EventRecord[K] } = { wallTime: 0, step: 0, scalars, texts }
  for (const { field, value } of readMessage(data)) {
    if (field === 1) event.wallTime = value as number
    else if (field === 2) event.step = value as number
    else if (field === 3) event.fileVersion = text(value)
    else if (field === 5) {
      for (const entry of readMessage(value as Uint8Array)) readValue(entry.value as Uint8Array, scalars, texts)
    }
  }
  return event
}

function readValue(bytes: Uint8Array, scalars: Record<string, number>, texts: Record<string, string>): void {
  let tag = ''
  for (const { field, value } of readMessage(bytes)) {
    if (field === 1) tag = text(value)
    else if (field === 2) scalars[tag] = value as number
    else if (field === 8) {
      const content = readMessage(value as Uint8Array).find((part) => part.field === 8)
      if (content) texts[tag] = text(content.value)
    }
  }
}

function text(value: number | Uint8Array): string {
  return Buffer.from(value as Uint8Array).toString('utf8')
}
