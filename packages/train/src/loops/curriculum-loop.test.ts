/** Filter, choice of tasks and rollout budget through the training loop itself. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resume } from '../resume.ts'
import { HiddenCode, SilentCode } from '../testing/hidden-code.ts'
import { rowsOf } from '../testing/kill.ts'
import { train } from '../train.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-curriculum-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const quick = {
  ...{ groups: 4, groupSize: 4, minibatches: 2, hidden: [8], tasks: 12 },
  ...{ evalEvery: 0, finalEpisodes: 1, tensorboard: false, checkpointEvery: 0 },
}
type Row = Record<string, number>
const metrics = (folder: string) => rowsOf(folder, 'metrics.jsonl') as Row[]
const untimed = (rows: readonly Row[]) =>
  rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !/^(time|memory)/.test(name))))

const run = (name: string, set: object, more: object = {}) =>
  train({
    ...{ algo: 'grpo', env: HiddenCode, executor: 'eager:cpu', steps: 320, out: join(root, name) },
    ...more,
    set: { ...quick, ...set },
  })

interface Report {
  tasks: number
  kept: number
  environmentSteps: number
  verdicts: { seed: number; rollouts: number; successes: number; kept: boolean; why: string; taskId: number }[]
}
const report = (folder: string) => JSON.parse(readFileSync(join(folder, 'task-filter.json'), 'utf8')) as Report

describe('task filter', () => {
  it('keeps the tasks that the starting policy solves at times, says so, and counts its steps apart', async () => {
    const { folder } = await run('filter', { taskFilter: 6 })
    const { tasks, kept, environmentSteps, verdicts } = report(folder)
    expect([tasks, verdicts.length, environmentSteps]).toEqual([12, 12, 12 * 6 * 2])
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThan(12)
    for (const verdict of verdicts) {
      expect(verdict.rollouts).toBe(6)
      expect(verdict.kept).toBe(verdict.successes > 0)
      expect(verdict.why).toBe(verdict.kept ? `${verdict.successes} of 6 succeeded` : 'no success')
    }
    const rows = metrics(folder)
    expect(rows[0]).toMatchObject({ step: 32, 'tasks/kept': kept, 'tasks/filter_steps': environmentSteps })
    expect(rows[0]!['rollout/episodes']).toBe(16)
    expect(readFileSync(join(folder, 'run.log'), 'utf8')).toContain(`kept ${kept} of 12 tasks`)
    // The kept list is a task file: another run can train on it without the filter.
    const again = await run('kept', { tasks: join(folder, 'kept-tasks.yaml') })
    expect(metrics(again.folder).length).toBeGreaterThan(0)
  })

  it('plays more rollouts than the environment has rows in parts', async () => {
    const { folder } = await run('parts', { taskFilter: 40, tasks: 3 })
    expect(report(folder).verdicts.map(({ rollouts }) => rollouts)).toEqual([40, 40, 40])
  })

  it('is not played again on resume, and the run goes on as if it had never stopped', async () => {
    for (const [name, set, algo] of [
      ['variance', { taskFilter: 4, taskSelection: 'variance', rolloutBudget: 8 }, 'grpo'],
      ['difficulty', { taskFilter: 4, taskSelection: 'difficulty', difficultyTarget: 0.3 }, 'arpo'],
      ['cycle', { taskFilter: 4 }, 'arpo'],
    ] as const) {
      const whole = await run(`${name}-whole`, set, { algo, steps: 640 })
      const half = await run(`${name}-half`, set, { algo, steps: 320 })
      const resumed = await resume(half.folder, { steps: 640, env: HiddenCode as never })
      expect(resumed.result!.parameterHash).toBe(whole.result!.parameterHash)
      expect(untimed(metrics(half.folder))).toEqual(untimed(metrics(whole.folder)))
    }
  })

  it('ends where no task is left', async () => {
    const impossible = class extends HiddenCode {
      override step(action: unknown) {
        const { outcome: _, ...result } = super.step(action) as ReturnType<HiddenCode['step']> & { outcome?: number }
        return { ...result, reward: 0, ...(result.terminated ? { outcome: 0 } : {}) }
      }
    }
    const failed = run('nothing', { taskFilter: 2 }, { env: impossible })
    await expect(failed).rejects.toMatchObject({ code: 'RPR_OPTION_CONFLICT' })
    expect(report(join(root, 'nothing')).kept).toBe(0)
  })
})

describe('task selection', () => {
  it('uniform without a filter or a budget is what it was, bit for bit', async () => {
    const plain = await run('plain', {})
    const explicit = await run('explicit', { taskSelection: 'uniform', rolloutBudget: 0 })
    expect(explicit.result!.parameterHash).toBe(plain.result!.parameterHash)
    expect(metrics(plain.folder)[0]).not.toHaveProperty('tasks/kept')
  })

  it.each([
    [{ taskSelection: 'variance' }, "'taskSelection' = 'variance'"],
    [{ taskFilter: 4 }, "'taskFilter' = 4"],
  ])('is refused where no task comes twice: %o', async (set, text) => {
    const failed = run('fresh', { ...set, tasks: 'fresh' })
    await expect(failed).rejects.toMatchObject({
      code: 'RPR_OPTION_CONFLICT',
      message: expect.stringContaining(text),
    })
    expect(existsSync(join(root, 'fresh'))).toBe(false)
  })

  it.each([{ taskSelection: 'difficulty' }, { taskFilter: 4 }, { rolloutBudget: 4 }])(
    'is refused where no outcome is known, unless outcomeFrom says one: %o',
    async (set) => {
      const name = Object.keys(set)[0]!
      await expect(run(`silent-${name}`, set, { env: SilentCode })).rejects.toMatchObject({
        code: 'RPR_ENV_UNSUPPORTED',
        message: expect.stringContaining(name),
      })
      await run(`mapped-${name}`, { ...set, outcomeFrom: 'return>0' }, { env: SilentCode })
    },
  )

  it('what has no effect is refused', async () => {
    for (const set of [{ difficultyTarget: 0.2 }, { taskExplore: 0.5 }, { maxGroupSize: 9 }])
      await expect(run('inert', set)).rejects.toMatchObject({ code: 'RPR_OPTION_INERT' })
    await expect(run('narrow', { rolloutBudget: 4, maxGroupSize: 4 })).rejects.toMatchObject({
      code: 'RPR_OPTION_CONFLICT',
    })
  })

  it('warns where a batch plays all tasks anyway', async () => {
    const { folder } = await run('all', { taskSelection: 'variance', tasks: 3 })
    expect(readFileSync(join(folder, 'config.yaml'), 'utf8')).toContain('has little to choose')
  })
})

describe('rollout budget', () => {
  it('groups that failed grow by the same number in all, up to a bound, and steps count', async () => {
    const { folder } = await run('budget', { rolloutBudget: 12, maxGroupSize: 10, rolloutStep: 3 })
    const rows = metrics(folder)
    let before = 0
    for (const row of rows) {
      expect(row['group/budget_episodes']).toBeLessThanOrEqual(12)
      expect(row['step']! - before).toBe(32 + 2 * row['group/budget_episodes']!)
      before = row['step']!
      if (row['group/budget_groups']! > 0) expect(row['group/budget_episodes']).toBeGreaterThanOrEqual(3)
      expect(row['group/budget_resolved']).toBeLessThanOrEqual(row['group/budget_groups']!)
    }
    expect(rows.some((row) => row['group/budget_resolved']! > 0)).toBe(true)
    expect(rows.some((row) => row['group/budget_episodes'] === 12)).toBe(true)
  })

  it('with sequence ratios, dynamic sampling, replay and fresh tasks', async () => {
    const set = { rolloutBudget: 8, ratio: 'sequence', maxBatches: 2 }
    const { folder } = await run('sequence', set)
    expect(metrics(folder).length).toBeGreaterThan(2)
    const replayed = await run(
      'replayed',
      { rolloutBudget: 8, rolloutBudgetFor: 'alike' },
      { algo: 'arpo', steps: 960 },
    )
    expect(metrics(replayed.folder).some((row) => row['replay/groups_rescued']! > 0)).toBe(true)
    await run('fresh-budget', { rolloutBudget: 4, tasks: 'fresh' })
  })
})

it('a filter of tasks that the environment names says the names', async () => {
  const tasks = join(root, 'named.yaml')
  writeFileSync(tasks, '- seed: 1\n- seed: 2\n')
  const named = class extends HiddenCode {
    override reset(given: { seed?: number } = {}) {
      return { ...super.reset(given), taskId: 100 + (given.seed ?? 0) }
    }
  }
  const { folder } = await run('named', { tasks, taskFilter: 30 }, { env: named })
  expect(report(folder).verdicts.map(({ taskId }) => taskId)).toEqual([101, 102])
})
