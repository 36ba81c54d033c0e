import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { crc32c, maskedCrc32c } from './crc32c.ts'
import { MessageWriter, readMessage } from './protobuf.ts'
import { EventFileWriter, eventFileName, readEventFile } from './tensorboard.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-events-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('crc32c', () => {
  test('known values (RFC 3720 B.4)', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
    expect(crc32c(new Uint8Array(0))).toBe(0)
  })

  test('the mask stays an unsigned 32-bit integer', () => {
    const masked = maskedCrc32c(Buffer.from('123456789'))
    expect(masked).toBe((((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0)
    expect(masked).toBeGreaterThanOrEqual(0)
  })
})

describe('protobuf', () => {
  test('varints up to 2^53 - 1, fixed numbers and nested bytes come back', () => {
    const message = new MessageWriter(1)
      .varint(1, 0)
      .varint(2, 300)
      .varint(20, Number.MAX_SAFE_INTEGER)
      .double(3, Math.PI)
      .float(4, 0.5)
      .bytes(5, 'grün')
    const fields = readMessage(message.finish())
    expect(fields.map((f) => f.field)).toEqual([1, 2, 20, 3, 4, 5])
    expect(fields.slice(0, 5).map((f) => f.value)).toEqual([0, 300, Number.MAX_SAFE_INTEGER, Math.PI, 0.5])
    expect(Buffer.from(fields[5]!.value as Uint8Array).toString()).toBe('grün')
    expect(() => readMessage(message.finish().subarray(0, -2))).toThrow(RangeError)
  })
})

describe('event files', () => {
  const open = (options = {}) =>
    new EventFileWriter(join(folder, eventFileName(1.5)), { now: () => 1000.25, ...options })

  test('the first record, byte for byte', () => {
    const writer = open()
    writer.close()
    // Length 24, its checksum, Event { wall_time: 1000.25, file_version }, its checksum.
    const bytes = readFileSync(writer.path)
    expect(writer.path).toMatch(/events\.out\.tfevents\.0000000001\.reprise$/)
    expect(bytes.subarray(0, 8).toString('hex')).toBe('1800000000000000')
    expect(bytes.subarray(12, 36).toString('hex')).toBe(
      `0900000000${'00428f40'}1a0d${Buffer.from('brain.Event:2').toString('hex')}`,
    )
    expect(bytes.length).toBe(40)
  })

  test('scalars and texts come back with their steps', () => {
    const writer = open()
    writer.text('run/config', '| algo | `ppo` |\nüber', 0)
    writer.scalars({ 'train/loss': 0.5, 'eval/mean_reward': -200 }, 4096)
    writer.scalars({ 'train/loss': Number.NaN, 'time/sps': Number.POSITIVE_INFINITY }, 2 ** 40)
    writer.close()
    const { events, validBytes } = readEventFile(writer.path)
    expect(validBytes).toBe(statSync(writer.path).size)
    expect(events).toEqual([
      { wallTime: 1000.25, step: 0, fileVersion: 'brain.Event:2', scalars: {}, texts: {} },
      { wallTime: 1000.25, step: 0, scalars: {}, texts: { 'run/config': '| algo | `ppo` |\nüber' } },
      { wallTime: 1000.25, step: 4096, scalars: { 'train/loss': 0.5, 'eval/mean_reward': -200 }, texts: {} },
      { wallTime: 1000.25, step: 2 ** 40, scalars: { 'train/loss': Number.NaN, 'time/sps': Infinity }, texts: {} },
    ])
  })

  test('records are gathered until flush or the limit, and only whole ones are written', () => {
    const writer = open({ bufferBytes: 200 })
    writer.scalars({ a: 1 }, 1)
    expect(readEventFile(writer.path).events).toHaveLength(1)
    const length = writer.flush()
    expect(length).toBe(statSync(writer.path).size)
    expect(readEventFile(writer.path).events).toHaveLength(2)
    for (let step = 2; step < 50; step++) {
      writer.scalars({ a: step }, step)
      const read = readEventFile(writer.path)
      expect(read.validBytes).toBe(statSync(writer.path).size)
    }
    writer.close()
    expect(readEventFile(writer.path).events).toHaveLength(50)
  })

  test('resuming at a recorded length equals never having stopped', () => {
    const writer = open()
    for (let step = 1; step <= 5; step++) writer.scalars({ a: step }, step)
    const length = writer.flush()
    for (let step = 6; step <= 9; step++) writer.scalars({ a: step }, step)
    writer.close()
    const whole = readFileSync(writer.path)

    const resumed = open({ length })
    expect(resumed.flush()).toBe(length)
    for (let step = 6; step <= 9; step++) resumed.scalars({ a: step }, step)
    resumed.close()
    expect(readFileSync(resumed.path).equals(whole)).toBe(true)
  })

  test('opening without a length continues at the end, with one version record', () => {
    open().close()
    const writer = open()
    writer.scalars({ a: 1 }, 1)
    writer.close()
    expect(readEventFile(writer.path).events.map((e) => e.fileVersion)).toEqual(['brain.Event:2', undefined])
  })

  test('a file shorter than recorded is refused', () => {
    open().close()
    expect(() => open({ length: 41 })).toThrow(expect.objectContaining({ code: 'RPR_RUN_INVALID' }))
  })

  test('an incomplete last record is left out; a damaged one is named', () => {
    const writer = open()
    writer.scalars({ a: 1 }, 1)
    const length = writer.flush()
    writer.scalars({ a: 2 }, 2)
    writer.close()
    truncateSync(writer.path, statSync(writer.path).size - 3)
    expect(readEventFile(writer.path)).toMatchObject({ validBytes: length, events: { length: 2 } })
    appendFileSync(writer.path, 'xxx')
    expect(() => readEventFile(writer.path)).toThrow(`the record at byte ${length} does not match its checksum`)
    const bytes = readFileSync(writer.path)
    bytes[41] = 9
    writeFileSync(writer.path, bytes)
    expect(() => readEventFile(writer.path)).toThrow('the length at byte 40 does not match its checksum')
    expect(() => readEventFile(join(folder, 'none'))).toThrow(expect.objectContaining({ code: 'RPR_FILE_MISSING' }))
  })
})
