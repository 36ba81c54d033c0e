import { expect, it } from 'vitest'
import { allocateColumns, copyColumns, copyRow, leaf } from './columns.ts'

const leaves = [leaf('a', 'float32', [2, 2]), leaf('b', 'int32', [])]

it('allocates a zeroed array of the dtype per leaf', () => {
  const columns = allocateColumns(leaves, 3)
  expect(columns.map(({ path, size, rows, data }) => [path, size, rows, data.constructor.name, data.length])).toEqual([
    ['a', 4, 3, 'Float32Array', 12],
    ['b', 1, 3, 'Int32Array', 3],
  ])
})

it('copies rows and whole columns', () => {
  const [from, to] = [allocateColumns(leaves, 2), allocateColumns(leaves, 2)]
  from[0]!.data.set([1, 2, 3, 4, 5, 6, 7, 8])
  from[1]!.data.set([9, 10])
  copyRow(from, 1, to, 0)
  expect(to.map(({ data }) => [...data])).toEqual([
    [5, 6, 7, 8, 0, 0, 0, 0],
    [10, 0],
  ])
  copyColumns(from, to)
  expect(to.map(({ data }) => [...data])).toEqual(from.map(({ data }) => [...data]))
  expect(() => copyColumns(from, to.slice(1))).toThrow(expect.objectContaining({ code: 'RPR_SHAPE' }))
})
