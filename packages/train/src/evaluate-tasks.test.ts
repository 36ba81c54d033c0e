import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { evaluateTasks } from './evaluate-tasks.ts'
import { train } from './train.ts'

const folder = mkdtempSync(join(tmpdir(), 'reprise-tasks-'))
const out = join(folder, 'run')
const tasks = Array.from({ length: 6 }, (_, task) => ({ seed: task, options: { task } }))

beforeAll(async () => {
  // Untrained: each of two moves is about as likely, so one task in four is solved by chance.
  await train({
    algo: 'grpo',
    env: 'HiddenSequence-v0',
    envOptions: { length: 2, moves: 2, tasks: 6 },
    steps: 32,
    seed: 1,
    out,
    preset: false,
    set: { groups: 2, groupSize: 4, learningRate: 1e-9, finalEpisodes: 1, tensorboard: false },
  })
})

describe('evaluateTasks', () => {
  it('plays every task, greedily the same each time', async () => {
    const once = await evaluateTasks(out, { tasks })
    const thrice = await evaluateTasks(out, { tasks, episodes: 3 })
    expect(once.map(({ task }) => task)).toEqual(tasks)
    expect(once.every(({ successRate, meanReward }) => successRate === meanReward)).toBe(true)
    expect(thrice.map(({ successRate }) => successRate)).toEqual(once.map(({ successRate }) => successRate))
  })

  it('draws from the policy, the same with the same seed, with rates of chance', async () => {
    const options = { tasks, episodes: 400, sample: true }
    const results = await evaluateTasks(out, options)
    // Five standard errors.
    for (const { successRate } of results) expect(Math.abs(successRate! - 0.25)).toBeLessThan(0.11)
    expect(await evaluateTasks(out, options)).toEqual(results)
    expect(await evaluateTasks(out, { ...options, seed: 1 })).not.toEqual(results)
  })

  it('reads a task file, and refuses what is none', async () => {
    const path = join(folder, 'tasks.yaml')
    writeFileSync(path, JSON.stringify(tasks.slice(2)))
    expect(await evaluateTasks(out, { tasks: path })).toEqual((await evaluateTasks(out, { tasks })).slice(2))
    await expect(evaluateTasks(out, { tasks: join(folder, 'none.yaml') })).rejects.toMatchObject({
      code: 'RPR_FILE_MISSING',
    })
    await expect(evaluateTasks(out, { tasks: [] })).rejects.toMatchObject({ code: 'RPR_OPTION_RANGE' })
    await expect(evaluateTasks(out, { tasks, episodes: 0 })).rejects.toMatchObject({ code: 'RPR_OPTION_RANGE' })
  })

  it('takes success as outcomeFrom says it, and refuses to sample where exploration is a schedule', async () => {
    const small = { steps: 32, seed: 1, preset: false as const }
    const all = join(folder, 'all')
    const set = { groups: 2, groupSize: 4, outcomeFrom: 'return>-1', finalEpisodes: 1, tensorboard: false }
    const { result } = await train({ algo: 'grpo', env: 'HiddenSequence-v0', ...small, out: all, set })
    expect(result!.successRate).toBe(1)
    expect((await evaluateTasks(all, { tasks })).map(({ successRate }) => successRate)).toEqual(tasks.map(() => 1))
    const dqn = join(folder, 'dqn')
    await train({ algo: 'dqn', env: 'HiddenSequence-v0', ...small, out: dqn, set: { finalEpisodes: 1 } })
    expect(await evaluateTasks(dqn, { tasks })).toHaveLength(6)
    await expect(evaluateTasks(dqn, { tasks, sample: true })).rejects.toMatchObject({ code: 'RPR_OPTION_CONFLICT' })
  })
})
