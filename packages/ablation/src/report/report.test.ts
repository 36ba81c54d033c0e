import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { summariseRuns } from '../report-runs.ts'
import { readSummary, summarise } from '../summary.ts'
import { armOf, experimentOf, reading, writeRun } from '../testing/runs.ts'
import { figuresOf } from './figures.ts'
import { htmlReport } from './html.ts'
import { markdownReport } from './markdown.ts'
import { writeReport } from './write.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-report-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const command = 'reprise ablate small'
const references = [
  { name: 'rl-zoo', kind: 'evaluation' as const, score: 500, std: 0, steps: 100_000, source: 'https://zoo' },
]
const plain = armOf('plain', { label: 'PPO', bar: 475, references })
const better = armOf('better', { label: 'PPO+' })
const nothing = armOf('nothing', { label: 'PPO shuffled', isNull: true })

/** Scores of each arm by seed; undefined: not finished. */
function made(scores: Readonly<Record<string, readonly (number | undefined)[]>>, control: string | null = null) {
  const arms = [plain, better, nothing].filter(({ name }) => scores[name])
  for (const arm of arms)
    scores[arm.name]!.forEach((score, i) => void writeRun(root, arm, i + 1, score, 1900 + 25 * (i + 1)))
  return summarise(experimentOf(arms, { reading: { ...reading, control } }), root, command)
}

