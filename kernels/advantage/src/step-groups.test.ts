import { describe, expect, it } from 'vitest'
import {
  bucketAdvantages,
  exactBuckets,
  groupAdvantages,
  prototypeBuckets,
  stepAdvantages,
  subgroups,
} from './index.ts'

describe('exactBuckets', () => {
  it('joins equal anchors of one group, never of two', () => {
    const anchors = [1, 2, 1, 2, 1, 3, 1, 2]
    expect([...exactBuckets({ anchors, width: 2, group: [0, 0, 0, 1] })]).toEqual([0, 0, 1, 2])
  })
  it('takes minus zero for zero', () => {
    expect([...exactBuckets({ anchors: [0, -0], width: 1, group: [0, 0] })]).toEqual([0, 0])
  })
  it('names a wrong length', () => {
    expect(() => exactBuckets({ anchors: [1, 2, 3], width: 2, group: [0, 0] })).toThrow(/'anchors'.*3 elements/)
  })
})

describe('prototypeBuckets', () => {
  it('compares with first members only, and takes the nearest', () => {
    const at = (degrees: number) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
    const anchors = [0, 17, 30, 34, 20].flatMap(at)
    // 17 is near 0; 30 is near 17 but not near 0, and opens a bucket; 20 is nearer to 30 than to 0, and near it.
    const buckets = prototypeBuckets({ anchors, width: 2, group: [0, 0, 0, 0, 0], threshold: Math.cos(Math.PI / 10) })
    expect([...buckets]).toEqual([0, 0, 1, 1, 1])
  })
  it('keeps groups apart, and an anchor of zeros alone', () => {
    const buckets = prototypeBuckets({ anchors: [1, 1, 0, 0], width: 1, group: [0, 1, 1, 1], threshold: 0.95 })
    expect([...buckets]).toEqual([0, 1, 2, 3])
  })
})

describe('stepAdvantages', () => {
  it('subtracts the mean of the bucket; a bucket of one gives 0', () => {
    const options = { returns: [1, 5, 3], bucket: [4, 2, 4], std: 'sample', epsilon: 0 } as const
    expect([...stepAdvantages({ ...options, kind: 'mean' })]).toEqual([-1, 0, 1])
    const [a, b, c] = stepAdvantages({ ...options, kind: 'group_std' })
    expect(a).toBeCloseTo(-Math.SQRT1_2)
    expect(b).toBe(0)
    expect(c).toBeCloseTo(Math.SQRT1_2)
  })
})

describe('bucketAdvantages', () => {
  it('equals groupAdvantages where rows of a group are adjacent', () => {
    const group = [0, 0, 0, 1, 1, 2]
    const options = { rewards: [1, 2, 4, 0, 1, 9], std: 'population', epsilon: 1e-6 } as const
    for (const kind of ['group_std', 'batch_std', 'mean', 'leave_one_out'] as const)
      expect(bucketAdvantages({ ...options, bucket: group, kind })).toEqual(
        groupAdvantages({ ...options, group, kind }),
      )
  })
  it('normalises within sub-groups', () => {
    const bucket = subgroups([0, 0, 0, 0], [1, 2, 1, 2])
    const options = { rewards: [1, 10, 3, 30], bucket, kind: 'mean', std: 'sample', epsilon: 0 } as const
    expect([...bucketAdvantages(options)]).toEqual([-1, -10, 1, 10])
  })
})
