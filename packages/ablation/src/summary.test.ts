import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Arm, Experiment } from './experiment.ts'
import { commandOf, jobState, jobsOf, setStillbornAside } from './jobs.ts'
import { table, writeReport } from './report.ts'
import { readSummary, summarise } from './summary.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-summary-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const arm: Arm = {
  name: 'ppo-cartpole',
  algo: 'ppo',
  env: 'CartPole-v1',
  steps: 2000,
  preset: null,
  set: { evalEvery: 1000 },
  bar: 475,
  references: [{ name: 'rl-zoo', kind: 'evaluation', score: 500, std: 0, steps: 100_000, source: 'https://zoo' }],
}
const grpo: Arm = { ...arm, name: 'grpo-cartpole', algo: 'grpo', bar: null, references: [] }
const experiment: Experiment = { name: 'small', claim: 'It works.', seeds: [1, 2, 3, 4], arms: [arm, grpo] }

/** A run folder as training leaves it. */
function writeRun(of: Arm, seed: number, score: number | undefined): string {
  const folder = join(root, of.name, `seed-${seed}`)
  mkdirSync(join(folder, 'checkpoints', '0'), { recursive: true })
  const config = {
    reprise: '0.1.0',
    algo: of.algo,
    env: { id: of.env, options: {} },
    options: { seed, steps: of.steps, ...of.set },
    versions: { node: '24.0.0' },
    machine: { cpu: 'CPU', cores: 2 },
    git: { commit: '0123456789abcdef', dirty: false },
  }
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config))
  const row = (step: number, mean: number) => JSON.stringify({ step, mean_reward: mean, std_reward: 0, episodes: 1 })
  writeFileSync(join(folder, 'eval.jsonl'), `${row(1000, 100)}\n${row(2000, score ?? 0)}\n`)
  if (score !== undefined) {
    const result = {
      seed,
      score,
      stdReward: 1,
      returns: [score],
      steps: 2048,
      wallSeconds: 9 + seed,
      stepsPerSecond: 1000,
    }
    writeFileSync(
      join(folder, 'result.json'),
      JSON.stringify({ ...result, executor: 'eager:cpu', parameterHash: 'abc' }),
    )
  }
  return folder
}

describe('jobs', () => {
  test('absent, begun, finished, and the command that each needs', () => {
    const [first, second, third] = jobsOf(experiment, root)
    writeRun(arm, 2, undefined)
    writeRun(arm, 3, 500)
    expect(jobsOf(experiment, root)).toHaveLength(8)
    expect(jobState(first!)).toEqual({ kind: 'absent' })
    expect(commandOf(first!, { kind: 'absent' }).join(' ')).toBe(
      `train --algo ppo --env CartPole-v1 --steps 2000 --seed 1 --set evalEvery=1000 --out ${first!.folder} --quiet`,
    )
    expect(jobState(second!)).toEqual({ kind: 'begun' })
    expect(commandOf(second!, { kind: 'begun' })).toEqual(['resume', second!.folder, '--quiet'])
    expect(jobState(third!)).toMatchObject({ kind: 'finished', run: { result: { score: 500 } } })
  })

  test('a run with other settings is not taken for this one', () => {
    writeRun({ ...arm, steps: 1000 }, 1, 500)
    expect(() => jobState(jobsOf(experiment, root)[0]!)).toThrow('with steps = 1000, the experiment now says 2000')
  })

  test('a run without a checkpoint is moved aside', () => {
    const job = jobsOf(experiment, root)[1]!
    writeRun(arm, 2, undefined)
    expect(setStillbornAside(job)).toBeUndefined()
    rmSync(join(job.folder, 'checkpoints', '0'), { recursive: true })
    expect(setStillbornAside(job)).toBe(`${job.folder}.aside-1`)
    expect(existsSync(job.folder)).toBe(false)
    expect(jobState(job)).toEqual({ kind: 'absent' })
  })
})

describe('summary and report', () => {
  const command = 'npm run experiment -- small'

  test('every seed, IQM with interval, minimum, bar; curves per environment', () => {
    for (const [i, score] of [500, 480, 200, 490].entries()) writeRun(arm, i + 1, score)
    writeRun(grpo, 1, 300)
    const summary = summarise(experiment, root, command)
    expect(summary.arms[0]).toMatchObject({ iqm: 485, min: 200, met: true, wanted: 4 })
    expect(summary.arms[0]!.curve).toMatchObject({ x: [1000, 2000], y: [100, 485] })
    expect(summary.arms[1]).toMatchObject({ iqm: 300, interval: [300, 300], met: null })
    const lines = table(summary).split('\n')
    const [low, high] = summary.arms[0]!.interval!.map((end) => end.toFixed(1))
    expect(lines[4]).toBe(
      `| PPO CartPole-v1 | 2000 | 500.0, 480.0, 200.0, 490.0 | **485.0** [${low}, ${high}] | 200.0 | >= 475 | yes | 500.0 ± 0.0 at 100k | 10 to 13 | 1000 |`,
    )
    expect(lines[5]).toContain('| 300.0, 3 not run | **300.0** [300.0, 300.0] | 300.0 | - | - | - | 10 | 1000 |')
    expect(lines).toContain('- Reprise 0.1.0, commit 0123456789, Node.js 24.0.0, CPU, 2 cores')

    const out = join(root, 'results')
    expect(writeReport(out, summary)).toEqual(['summary.json', 'table.md', 'CartPole-v1.svg'].map((f) => join(out, f)))
    expect(readSummary(join(out, 'summary.json'))).toEqual(summary)
    const svg = readFileSync(join(out, 'CartPole-v1.svg'), 'utf8')
    for (const text of ['PPO', 'GRPO', 'bar 475']) expect(svg).toContain(`>${text}</text>`)
  })

  test('a bar that is missed says so, and is not judged while seeds are missing', () => {
    for (const seed of [1, 2, 3]) writeRun(arm, seed, 470)
    expect(table(summarise(experiment, root, command))).toContain('| >= 475 | not yet run |')
    writeRun(arm, 4, 470)
    expect(table(summarise(experiment, root, command))).toContain('| >= 475 | **no** |')
  })

  test('what was recorded stays until as many seeds are run again', () => {
    for (const seed of experiment.seeds) writeRun(arm, seed, 500)
    const recorded = summarise(experiment, root, command)
    rmSync(join(root, arm.name), { recursive: true })
    writeRun(arm, 1, 100)
    expect(summarise(experiment, root, command, recorded).arms[0]).toEqual(recorded.arms[0])
    const higher = { ...experiment, arms: [{ ...arm, bar: 501 }, grpo] }
    expect(summarise(higher, root, command, recorded).arms[0]).toMatchObject({ iqm: 500, bar: 501, met: false })
    for (const seed of experiment.seeds) writeRun(arm, seed, 100)
    expect(summarise(experiment, root, command, recorded).arms[0]).toMatchObject({ iqm: 100 })
    // Other settings are another arm.
    rmSync(join(root, arm.name), { recursive: true })
    const longer = { ...experiment, arms: [{ ...arm, steps: 9000 }, grpo] }
    expect(summarise(longer, root, command, recorded).arms[0]).toMatchObject({ iqm: null, seeds: [] })
  })
})
