/** A run that is killed again and again at random moments ends where one ends that was left alone. */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
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

const shared = { checkpointEvery: 6000, evalEvery: 5000, evalEpisodes: 3, finalEpisodes: 10 }
const cases = {
  'ppo CartPole-v1': {
    algo: 'ppo',
    env: 'CartPole-v1',
    steps: 200_000,
    set: { ...shared, numEnvs: 4, numSteps: 64, epochs: 2, batchSize: 64, normalizeObservation: true, targetKl: 0.01 },
  },
  'ppo Taxi-v4': {
    algo: 'ppo',
    env: 'Taxi-v4',
    steps: 30_000,
    set: { ...shared, numEnvs: 4, numSteps: 64, epochs: 2, batchSize: 64 },
  },
  'grpo FrozenLake-v1': {
    algo: 'grpo',
    env: 'FrozenLake-v1',
    steps: 400_000,
    set: { ...shared, groups: 4, groupSize: 8, maxBatches: 3, tasks: '7' },
  },
} as const

it.each(Object.entries(cases))('%s, killed at 20 random moments', async (name, options) => {
  const whole = join(root, `${name}-whole`)
  const killed = join(root, `${name}-killed`)
  await train({ ...options, out: whole })
  const rng = new Pcg64(7)
  const reached = () => (existsSync(join(killed, 'metrics.jsonl')) ? statSync(join(killed, 'metrics.jsonl')).size : 0)
  const size = statSync(join(whole, 'metrics.jsonl')).size
  let kills = 0
  for (let attempt = 0; attempt < 60 && readResult(killed) === undefined; attempt++) {
    const begun = existsSync(join(killed, 'config.yaml')) && listCheckpoints(join(killed, 'checkpoints')).length > 0
    if (!begun) rmSync(killed, { recursive: true, force: true })
    // Within the next fifteenth of the run, and at any moment of what the loop does there.
    const target = reached() + rng.integers(Math.ceil(size / 15))
    const { child, exited } = trainChild(begun ? { resume: killed } : { ...options, out: killed })
    if (kills < 20) {
      const timer = setInterval(() => {
        if (reached() < target) return
        clearInterval(timer)
        setTimeout(() => child.kill('SIGKILL'), rng.integers(20))
      }, 1)
      if ((await exited) === null) kills++
      clearInterval(timer)
    } else {
      expect(await exited).toBe(0)
    }
  }
  expect(kills).toBeGreaterThan(9)
  expect(readResult(killed)!.parameterHash).toBe(readResult(whole)!.parameterHash)
  expect(readResult(killed)!.returns).toEqual(readResult(whole)!.returns)
  for (const file of ['metrics.jsonl', 'eval.jsonl']) expect(rowsOf(killed, file)).toEqual(rowsOf(whole, file))
})