describe('numbers', () => {
  test('every seed, IQM with interval, worst, bar, curves over steps and over updates', () => {
    const { arms } = made({ plain: [500, 480, 200, 490] })
    const [arm] = arms
    expect(arm).toMatchObject({ iqm: 485, mean: 417.5, median: 485, worst: 200, met: true, wanted: 4 })
    expect(arm!.seeds.map(({ score, updates }) => [score, updates])).toEqual([
      [500, 1925],
      [480, 1950],
      [200, 1975],
      [490, 2000],
    ])
    const [steps, updates] = arm!.curves
    expect(steps).toMatchObject({ name: 'eval', xLabel: 'environment steps', band: { x: [1000, 2000], y: [100, 485] } })
    expect(steps!.runs).toHaveLength(4)
    expect(updates).toMatchObject({ name: 'eval by updates', xLabel: 'gradient updates' })
    expect(updates!.runs[3]).toEqual({ x: [1000, 2000], y: [100, 490] })
  })

  test('pairs of the same seed against the control', () => {
    const { comparisons } = made({ plain: [100, 200, 300, 400], better: [110, 220, 330, 390] }, 'plain')
    expect(comparisons).toHaveLength(1)
    expect(comparisons[0]).toMatchObject({
      ...{ arm: 'better', control: 'plain', seeds: [1, 2, 3, 4], differences: [10, 20, 30, -10], better: 3, equal: 0 },
      difference: { value: 12.5 },
      // 0 + 1 + 1 + 1, 1 + 2 - 1 ... : 110 beats 100; 220 and 330 beat two and three; 390 beats three: 9 of 16.
      improvement: { value: 9 / 16 },
    })
  })

  test('only pairs count where seeds are missing', () => {
    const { comparisons } = made({ plain: [100, 200, undefined, 400], better: [110, undefined, 330, 390] }, 'plain')
    expect(comparisons[0]).toMatchObject({ seeds: [1, 4], differences: [10, -10] })
  })

  test('methods over tasks, normalised', () => {
    const arms = ['CartPole-v1', 'Acrobot-v1'].flatMap((task) =>
      ['a', 'b'].map((method) => armOf(`${task}_${method}`, { task, method, label: method, line: method })),
    )
    const scores = [
      [0, 250, 500, 500],
      [500, 500, 500, 500],
      [-500, -500, -300, -300],
      [-100, -100, -100, -100],
    ]
    arms.forEach((arm, i) => {
      scores[i]!.forEach((score, seed) => void writeRun(root, arm, seed + 1, score))
    })
    const normalise = { 'CartPole-v1': [0, 500], 'Acrobot-v1': [-500, -100] } as const
    const experiment = experimentOf(arms, { reading: { ...reading, normalise, control: 'a' } })
    const summary = summarise(experiment, root, command)
    const [a, b] = summary.overall!.methods
    expect(a!.scores).toEqual([
      [0, 0],
      [0.5, 0],
      [1, 0.5],
      [1, 0.5],
    ])
    // 0 0 | 0 0.5 0.5 0.5 | 1 1
    expect(a!.iqm.value).toBe(0.375)
    expect(b).toMatchObject({
      iqm: { value: 1 },
      difference: { value: 0.5625 },
      improvement: { value: (0.75 + 1) / 2 },
    })
    const files = figuresOf(summary).map(({ file }) => file)
    expect(files).toEqual(
      expect.arrayContaining(['overall.svg', 'overall-curve.svg', 'profile.svg', 'improvement.svg']),
    )
    const markdown = markdownReport(summary, [])
    expect(markdown).toContain('Scale of each task: CartPole-v1: 0 is 0, 1 is 500; Acrobot-v1: 0 is -500, 1 is -100.')
    expect(summarise(experimentOf(arms), root, command).overall!.scales['Acrobot-v1']).toEqual([-500, -100])
  })

  test('over tasks too only seeds that both have are paired, and as such', () => {
    const arms = ['x', 'y'].flatMap((task) =>
      ['a', 'b'].map((method) => armOf(`${task}_${method}`, { task, method, label: method, line: method })),
    )
    // Seed 4 of a and seed 1 of b are missing; b is 1 better than a at each seed.
    for (const arm of arms)
      for (const seed of arm.method === 'a' ? [1, 2, 3] : [2, 3, 4])
        writeRun(root, arm, seed, 10 * seed + (arm.method === 'a' ? 0 : 1))
    const normalise = { '*': [0, 1] } as const
    const { overall } = summarise(
      experimentOf(arms, { reading: { ...reading, normalise, control: 'a' } }),
      root,
      command,
    )
    expect(overall!.methods[1]).toMatchObject({ method: 'b', difference: { value: 1, low: 1, high: 1 } })
  })

  test('recorded scores of another metric are not kept', () => {
    const recorded = made({ plain: [500, 500, 500, 500] })
    rmSync(join(root, plain.name), { recursive: true })
    const other = experimentOf([plain], { reading: { ...reading, metric: 'successRate' } })
    expect(summarise(other, root, command, { recorded }).arms[0]).toMatchObject({ seeds: [], iqm: null })
  })

  test('without runs the metric of a study is the recorded one', () => {
    const study = armOf('a', { train: null, set: {} })
    const experiment = experimentOf([study], { study: '/x/run.ts' })
    const recorded = { ...summarise(experiment, root, command), metric: 'updates' }
    expect(summarise(experiment, root, command, { recorded }).metric).toBe('updates')
  })

  test('what was recorded stays until as many seeds are run again', () => {
    const experiment = experimentOf([plain])
    const recorded = made({ plain: [500, 500, 500, 500] })
    rmSync(join(root, plain.name), { recursive: true })
    writeRun(root, plain, 1, 100)
    const again = (of = experiment) => summarise(of, root, command, { recorded }).arms[0]!
    expect(again()).toEqual(recorded.arms[0])
    expect(again(experimentOf([{ ...plain, bar: 501 }]))).toMatchObject({ iqm: 500, bar: 501, met: false })
    for (const seed of experiment.seeds) writeRun(root, plain, seed, 100)
    expect(again()).toMatchObject({ iqm: 100 })
    rmSync(join(root, plain.name), { recursive: true })
    // Other settings are another arm.
    const longer = experimentOf([{ ...plain, train: { ...plain.train!, steps: 9000 } }])
    expect(again(longer)).toMatchObject({ iqm: null, seeds: [], missing: { length: 4 } })
  })
})

