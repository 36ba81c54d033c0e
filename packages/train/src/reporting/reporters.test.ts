import { describe, expect, test } from 'vitest'
import { createReporter, quietReporter } from './create-reporter.ts'
import { DashboardReporter } from './dashboard-reporter.ts'
import { LineReporter } from './line-reporter.ts'
import { ProgressTracker } from './progress.ts'
import type { Reporter, ReporterStream, RunInfo } from './reporter.ts'

const info: RunInfo = {
  name: 'cartpole-1',
  env: 'CartPole-v1',
  algo: 'grpo',
  executor: 'eager:cpu',
  seed: 1,
  totalSteps: 10_000,
  startStep: 0,
  runDir: 'runs/cartpole-1',
}

/** A small terminal: understands what the dashboard writes, and shows what a person would see. */
class Screen implements ReporterStream {
  readonly isTTY = true
  columns = 80
  rows = 40
  cursor = true
  drawings = 0
  #lines: string[] = ['']
  #row = 0

  write(text: string): void {
    this.drawings++
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the dashboard writes escape sequences
    for (const piece of text.split(/(\x1b\[\??\d*[A-Zhlm]|\n|\r)/)) {
      if (piece === '\n') this.#lines[++this.#row] ??= ''
      else if (piece === '\r' || piece === '') continue
      else if (piece === '\x1b[?25l') this.cursor = false
      else if (piece === '\x1b[?25h') this.cursor = true
      else if (piece === '\x1b[J') this.#lines.splice(this.#row, Number.POSITIVE_INFINITY, '')
      else if (piece.startsWith('\x1b') && piece.endsWith('A')) this.#row -= Number.parseInt(piece.slice(2), 10)
      else if (!piece.startsWith('\x1b')) this.#lines[this.#row] += piece
    }
  }

  get text(): string[] {
    return this.#lines.filter((line) => line !== '')
  }
}

/** Runs a whole story of 100 log rows, an eighth of a second apart. */
function story(reporter: Reporter, clock: { seconds: number }): void {
  reporter.start(info)
  reporter.message('executor eager:cpu: a small network')
  for (let i = 1; i <= 100; i++) {
    clock.seconds += 0.125
    reporter.log({ 'time/sps': 1000, 'rollout/ep_rew_mean': i }, i * 100)
    if (i % 50 === 0) reporter.evaluation({ step: i * 100, mean_reward: 200 - i, std_reward: 1, episodes: 10 })
    if (i === 80) reporter.message('reward is not finite in 1 of 8 environments')
    if (i % 50 === 0) reporter.checkpoint(`checkpoints/${i * 100}`)
  }
  const score = { mean: 99.5, std: 2.25, episodes: 100 }
  reporter.done({ status: 'finished', step: 10_000, wallSeconds: 10, runDir: info.runDir, score })
  reporter.done()
}

describe('dashboard', () => {
  test('one panel is left, messages above and the summary below, and the cursor is back', () => {
    const screen = new Screen()
    const clock = { seconds: 0 }
    const listeners = process.listenerCount('SIGINT')
    const reporter = new DashboardReporter({ stream: screen, color: true, now: () => clock.seconds })
    story(reporter, clock)
    expect(screen.cursor).toBe(true)
    expect(process.listenerCount('SIGINT')).toBe(listeners)
    expect(process.listeners('exit')).not.toContainEqual(expect.objectContaining({ name: 'restore' }))
    const text = screen.text
    expect(text.slice(0, 2)).toEqual([
      'executor eager:cpu: a small network',
      'reward is not finite in 1 of 8 environments',
    ])
    expect(text.filter((line) => line.startsWith('╭'))).toHaveLength(1)
    expect(text.slice(-3)).toEqual([
      'Finished 10,000 steps in 0:10.',
      'Score  99.5 ± 2.3 over 100 greedy episodes',
      'Run    runs/cartpole-1',
    ])
    // 12.5 s at four a second at most, and a few that are forced.
    expect(screen.drawings).toBeLessThan(60)
    expect(screen.drawings).toBeGreaterThan(25)
  })

  test('the cursor is hidden while it runs, and comes back on exit and on a signal', () => {
    const screen = new Screen()
    const reporter = new DashboardReporter({ stream: screen })
    reporter.start(info)
    expect(screen.cursor).toBe(false)
    // Another listener stands for the loop, which saves on Ctrl-C: the process must go on.
    const saves = () => {}
    process.on('SIGINT', saves)
    process.emit('SIGINT', 'SIGINT')
    expect(screen.cursor).toBe(true)
    process.removeListener('SIGINT', saves)
    reporter.done()
  })

  test('a terminal with few rows or columns', () => {
    const screen = new Screen()
    Object.assign(screen, { columns: 12, rows: 4 })
    story(new DashboardReporter({ stream: screen }), { seconds: 0 })
    expect(screen.text.length).toBeLessThanOrEqual(3 + 2 + 3)
  })
})

describe('lines', () => {
  test('one line every five seconds, and the last one always', () => {
    let text = ''
    const clock = { seconds: 0 }
    story(new LineReporter({ stream: { write: (part) => (text += part) }, now: () => clock.seconds }), clock)
    expect(text.trimEnd().split('\n')).toEqual([
      'cartpole-1: grpo on CartPole-v1, eager:cpu, seed 1, steps 10,000',
      'executor eager:cpu: a small network',
      'step  4,000/10,000   40%  1.00k steps/s  ETA 0:06  ep_rew_mean 40.0',
      'step  8,000/10,000   80%  1.00k steps/s  ETA 0:02  ep_rew_mean 80.0  eval 150.0 (best 150.0)',
      'reward is not finite in 1 of 8 environments',
      'step 10,000/10,000  100%  1.00k steps/s  ETA 0:00  ep_rew_mean 100.0  eval 100.0 (best 150.0)',
      'Finished 10,000 steps in 0:10.',
      'Score  99.5 ± 2.3 over 100 greedy episodes',
      'Run    runs/cartpole-1',
    ])
  })

  test('a stopped run says how to go on; a resumed one where it starts', () => {
    let text = ''
    const reporter = new LineReporter({ stream: { write: (part) => (text += part) } })
    reporter.start({ ...info, startStep: 5000 })
    const resumeCommand = 'npx --no reprise resume runs/cartpole-1'
    reporter.done({ status: 'stopped', step: 5000, wallSeconds: 1, runDir: info.runDir, resumeCommand })
    expect(text.trimEnd().split('\n')).toEqual([
      'cartpole-1: grpo on CartPole-v1, eager:cpu, seed 1, steps 5,000 to 10,000',
      'Stopped after 5,000 steps; everything is saved.',
      'Run    runs/cartpole-1',
      'Resume npx --no reprise resume runs/cartpole-1',
    ])
  })
})

test('the reporter is chosen by mode and terminal', () => {
  const terminal = new Screen()
  const pipe = { write() {} }
  const choose = (mode: 'auto' | 'dashboard' | 'lines' | 'quiet', stream: ReporterStream, env = {}) =>
    createReporter({ mode, stream, env })
  expect(choose('auto', terminal)).toBeInstanceOf(DashboardReporter)
  expect(choose('auto', terminal, { TERM: 'dumb' })).toBeInstanceOf(LineReporter)
  expect(choose('auto', terminal, { CI: 'true' })).toBeInstanceOf(LineReporter)
  expect(choose('auto', pipe)).toBeInstanceOf(LineReporter)
  expect(choose('dashboard', pipe)).toBeInstanceOf(DashboardReporter)
  expect(choose('lines', terminal)).toBeInstanceOf(LineReporter)
  expect(choose('quiet', terminal)).toBe(quietReporter)
  story(quietReporter, { seconds: 0 })
  expect(terminal.text).toEqual([])
})

test('the history of returns spans the whole run in bounded memory', () => {
  const tracker = new ProgressTracker(info, () => 0)
  for (let i = 0; i < 10_000; i++) tracker.log({ 'rollout/ep_rew_mean': i }, i)
  const { returns } = tracker.snapshot()
  expect(returns.length).toBeLessThanOrEqual(512)
  expect(returns.length).toBeGreaterThan(200)
  expect(returns[0]).toBe(0)
  expect(returns.at(-1)).toBeGreaterThan(9900)
  const gaps = returns.slice(1).map((value, i) => value - returns[i]!)
  expect(new Set(gaps).size).toBe(1)
})
