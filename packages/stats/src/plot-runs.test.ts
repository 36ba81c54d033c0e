import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { plotRuns } from './plot-runs.ts'
import { writeRun } from './test-runs.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-plot-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('one run: its evaluations, no band', () => {
  const { svg, series } = plotRuns([writeRun(join(root, 'a'), { seed: 7 })])
  expect(series).toEqual([
    { name: 'ppo', runs: [join(root, 'a')], curve: { x: [1000, 2000, 3000], y: [10, 200, 500] } },
  ])
  expect(svg).toContain('>ppo on CartPole-v1</text>')
  expect(svg).toContain('>seed 7</text>')
  expect(svg).not.toContain('fill-opacity')
})

test('seeds become one line with a band; the file is written', () => {
  for (const seed of [1, 2, 3, 4]) writeRun(join(root, 'runs', `seed-${seed}`), { seed, rewards: [0, seed, 10 * seed] })
  const out = join(root, 'curve.svg')
  const { svg, series } = plotRuns([join(root, 'runs')], { out, lines: [{ y: 25, label: 'bar 25' }] })
  expect(series).toHaveLength(1)
  expect(series[0]!.curve.y).toEqual([0, 2.5, 25])
  expect(svg).toContain('interquartile mean of 4 seeds, band: 95 % bootstrap interval')
  expect(svg).toContain('fill-opacity')
  expect(svg).toContain('bar 25')
  expect(readFileSync(out, 'utf8')).toBe(svg)
  const mean = plotRuns([join(root, 'runs')], { aggregate: 'mean', metric: 'rollout/ep_rew_mean' })
  expect(mean.series[0]!.curve).toMatchObject({ x: [2000, 3000], y: [-2.5, 20] })
  expect(mean.svg).toContain('>mean of 4 seeds')
})

test('other algorithms, environments and options are lines of their own', () => {
  const names = (...paths: string[]) => plotRuns(paths).series.map(({ name }) => name)
  const ppo = writeRun(join(root, 'ppo'))
  const grpo = writeRun(join(root, 'grpo'), { algo: 'grpo' })
  const acrobot = writeRun(join(root, 'acrobot'), { env: 'Acrobot-v1' })
  const fast = writeRun(join(root, 'fast'), { options: { learningRate: 0.01 } })
  const slow = writeRun(join(root, 'slow'), { options: { learningRate: 0.001 } })
  expect(names(ppo, grpo)).toEqual(['ppo', 'grpo'])
  expect(names(ppo, acrobot)).toEqual(['ppo on CartPole-v1', 'ppo on Acrobot-v1'])
  expect(names(fast, slow, grpo)).toEqual(['ppo learningRate=0.01', 'ppo learningRate=0.001', 'grpo'])
  expect(names(ppo, ppo)).toEqual(['ppo'])
})

test('what cannot be plotted is refused with a code', () => {
  const code = (name: string) => expect.objectContaining({ code: name })
  const run = writeRun(join(root, 'a'))
  expect(() => plotRuns([])).toThrow(code('RPR_USAGE'))
  expect(() => plotRuns([join(root, 'none')])).toThrow(code('RPR_FILE_MISSING'))
  expect(() => plotRuns([run], { metric: 'none' })).toThrow(code('RPR_OPTION_RANGE'))
  expect(() => plotRuns([run], { out: join(root, 'none', 'x.svg') })).toThrow(code('RPR_FILE_UNWRITABLE'))
})
