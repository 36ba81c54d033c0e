/** What only a real process shows: Ctrl-C, several seeds in child processes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../bin/reprise.mjs', import.meta.url))
const children = new Set<ChildProcess>()
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-process-'))
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly output: string
}

/** Runs the command; `onOutput` sees everything written so far, at each piece. */
function reprise(
  argv: readonly string[],
  onOutput: (output: string, interrupt: () => void) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [bin, ...argv], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece) => {
      output += piece
      onOutput(output, () => child.kill('SIGINT'))
    })
  }
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })))
}

const quick = [
  '--no-preset',
  '--set',
  'numEnvs=2',
  '--set',
  'epochs=1',
  '--set',
  'numSteps=32',
  '--set',
  'batchSize=64',
  '--set',
  'hidden=8',
  '--set',
  'finalEpisodes=2',
  '--set',
  'evalEvery=0',
  '--set',
  'tensorboard=false',
]

test('Ctrl-C saves the run, and resume takes it to its end', async () => {
  let sent = false
  const started = [
    'train',
    '--algo',
    'ppo',
    '--env',
    'CartPole-v1',
    '--steps',
    '100000000',
    '--out',
    'stopped',
    ...quick,
  ]
  const stopped = await reprise(started, (output, interrupt) => {
    // Said once training begins.
    if (sent || !output.includes('Executor ')) return
    sent = true
    interrupt()
  })
  expect(stopped.output).toMatch(/Stopping: the run is being saved/)
  expect(stopped.output).toMatch(/reprise resume stopped/)
  expect(stopped.code).toBe(130)

  const finished = await reprise(['resume', 'stopped', '--steps', '1', '--quiet'])
  expect(finished.output).toMatch(/^score .* stopped\n/m)
  expect(finished.code).toBe(0)
})

test('several seeds: a run folder each, one table', async () => {
  const { code, output } = await reprise([
    'train',
    '--algo',
    'ppo',
    '--env',
    'CartPole-v1',
    '--seeds',
    '1..3',
    '--jobs',
    '2',
    '--steps',
    '64',
    '--out',
    'many',
    ...quick,
  ])
  expect(output).toContain('seeds 1, 2, 3, 2 at a time')
  expect(output).toMatch(/^\[seed 3\] /m)
  expect(output).toMatch(/^ *seed +score/m)
  expect(output).toMatch(/IQM \d+\.\d+ \(95 % interval .*3 of 3 seeds/)
  expect(code).toBe(0)
  const summary = JSON.parse(readFileSync(join(folder, 'many', 'summary.json'), 'utf8'))
  expect(summary.seeds.map(({ seed }: { seed: number }) => seed)).toEqual([1, 2, 3])
  for (const seed of [1, 2, 3]) expect(existsSync(join(folder, 'many', `seed-${seed}`, 'result.json'))).toBe(true)
})

test('Ctrl-C on several seeds saves each', async () => {
  let sent = false
  const { code, output } = await reprise(
    [
      'train',
      '--algo',
      'ppo',
      '--env',
      'CartPole-v1',
      '--seeds',
      '1..3',
      '--jobs',
      '2',
      '--steps',
      '100000000',
      '--out',
      'both',
      ...quick,
    ],
    (text, interrupt) => {
      if (sent || !text.includes('[seed 1] Executor') || !text.includes('[seed 2] Executor')) return
      sent = true
      interrupt()
    },
  )
  expect(output).toContain('reprise resume both/seed-1')
  expect(output).toContain('reprise resume both/seed-2')
  expect(output).toContain('Never begun: seed 3')
  expect(code).toBe(130)
})

test('an environment in TypeScript that throws: the line of the file as it was written', async () => {
  const source = `import { box, defineEnv, discrete } from '@reprise/core'
interface Unused {
  a: number
}
export default defineEnv({
  id: 'Throws-v0',
  maxEpisodeSteps: 9,
  observationSpace: box({ low: 0, high: 1, shape: [1] }),
  actionSpace: discrete(2),
  reset: () => ({ t: 0 as Unused['a'] }),
  step({ state }) {
    if (state.t > 2) throw new RangeError('boom')
    return { state: { t: state.t + 1 }, reward: 1, terminated: false }
  },
  observe: () => [0],
})
`
  writeFileSync(join(folder, 'throws.ts'), source)
  const { code, output } = await reprise([
    'train',
    '--algo',
    'ppo',
    '--env',
    './throws.ts',
    '--out',
    'throws',
    ...quick,
  ])
  expect(code).toBe(2)
  expect(output).toMatch(/error RPR_ENV_FAILED: Throws-v0, row 0: step threw RangeError: boom\. /)
  expect(output).toMatch(/^ {2}at \/.*throws\.ts:12:\d+$/m)
  expect(output).toMatch(/^The run is in throws; its checkpoint of step 0 is intact\.$/m)
  expect(output).toMatch(/resume throws$/m)
})
