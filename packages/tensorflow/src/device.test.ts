import { describe, expect, it } from 'vitest'
import { parseDevice } from './device.ts'
import { contextConfig } from './native/settings.ts'

describe('parseDevice', () => {
  it.each([
    [undefined, undefined, 'auto', 0],
    [undefined, true, 'gpu', 0],
    [undefined, false, 'cpu', 0],
    ['cpu', undefined, 'cpu', 0],
    ['gpu', undefined, 'gpu', 0],
    ['gpu:3', true, 'gpu', 3],
  ] as const)('%s with cuda %s', (device, cuda, kind, index) => {
    expect(parseDevice(device, cuda)).toEqual({ kind, index })
  })
  it('refuses others', () => {
    expect(() => parseDevice('cuda:0')).toThrow(/The device 'cuda:0' is none. It is 'cpu', 'gpu'/)
    expect(() => parseDevice('gpu:0', false)).toThrow(/contradicts cuda: false/)
  })
})

it('writes the configuration that TensorFlow reads', () => {
  // gpu_options { allow_growth: true }, allow_soft_placement: true
  expect([...contextConfig({ kind: 'auto', index: 0 })]).toEqual([0x32, 2, 0x20, 1, 0x38, 1])
  // device_count { GPU: 0 } first
  expect([...contextConfig({ kind: 'cpu', index: 0 })].slice(0, 9)).toEqual([10, 7, 10, 3, 71, 80, 85, 16, 0])
  // intra_op_parallelism_threads: 3
  expect([...contextConfig({ kind: 'cpu', index: 0 }, 3)].slice(9, 11)).toEqual([0x10, 3])
  // gpu_options { allow_growth: true, visible_device_list: "1" }
  expect([...contextConfig({ kind: 'gpu', index: 1 })].slice(0, 7)).toEqual([0x32, 5, 0x20, 1, 0x2a, 1, 49])
})
