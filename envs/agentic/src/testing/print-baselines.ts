/** Prints the README's table: `npm run baselines` in this package, or with a number of random episodes behind `--`. */
import type { AnyEnvDefinition, EnvOptions } from '@reprise/core'
import {
  countdown,
  ezPoints,
  formDesk,
  hiddenSequence,
  measureBaseline,
  numberLine,
  ragenFrozenLake,
  sokoban,
  sokoban8x8,
  toolChain,
} from '../index.ts'

const CASES: readonly [AnyEnvDefinition, EnvOptions][] = [
  [hiddenSequence, {}],
  [hiddenSequence, { length: 2 }],
  [numberLine, {}],
  [ragenFrozenLake, {}],
  [ragenFrozenLake, { slippery: false }],
  [ezPoints, {}],
  [sokoban, {}],
  [sokoban, { steps: 15 }],
  [sokoban8x8, {}],
  [toolChain, {}],
  [toolChain, { mistakes: 3 }],
  [toolChain, { length: 3 }],
  [formDesk, {}],
  [formDesk, { goals: 1 }],
  [formDesk, { windows: 1, goals: 1 }],
  [countdown, {}],
  [countdown, { maxNumbers: 3 }],
  [countdown, { maxNumbers: 3, operators: 'additive' }],
]

const episodes = Number(process.argv[2] ?? 50_000)
console.log(
  '| environment | random outcome | random return | random steps | expert outcome | expert return | expert steps |',
)
console.log('| --- | --- | --- | --- | --- | --- | --- |')
for (const [definition, options] of CASES) {
  const random = measureBaseline(definition, 'random', { options, episodes })
  const expert = measureBaseline(definition, 'expert', { options, episodes: Math.min(episodes, 2000) })
  const settings = Object.entries(options).map(([name, value]) => `, \`${name}\` ${value}`)
  const percent = (x: number, error: number) =>
    `${(100 * x).toFixed(x < 0.001 ? 3 : 2)} ± ${(100 * error).toFixed(error < 1e-3 ? 3 : 2)} %`
  const cells = [
    `\`${definition.spec.id}\`${settings.join('')}`,
    percent(random.outcome, random.error),
    random.return.toFixed(3),
    random.steps.toFixed(1),
    percent(expert.outcome, expert.error),
    expert.return.toFixed(3),
    expert.steps.toFixed(1),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}
