import { expect, test } from 'vitest'
import { ModelBuilder } from './builder.ts'
import { encodeModel } from './model.ts'
import { ProtoWriter } from './protobuf.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('the examples of the encoding guide', () => {
  expect(hex(new ProtoWriter().int(1, 150).finish())).toBe('089601')
  expect(hex(new ProtoWriter().string(2, 'testing').finish())).toBe('120774657374696e67')
  expect(hex(new ProtoWriter().message(3, (inner) => inner.int(1, 150)).finish())).toBe('1a03089601')
  expect(hex(new ProtoWriter().int(1, -2).finish())).toBe('08feffffffffffffffff01')
  expect(hex(new ProtoWriter().float(2, 1).finish())).toBe('150000803f')
  expect(hex(new ProtoWriter().int(1, 2 ** 40).finish())).toBe('08808080808020')
  expect(hex(new ProtoWriter().int(20, 7).finish())).toBe('a00107')
})

test('grows past its first buffer', () => {
  const long = new Uint8Array(5000).fill(7)
  const bytes = new ProtoWriter().bytes(1, long).int(2, 1).finish()
  expect(bytes.length).toBe(1 + 2 + 5000 + 2)
  expect(hex(bytes.subarray(0, 3))).toBe('0a8827')
  expect(bytes.subarray(3, 5003)).toEqual(long)
})

test('a model of one node, byte for byte', () => {
  const model = encodeModel({
    name: 'g',
    nodes: [{ op: 'Cast', inputs: ['x'], outputs: ['y'], attributes: { to: { int: 6 } } }],
    initializers: [{ name: 'c', type: 'bool', dims: [2], raw: Uint8Array.of(1, 0) }],
    inputs: [{ name: 'x', type: 'float32', dims: [3] }],
    outputs: [{ name: 'y', type: 'int32', dims: [] }],
  })
  const node = '0a1a' + '0a0178' + '120179' + '1a0179' + '220443617374' + '2a090a02746f1806a00102'
  const graph = [
    node,
    '120167',
    '2a0b' + '0802' + '1009' + '420163' + '4a020100',
    '5a0f' + '0a0178' + '120a' + '0a08' + '0801' + '1204' + '0a02' + '0803',
    '620b' + '0a0179' + '1206' + '0a04' + '0806' + '1200',
  ].join('')
  const length = (graph.length / 2).toString(16)
  const head = `0808${'120772657072697365'}`
  expect(hex(model)).toBe(`${head}42040a001011${`3a${length}`}${graph}`)
})

test('equal small constants are shared, others are not', () => {
  const b = new ModelBuilder()
  const names = [
    b.scalar('float32', 1),
    b.scalar('float32', 1),
    b.scalar('int32', 1),
    b.constant('float32', [1], [1]),
    b.scalar('float32', Number.NaN),
    b.scalar('float32', Number.NaN),
    b.scalar('float32', 0),
    b.scalar('float32', -0),
  ]
  expect(new Set(names).size).toBe(6)
  expect(b.initializers.length).toBe(6)
  expect(b.constant('float32', [100], new Float32Array(100))).not.toBe(
    b.constant('float32', [100], new Float32Array(100)),
  )
})
