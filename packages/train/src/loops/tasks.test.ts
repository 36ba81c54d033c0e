import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { taskIdOf, taskSource } from './tasks.ts'

const draw = (source: ReturnType<typeof taskSource>, n: number) => Array.from({ length: n }, () => source.next().seed)

describe('tasks', () => {
  it('fresh: seeds come from the given generator and do not repeat', () => {
    const seeds = draw(taskSource('fresh', new Pcg64(1)), 200)
    expect(new Set(seeds).size).toBe(200)
    expect(draw(taskSource('fresh', new Pcg64(1)), 200)).toEqual(seeds)
  })

  it('N: every task once per round, rounds in different order, saved and restored in mid-round', () => {
    const rng = new Pcg64(3)
    const source = taskSource('6', rng)
    const rounds = [draw(source, 6), draw(source, 6)]
    expect([...rounds[1]!].sort()).toEqual([...rounds[0]!].sort())
    expect(new Set(rounds[0]).size).toBe(6)
    draw(source, 2)
    const saved = structuredClone({ rng: rng.state(), source: source.save() })
    const rest = draw(source, 20)
    const other = new Pcg64(3)
    const again = taskSource('6', other)
    other.setState(saved.rng)
    again.load(saved.source)
    expect(draw(again, 20)).toEqual(rest)
  })

  it('file: seeds and options as listed; refuses anything else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'reprise-tasks-'))
    const good = join(folder, 'tasks.yaml')
    writeFileSync(good, '- seed: 5\n  options: { low: -0.1 }\n- seed: 9\n')
    const source = taskSource(good, new Pcg64(1))
    const tasks = [source.next(), source.next()].sort((a, b) => a.seed - b.seed)
    expect(tasks).toEqual([{ seed: 5, options: { low: -0.1 } }, { seed: 9 }])
    const bad = join(folder, 'bad.yaml')
    for (const text of ['seed: 5', '- seed: -1', '[]', '- 5']) {
      writeFileSync(bad, text)
      expect(() => taskSource(bad, new Pcg64(1))).toThrow(
        expect.objectContaining({ code: 'RPR_OPTION_RANGE', value: bad }),
      )
    }
    writeFileSync(bad, '- seed: 5\n  option: { low: 1 }\n')
    expect(() => taskSource(bad, new Pcg64(1))).toThrow(
      expect.objectContaining({ code: 'RPR_OPTION_UNKNOWN', value: 'option' }),
    )
    // The same seeds with other options are other tasks.
    writeFileSync(bad, '- seed: 5\n  options: { low: -0.2 }\n- seed: 9\n')
    expect(() => taskSource(bad, new Pcg64(1)).load(source.save())).toThrow(
      expect.objectContaining({ code: 'RPR_STATE_MISMATCH' }),
    )
    expect(() => taskSource('0', new Pcg64(1))).toThrow(expect.objectContaining({ code: 'RPR_OPTION_RANGE' }))
    expect(() => taskSource('none.yaml', new Pcg64(1))).toThrow(expect.objectContaining({ code: 'RPR_FILE_MISSING' }))
  })
})

describe('taskIdOf', () => {
  it('is the same for equal tasks in every run, and another for others', () => {
    // The first six bytes of the SHA-256 of [1,{}] and of [1,{"a":1,"b":{"c":[1,2],"d":0}}].
    expect(taskIdOf({ seed: 1 })).toBe(261550061417618)
    expect(taskIdOf({ seed: 1, options: {} })).toBe(261550061417618)
    expect(taskIdOf({ seed: 1, options: { b: { d: 0, c: [1, 2] }, a: 1 } })).toBe(274625180615364)
    const ids = Array.from({ length: 1000 }, (_, seed) => taskIdOf({ seed }))
    expect(new Set(ids).size).toBe(1000)
    expect(ids.every(Number.isSafeInteger)).toBe(true)
  })
})