describe('pages', () => {
  test('a line per arm in Markdown, null controls apart', () => {
    const summary = made({ plain: [500, 480, 200, 490], better: [500], nothing: [1] }, 'plain')
    const lines = markdownReport(summary, []).split('\n')
    const [low, high] = summary.arms[0]!.interval!.map((end) => end.toFixed(1))
    expect(lines).toContain(
      `| PPO | 2000 | 500.0, 480.0, 200.0, 490.0 | **485.0 [${low}, ${high}]** | 485.0 | 200.0 | >= 475 | pass | 500.0 ± 0.0 at 100k | 1925 to 2000 | 10 to 13 | 1000 |`,
    )
    expect(lines).toContain(
      '| PPO+ | 2000 | 500.0, 3 not run | **500.0 [500.0, 500.0]** | 500.0 | 500.0 | - | - | - | 1925 | 10 | 1000 |',
    )
    const [arms, nulls] = [lines.indexOf('## Arms'), lines.indexOf('## Null controls')]
    expect(nulls).toBeGreaterThan(arms)
    expect(lines.findIndex((line) => line.startsWith('| PPO shuffled |'))).toBeGreaterThan(nulls)
    expect(lines).toContain('- Reprise 0.1.0, commit 0123456789, Node.js 24.0.0, CPU, 2 cores')
    expect(lines).toContain('- rl-zoo: https://zoo')
  })

  test('a bar that is missed says so, and is not judged while seeds are missing', () => {
    const short = markdownReport(made({ plain: [470, 470, 470] }), [])
    expect(short).toContain('| >= 475 | **seeds missing** |')
    expect(short).toContain('- plain, seed 4: not run')
    expect(short).toContain('not decided, seeds are missing: plain.')
    writeRun(root, plain, 4, 470)
    const full = markdownReport(summarise(experimentOf([plain]), root, command), [])
    expect(full).toContain('| >= 475 | **fail** |')
    expect(full).toContain('0 of 1 bars met; failed: plain.')
  })

  test('the HTML page loads nothing, and shows every seed and whatever is missing', () => {
    const summary = made({ plain: [500, 480, undefined, 490], better: [401, 402, 403, 404] }, 'plain')
    const html = htmlReport({ ...summary, claim: '<b>&"' }, figuresOf(summary))
    expect(html).not.toMatch(/(src|href|url\(|@import|xmlns|<script|<link)/i)
    expect(html).not.toMatch(/NaN|undefined|Infinity/)
    for (const text of ['500.0, 480.0, 490.0, 1 not finished', '401.0, 402.0, 403.0, 404.0'])
      expect(html).toContain(text)
    expect(html).toContain('plain, seed 3: begun, not finished')
    expect(html).toContain('&lt;b&gt;&amp;&quot;')
    expect(html).toContain('prefers-color-scheme:dark')
    expect(html).toContain('@media print')
    expect(html.match(/<svg/g)!.length).toBe(figuresOf(summary).length)
    expect(html).toContain('fill="var(--series-1)"')
    expect(html).not.toMatch(/"#[0-9a-f]{6}"/)
  })

  test('files: numbers that can be read again, pages, figures', () => {
    const summary = made({ plain: [500, 480, 470, 490], better: [1, 2, 3, 4] }, 'plain')
    const out = join(root, 'results')
    const files = writeReport(out, summary)
    expect(files.map((file) => basename(file))).toEqual([
      ...['summary.json', 'report.md', 'report.html', 'scores.svg', 'CartPole-v1.svg', 'CartPole-v1-by-updates.svg'],
      ...['paired.svg', 'improvement.svg', 'profile-CartPole-v1.svg'],
    ])
    expect(readSummary(join(out, 'summary.json'))).toEqual(summary)
    for (const { file } of figuresOf(summary)) {
      expect(readFileSync(join(out, 'report.md'), 'utf8')).toContain(`](${file})`)
    }
    expect(files.reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThan(200_000)
    expect(() => writeReport(join(out, 'report.md'), summary)).toThrow(
      expect.objectContaining({ code: 'RPR_FILE_UNWRITABLE' }),
    )
  })
})

test('run folders without an experiment: seeds of one setting are an arm', () => {
  for (const seed of [1, 2, 3]) {
    writeRun(root, plain, seed, 100 * seed)
    writeRun(root, armOf('fast', { set: { evalEvery: 1000, learningRate: 0.1 } }), seed, 200 * seed)
  }
  writeRun(root, plain, 4)
  const summary = summariseRuns([root], { command: 'reprise report runs' })
  expect(summary.arms.map(({ label, iqm, seeds, missing }) => [label, iqm, seeds.length, missing.length])).toEqual([
    ['ppo learningRate=0.1', 400, 3, 0],
    ['ppo seed-1', 200, 3, 1],
  ])
  const compared = summariseRuns([root], { command: '', control: 'ppo seed-1' })
  expect(compared.comparisons[0]).toMatchObject({ differences: [100, 200, 300], improvement: { value: 7.5 / 9 } })
  expect(() => summariseRuns([root], { command: '', control: 'pop' })).toThrow("'pop' is no arm")
})

test('run folders are found at any depth', () => {
  const deep = join(root, 'experiments', 'small')
  writeRun(deep, plain, 1, 100)
  writeRun(join(root, 'other'), plain, 2, 200)
  expect(summariseRuns([root], { command: '' }).arms[0]!.seeds.map(({ score }) => score)).toEqual([100, 200])
  expect(() => summariseRuns([mkdtempSync(join(root, 'empty-'))], { command: '' })).toThrow('holds none')
})
