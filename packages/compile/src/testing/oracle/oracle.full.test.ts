import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { unpackCase } from './case.ts'
import { kernelTable, missingKernels, surprises } from './kernel-table.ts'
import { RECORDED, section } from './page.ts'
import { recordSuite, type SuiteCounts } from './record-suite.ts'
import { selectCases } from './select-cases.ts'
import { verdictsOn } from './write-oracle.ts'

describe('the suite of tfjs-core', () => {
  let lines: string[]
  let counts: SuiteCounts
  beforeAll(async () => {
    const recording = await recordSuite()
    counts = recording.counts
    lines = readFileSync(recording.file, 'utf8').trim().split('\n')
  })

  it('runs under the recorder', () => {
    expect(counts.passed).toBeGreaterThan(4000)
    expect(counts.written).toBeGreaterThan(9000)
  })

  it('gives the same results compiled, and the table in the docs is current', async () => {
    const verdicts = await verdictsOn(lines.map(unpackCase))
    expect(surprises(verdicts)).toEqual([])
    const text = section('Every call of the suite')
    expect(text).toContain(kernelTable(verdicts))
    expect(text).toContain(missingKernels(verdicts))
  })

  it('contains the committed subset', () => {
    expect(`${selectCases(lines).join('\n')}\n`).toBe(readFileSync(RECORDED, 'utf8'))
  })
})
