import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { box, discrete } from '@reprise/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { train } from '../train.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-groups-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Rows are numbered as they are made; those of training come last, four of them, in two groups. */
function environments(behave: { start?: (row: number) => number; step?: (row: number) => void }) {
  let made = 0
  return class Numbered {
    readonly observationSpace = box({ low: 0, high: 10, shape: [1] })
    readonly actionSpace = discrete(2)
    readonly spec = { id: 'Numbered-v0', maxEpisodeSteps: 3 }
    readonly number = made++
    /** 0 to 3 in training. */
    get row(): number {
      return this.number - (made - 4)
    }
    reset() {
      return { observation: [behave.start?.(this.row) ?? 1] }
    }
    step(action: unknown) {
      behave.step?.(this.row)
      return { observation: [1], reward: action as number, terminated: false, truncated: false }
    }
  }
}

const run = (name: string, env: ReturnType<typeof environments>) =>
  train({
    algo: 'grpo',
    env,
    steps: 9,
    executor: 'eager:cpu',
    out: join(root, name),
    set: { groups: 2, groupSize: 2, minibatches: 1, hidden: [4], evalEvery: 0, finalEpisodes: 1, tensorboard: false },
  })

it('drops and counts the episodes whose environment throws', async () => {
  let thrown = 0
  const env = environments({
    step: (row) => {
      if (row !== 2 || thrown++ > 0) return
      throw new TypeError('socket closed')
    },
  })
  await run('some', env)
  const [row] = readFileSync(join(root, 'some', 'metrics.jsonl'), 'utf8').split('\n')
  expect(JSON.parse(row!)).toMatchObject({ 'episodes/failed': 1, 'rollout/episodes': 3 })
})

it('ends with what was thrown where all do', async () => {
  const env = environments({
    step: (row) => {
      if (row >= 0) throw new TypeError('socket closed')
    },
  })
  await expect(run('all', env)).rejects.toThrow(/All 4 episodes.* failed; one threw TypeError: socket closed\. /)
})

it('refuses groups that begin differently, also where their first row failed', async () => {
  await expect(run('apart', environments({ start: (row) => (row === 3 ? 2 : 1) }))).rejects.toThrow(/rows 2 and 3/)
  const wide = environments({
    start: (row) => {
      if (row === 0) throw new Error('no start')
      return row
    },
  })
  const set = { groups: 1, groupSize: 4, minibatches: 1, hidden: [4], evalEvery: 0, tensorboard: false }
  const failed = train({ algo: 'grpo', env: wide, steps: 9, executor: 'eager:cpu', out: join(root, 'wide'), set })
  await expect(failed).rejects.toThrow(/rows 1 and 2/)
})
