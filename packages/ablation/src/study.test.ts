/** Studies end to end: a process per job, as `reprise ablate` runs them. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runExperiment } from './run-experiment.ts'
import { runStudyJob } from './run-study.ts'
import { readSummary } from './summary.ts'

const program = [process.execPath, fileURLToPath(new URL('../../cli/bin/reprise.mjs', import.meta.url))] as const

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-study-'))
  // Studies in an ES module package are imported as they are, which is quick; `throws` goes without.
  mkdirSync(join(root, 'tiny'))
  writeFileSync(join(root, 'tiny', 'package.json'), '{ "type": "module" }')
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function write(name: string, arms: string, run: string): string {
  const folder = join(root, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'experiment.yaml'),
    `{ name: ${name}, claim: It runs., seeds: 1..2, run: ./run.ts, better: lower, control: a, arms: { ${arms} } }`,
  )
  writeFileSync(join(folder, 'run.ts'), run)
  return folder
}

async function ablate(folder: string, options: { quick?: boolean; jobs?: number } = {}) {
  const lines: string[] = []
  const print = (line: string) => lines.push(line)
  const code = await runExperiment(folder, { program: [...program], runs: join(root, 'runs'), print, ...options })
  return { code, text: lines.join('\n') }
}

const RUN = `
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
interface Job { arm: string; seed: number; out: string; set: { n: number; dies?: boolean }; quick: boolean }
export async function run({ arm, seed, out, set, quick }: Job) {
  appendFileSync(out + '/calls', 'x')
  if (set.dies && !existsSync(out + '/half')) {
    writeFileSync(out + '/half', '')
    process.kill(process.pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 10_000))
  }
  const y = [8, 4, 2].map((value) => value * set.n * seed)
  return { metrics: { updates: set.n * seed, quick: Number(quick) }, curves: { error: { x: [0, 1, 2], y } }, xLabel: 'updates', logY: true }
}
`

test('every arm and seed once; a killed job is run again in its folder, finished ones are not', async () => {
  const folder = write('tiny', 'a: { set: { n: 3 } }, b: { set: { n: 2, dies: true } }', RUN)
  const first = await ablate(folder)
  expect(first.text).toContain('4 runs: 0 finished, 4 to do')
  expect(first.text).toContain('a seed 2: updates 6 in')
  expect(first.text).toMatch(/b seed 1: ended with exit code 1, see .*seed-1\.log/)
  expect(first.code).toBe(1)
  const report = () => readFileSync(join(folder, 'results', 'report.md'), 'utf8')
  expect(report()).toContain('- b, seeds 1, 2: begun, not finished')

  const second = await ablate(folder)
  expect(second.text).toContain('4 runs: 2 finished, 2 to do')
  expect(second.text).toContain('b seed 1: resumed')
  expect(second.code).toBe(0)
  const calls = (arm: string) => readFileSync(join(root, 'runs', 'tiny', arm, 'seed-1', 'calls'), 'utf8')
  expect([calls('a'), calls('b')]).toEqual(['x', 'xx'])

  const summary = readSummary(join(folder, 'results', 'summary.json'))!
  expect(summary.metric).toBe('updates')
  expect(summary.arms.map(({ seeds }) => seeds.map(({ score }) => score))).toEqual([
    [3, 6],
    [2, 4],
  ])
  expect(summary.comparisons[0]).toMatchObject({ differences: [-1, -2], better: 2, improvement: { value: 0.75 } })
  expect(summary.arms[0]!.curves[0]).toMatchObject({
    name: 'error',
    logY: true,
    band: { x: [0, 1, 2], y: [36, 18, 9] },
  })
  expect(summary.arms[0]!.provenance[0]).toMatch(/^Reprise \d.*, study [0-9a-f]{12}, Node.js /)
  expect(report()).not.toContain('Missing or failed')
  expect(readdirSync(join(folder, 'results'))).toContain('curve-error.svg')

  // Other options than those that were run are refused, and nothing is started.
  write('tiny', 'a: { set: { n: 4 } }', RUN)
  await expect(ablate(folder)).rejects.toThrow('was run with set.n = 3, the experiment now says 4.')

  write('tiny', 'a: { set: { n: 3 } }', RUN)
  const quick = await ablate(folder, { quick: true })
  expect(quick.code).toBe(0)
  const beside = readSummary(join(root, 'runs', 'tiny-quick', 'results', 'summary.json'))!
  expect(beside.arms[0]!.seeds.map(({ metrics }) => metrics!['quick'])).toEqual([1, 1])
})

test('a study that throws fails its job, and the report says with what', async () => {
  const folder = write('throws', 'a: {}', "export const run = () => { throw new TypeError('no such thing') }")
  const { code, text } = await ablate(folder)
  expect(code).toBe(1)
  expect(text).toContain('a seed 1: ended with exit code 1')
  const report = readFileSync(join(folder, 'results', 'report.md'), 'utf8')
  expect(report).toContain('- a, seeds 1, 2: failed: unexpected error: TypeError: no such thing')
  expect(existsSync(join(root, 'runs', 'throws', 'a', 'seed-1', 'result.json'))).toBe(false)
})

test.each([
  [{ run: () => ({ metrics: { a: Number.NaN } }) }, "returned the metric 'a' = NaN"],
  [{ run: () => ({ metrics: {} }) }, 'returned no metrics'],
  [{ run: () => undefined }, 'returned no metrics'],
  [{ run: () => ({ metrics: { a: 1 }, curves: { c: { x: [1], y: [] } } }) }, "the curve 'c' with 1 x and 0 y values"],
  [{ run: () => ({ metrics: { a: 1 }, curves: { c: { x: [1], y: [0] } }, logY: true }) }, 'for a logarithmic axis'],
  [{ study: () => ({}) }, "exports no function named 'run'"],
])('a study that is wrong: %#', async (exports, message) => {
  const folder = join(root, 'wrong')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'job.json'), JSON.stringify({ arm: 'a', seed: 1, set: {}, quick: false, run: '/run.ts' }))
  await expect(runStudyJob(folder, async () => exports)).rejects.toThrow(
    expect.objectContaining({ code: 'RPR_EXPERIMENT_INVALID', message: expect.stringContaining(message) }),
  )
  expect(existsSync(join(folder, 'result.json'))).toBe(false)
})

test('a folder without a job', async () => {
  await expect(runStudyJob(root, async () => ({}))).rejects.toThrow(
    expect.objectContaining({ code: 'RPR_FILE_MISSING' }),
  )
})
