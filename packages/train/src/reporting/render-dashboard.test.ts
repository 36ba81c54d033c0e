import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Progress } from './progress.ts'
import { renderDashboard } from './render-dashboard.ts'

const info = {
  name: 'ppo-CartPole-v1-1',
  env: 'CartPole-v1',
  algo: 'ppo',
  executor: 'eager:wasm',
  seed: 1,
  totalSteps: 100_000,
  startStep: 0,
  runDir: 'runs/ppo-CartPole-v1-1',
}

const halfway: Progress = {
  info,
  step: 62_464,
  elapsed: 42.3,
  metrics: {
    'time/sps': 12345.6,
    'time/env_share': 0.12,
    'time/policy_share': 0.3,
    'time/learn_share': 0.52,
    'time/other_share': 0.06,
    'rollout/ep_rew_mean': 432.1,
    'train/approx_kl': 0.0123,
    'train/policy_loss': -0.00123,
    'train/value_loss': 12.3456,
    'train/learning_rate': 3e-4,
    'train/updates': 40,
    'memory/rss_mb': 182.4,
    'memory/tensors': 64,
  },
  returns: Array.from({ length: 16 }, (_, i) => i * 28.8),
  evaluation: { step: 60_000, mean_reward: 487.3, std_reward: 30.2, episodes: 10 },
  best: { step: 50_000, mean_reward: 500, std_reward: 0, episodes: 10 },
  notice: 'checkpoint checkpoints/60000 at 0:41',
}

describe('renderDashboard', () => {
  test('a run halfway, 79 columns', () => {
    expect(renderDashboard(halfway, 79)).toEqual([
      '╭─ ppo-CartPole-v1-1 ─────────────────────────────────────────────────────────╮',
      '│ ppo · CartPole-v1 · eager:wasm · seed 1                                     │',
      '│ ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━────────────────────  62%  62,464 / 100,000 │',
      '│ 12.3k steps/s · elapsed 0:42 · ETA 0:03                                     │',
      '│                                                                             │',
      '│ time     ████████▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒░░░░ │',
      '│          █ env 12%  ▓ policy 30%  ▒ learn 52%  ░ other 6%                   │',
      '│ return   ▁▁▂▂▃▃▄▄▅▅▆▆▇▇██  432.1 episode mean                               │',
      '│ eval     487.3 ± 30.2 at 60,000  best 500.0 at 50,000                       │',
      '│ train    policy_loss -0.0012   value_loss 12.35     approx_kl 0.0123        │',
      '│          learning_rate 3.00e-4   updates 40.00                              │',
      '│ memory   182 MB resident · 64 tensors                                       │',
      '│ checkpoint checkpoints/60000 at 0:41                                        │',
      '╰─────────────────────────────────────────────────────────────────────────────╯',
    ])
  })

  test('at the start only what is known is shown', () => {
    expect(renderDashboard({ info, step: 0, elapsed: 0, metrics: {}, returns: [] }, 70)).toEqual([
      '╭─ ppo-CartPole-v1-1 ────────────────────────────────────────────────╮',
      '│ ppo · CartPole-v1 · eager:wasm · seed 1                            │',
      '│ ─────────────────────────────────────────────────  0%  0 / 100,000 │',
      '│ - steps/s · elapsed 0:00 · ETA -                                   │',
      '╰────────────────────────────────────────────────────────────────────╯',
    ])
  })

  test('a narrow terminal: no frame, the parts that matter', () => {
    expect(renderDashboard(halfway, 44)).toEqual([
      'ppo-CartPole-v1-1',
      'ppo · CartPole-v1 · eager:wasm · seed 1',
      '━━━━━━━━━━━━━────────  62%  62,464 / 100,000',
      '12.3k steps/s · elapsed 0:42 · ETA 0:03',
      'time     env 12%  policy 30%  learn 52%  ot…',
      'return   ▁▁▂▂▃▃▄▄▅▅▆▇▇██  432.1 episode mean',
      'eval     487.3 ± 30.2 at 60,000  best 500.0…',
      'train    policy_loss -0.0012',
      '         value_loss 12.35',
      '         approx_kl 0.0123',
      '         learning_rate 3.00e-4',
      'memory   182 MB resident · 64 tensors',
      'checkpoint checkpoints/60000 at 0:41',
    ])
  })

  test('styles wrap pieces and change no text', () => {
    const painted = renderDashboard(halfway, 79, (style, text) => `<${style}>${text}</>`)
    expect(painted.map((line) => line.replace(/<\/?\w*>/g, ''))).toEqual(renderDashboard(halfway, 79))
    expect(painted[0]).toContain('<bold>ppo-CartPole-v1-1</>')
  })

  test('no line is ever longer than the width, whatever the state', () => {
    const value = fc.oneof(fc.double(), fc.integer())
    const state = fc.record({
      step: fc.nat(1e9),
      elapsed: fc.double({ min: 0, max: 1e7, noNaN: true }),
      metrics: fc.dictionary(
        fc.constantFrom(...Object.keys(halfway.metrics), 'train/a_metric_with_a_rather_long_name_of_its_own'),
        value,
      ),
      returns: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 60 }),
      name: fc.string({ maxLength: 120 }),
      notice: fc.option(fc.string({ maxLength: 200 }), { nil: undefined }),
    })
    fc.assert(
      fc.property(state, fc.integer({ min: 1, max: 140 }), ({ name, ...rest }, width) => {
        const lines = renderDashboard({ ...halfway, ...rest, info: { ...info, name } }, width)
        for (const line of lines) {
          expect([...line].length).toBeLessThanOrEqual(width)
          expect(line).not.toContain('\n')
        }
      }),
    )
  })
})
