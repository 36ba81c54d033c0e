import { statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { kernelTable, surprises } from './kernel-table.ts'
import { RECORDED, recordedCases, section } from './page.ts'
import { verdictsOn } from './write-oracle.ts'

describe('the recorded subset of the suite of tfjs-core', () => {
  it('gives the same results compiled, and the table in the docs is current', async () => {
    const verdicts = await verdictsOn(recordedCases())
    expect(surprises(verdicts)).toEqual([])
    expect(section('The subset that `npm test` runs')).toBe(kernelTable(verdicts))
  }, 300_000)

  it('is small enough to commit', () => {
    expect(statSync(RECORDED).size).toBeLessThan(1.5e6)
  })
})
