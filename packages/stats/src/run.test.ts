import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findRuns, readRun, runCurve, runMetrics } from './run.ts'
import { writeRun } from './test-runs.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-stats-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('readRun', () => {
  test('gives config, rows and result', () => {
    const run = readRun(writeRun(join(root, 'a'), { seed: 4 }))
    expect(run.name).toBe('a')
    expect(run.config).toMatchObject({ algo: 'ppo', env: { id: 'CartPole-v1' }, options: { seed: 4 } })
    expect(run.metrics[1]).toEqual({ step: 2000, time: 1.5, 'rollout/ep_rew_mean': 195, 'train/approx_kl': 0.02 })
    expect(run.evaluations[2]).toMatchObject({ step: 3000, mean_reward: 500, returns: [499, 501] })
    expect(run.result).toMatchObject({ score: 500, wallSeconds: 2 })
  })

  test('a run that is going on: no result, perhaps no rows, perhaps half a line', () => {
    const path = writeRun(join(root, 'a'), { finished: false })
    appendFileSync(join(path, 'metrics.jsonl'), '{"step": 40')
    expect(readRun(path)).toMatchObject({ metrics: { length: 3 }, evaluations: { length: 3 } })
    expect(readRun(path).result).toBeUndefined()
    rmSync(join(path, 'eval.jsonl'))
    expect(readRun(path).evaluations).toEqual([])
  })

  test('what is damaged is named', () => {
    const invalid = (text: string) =>
      expect.objectContaining({ code: 'RPR_RUN_INVALID', message: expect.stringContaining(text) })
    const path = writeRun(join(root, 'a'))
    appendFileSync(join(path, 'metrics.jsonl'), '{"step": 40\n')
    expect(() => readRun(path)).toThrow(invalid(`Line 4 of '${join(path, 'metrics.jsonl')}'`))
    writeFileSync(join(path, 'metrics.jsonl'), '[1]\n')
    expect(() => readRun(path)).toThrow(invalid('Line 1'))
    writeFileSync(join(path, 'metrics.jsonl'), '')
    writeFileSync(join(path, 'result.json'), '{')
    expect(() => readRun(path)).toThrow(invalid('result.json'))
    writeFileSync(join(path, 'config.yaml'), 'text')
    expect(() => readRun(path)).toThrow(invalid('it holds no mapping'))
    expect(() => readRun(root)).toThrow(invalid('no config.yaml'))
    expect(() => readRun(join(root, 'none'))).toThrow(expect.objectContaining({ code: 'RPR_FILE_MISSING' }))
  })
})

test('findRuns: a run, or the runs within a folder in the order of their numbers', () => {
  for (const seed of [1, 2, 10]) writeRun(join(root, `seed-${seed}`), { seed })
  mkdirSync(join(root, 'other'))
  expect(findRuns(root)).toEqual([1, 2, 10].map((seed) => join(root, `seed-${seed}`)))
  expect(findRuns(join(root, 'seed-2'))).toEqual([join(root, 'seed-2')])
  expect(() => findRuns(join(root, 'other'))).toThrow(expect.objectContaining({ code: 'RPR_RUN_INVALID' }))
  expect(() => findRuns(join(root, 'none'))).toThrow(expect.objectContaining({ code: 'RPR_FILE_MISSING' }))
})

describe('runCurve', () => {
  test('evaluations and metrics, without rows that lack the key', () => {
    const run = readRun(writeRun(join(root, 'a')))
    expect(runCurve(run, 'eval/mean_reward')).toEqual({ x: [1000, 2000, 3000], y: [10, 200, 500] })
    expect(runCurve(run, 'rollout/ep_rew_mean')).toEqual({ x: [2000, 3000], y: [195, 495] })
    expect(runMetrics(run)).toEqual([
      'eval/time',
      'eval/mean_reward',
      'eval/std_reward',
      'eval/episodes',
      'time',
      'train/approx_kl',
      'rollout/ep_rew_mean',
    ])
  })

  test('an unknown metric is answered with the nearest one', () => {
    const run = readRun(writeRun(join(root, 'a')))
    expect(() => runCurve(run, 'eval/mean_rewards')).toThrow(
      "has no metric 'eval/mean_rewards'. Did you mean 'eval/mean_reward'?",
    )
    expect(() => runCurve(run, 'zzz')).toThrow('It has eval/time, eval/mean_reward')
    const empty = readRun(writeRun(join(root, 'b'), { rewards: [] }))
    expect(() => runCurve(empty, 'eval/mean_reward')).toThrow('It has logged nothing yet.')
  })
})
