import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppendFile, setAsideAfter } from './append-file.ts'
import { CheckpointStore, listCheckpoints, readCheckpoint } from './checkpoint.ts'
import { lockRun } from './lock.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-run-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const info = (step: number) => ({
  step,
  time: '',
  lengths: { 'metrics.jsonl': 3 },
  parameterHash: 'h',
  node: '20',
  executor: 'eager:cpu',
})

describe('checkpoints', () => {
  it('keep the newest few and the best', () => {
    const store = new CheckpointStore(folder, 2)
    for (const step of [10, 20, 30, 40]) store.write(info(step), { step }, { step: 10, meanReward: 1 })
    expect(listCheckpoints(store.folder)).toEqual([10, 30, 40])
    expect(readCheckpoint(folder, 'best').state).toEqual({ step: 10 })
    expect(readCheckpoint(folder, 'last').info.step).toBe(40)
    expect(readCheckpoint(folder, 30).info.lengths).toEqual({ 'metrics.jsonl': 3 })
  })

  it('that were not finished are not seen, and are cleared away', () => {
    const store = new CheckpointStore(folder, 3)
    store.write(info(10), {}, undefined)
    const half = join(store.folder, '.tmp-1-0-20')
    writeFileSync(half, 'half')
    expect(listCheckpoints(store.folder)).toEqual([10])
    new CheckpointStore(folder, 3)
    expect(existsSync(half)).toBe(false)
  })

  it('that were being written anew come back as they were, or as they are now', () => {
    const store = new CheckpointStore(folder, 1)
    store.write(info(10), { value: 1 }, undefined)
    // Lost between the two renames.
    renameSync(join(store.folder, '10'), join(store.folder, '.former-10'))
    expect(readCheckpoint(folder, 'last').state).toEqual({ value: 1 })
    new CheckpointStore(folder, 1)
    expect(readdirSync(store.folder)).toEqual(['10'])
    expect(readCheckpoint(folder, 10).state).toEqual({ value: 1 })
    // Lost after them.
    cpSync(join(store.folder, '10'), join(store.folder, '.former-10'), { recursive: true })
    store.write(info(10), { value: 2 }, undefined)
    new CheckpointStore(folder, 1)
    expect(readCheckpoint(folder, 'last').state).toEqual({ value: 2 })
    expect(readdirSync(store.folder)).toEqual(['10'])
  })

  it('that are damaged or missing are refused by name', () => {
    const store = new CheckpointStore(folder, 3)
    const path = store.write(info(10), { value: 1 }, undefined)
    const bytes = readFileSync(join(path, 'state.rpr'))
    writeFileSync(join(path, 'state.rpr'), bytes.subarray(0, bytes.length - 5))
    expect(() => readCheckpoint(folder, 'last')).toThrow(expect.objectContaining({ code: 'RPR_CHECKPOINT_CORRUPT' }))
    writeFileSync(join(path, 'checkpoint.json'), 'null')
    expect(() => readCheckpoint(folder, 'last')).toThrow(expect.objectContaining({ code: 'RPR_CHECKPOINT_CORRUPT' }))
    writeFileSync(join(store.folder, 'best.json'), '{')
    expect(() => readCheckpoint(folder, 'best')).toThrow(expect.objectContaining({ code: 'RPR_RUN_INVALID' }))
    expect(() => readCheckpoint(folder, 11)).toThrow(
      expect.objectContaining({ code: 'RPR_CHECKPOINT_MISSING', value: 11 }),
    )
  })
})

describe('append-only files', () => {
  it('know their length across openings, and set aside what lies beyond a checkpoint', () => {
    const path = join(folder, 'metrics.jsonl')
    const first = new AppendFile(path)
    first.append('one\n')
    first.close()
    const second = new AppendFile(path)
    expect(second.length).toBe(4)
    second.append('two\n')
    second.close()
    expect(setAsideAfter(path, 4, 'after-1')).toBe(4)
    expect(readFileSync(path, 'utf8')).toBe('one\n')
    expect(readFileSync(join(folder, 'set-aside', 'metrics.jsonl.after-1'), 'utf8')).toBe('two\n')
    expect(setAsideAfter(path, 4, 'after-1')).toBe(0)
    expect(readdirSync(join(folder, 'set-aside'))).toEqual(['metrics.jsonl.after-1'])
  })
})

describe('the lock of a run', () => {
  it('is taken over from a process that is gone, and refused while one lives', () => {
    writeFileSync(join(folder, '.lock'), JSON.stringify({ pid: 2 ** 22 + 1, host: 'elsewhere.invalid' }))
    expect(() => lockRun(folder)).toThrow(expect.objectContaining({ code: 'RPR_RUN_LOCKED' }))
    rmSync(join(folder, '.lock'))
    const unlock = lockRun(folder)
    const holder = JSON.parse(readFileSync(join(folder, '.lock'), 'utf8'))
    expect(holder.pid).toBe(process.pid)
    writeFileSync(join(folder, '.lock'), JSON.stringify({ ...holder, pid: 2 ** 22 + 1 }))
    const again = lockRun(folder)
    again()
    unlock()
    expect(existsSync(join(folder, '.lock'))).toBe(false)
    // Left by a process of the same number, as in a container that was started again.
    writeFileSync(join(folder, '.lock'), JSON.stringify(holder))
    const taken = lockRun(folder)
    expect(() => lockRun(folder)).toThrow(expect.objectContaining({ code: 'RPR_RUN_LOCKED' }))
    taken()
  })
})
