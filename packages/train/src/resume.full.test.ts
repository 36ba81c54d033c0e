/** A run that is killed again and again at random moments ends where one ends that was left alone. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pcg64 } from '@reprise/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { listCheckpoints } from './run/checkpoint.ts'
import { readResult } from './run/run-folder.ts'
import { rowsOf, trainChild } from './testing/kill.ts'
import { train } from './train.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-kill-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const shared = { checkpointEvery: 2000, evalEvery: 1500, evalEpisodes: 3, finalEpisodes: 10 }
const cases = {
  'ppo CartPole-v1': {
    algo: 'ppo',
    env: 'CartPole-v1',
    steps: 24_000,
    set: { ...shared, numEnvs: 4, numSteps: 64, epochs: 2, batchSize: 64, normalizeObservation: true, targetKl: 0.01 },
  },
  'ppo Taxi-v4': {
    algo: 'ppo',
    env: 'Taxi-v4',
    steps: 16_000,
    set: { ...shared, numEnvs: 4, numSteps: 64, epochs: 2, batchSize: 64 },
  },
  'grpo FrozenLake-v1': {
    algo: 'grpo',
    env: 'FrozenLake-v1',
    steps: 24_000,
    set: { ...shared, groups: 4, groupSize: 8, maxBatches: 3, tasks: '7' },
  },
} as const

it.each(Object.entries(cases))('%s, killed at 20 random moments', async (name, options) => {
  const whole = join(root, `${name}-whole`)
  const killed = join(root, `${name}-killed`)
  await train({ ...options, out: whole })
  const rng = new Pcg64(7)
  let kills = 0
  for (let attempt = 0; attempt < 60 && readResult(killed) === undefined; attempt++) {
    const begun = existsSync(join(killed, 'config.yaml')) && listCheckpoints(join(killed, 'checkpoints')).length > 0
    if (!begun) rmSync(killed, { recursive: true, force: true })
    const { child, exited } = trainChild(begun ? { resume: killed } : { ...options, out: killed })
    if (kills < 20) {
      // From before the first write to well into training.
      const timer = setTimeout(() => child.kill('SIGKILL'), 500 + rng.integers(2500))
      if ((await exited) === null) kills++
      clearTimeout(timer)
    } else {
      expect(await exited).toBe(0)
    }
  }
  expect(kills).toBeGreaterThan(3)
  expect(readResult(killed)!.parameterHash).toBe(readResult(whole)!.parameterHash)
  expect(readResult(killed)!.returns).toEqual(readResult(whole)!.returns)
  for (const file of ['metrics.jsonl', 'eval.jsonl']) expect(rowsOf(killed, file)).toEqual(rowsOf(whole, file))
})
