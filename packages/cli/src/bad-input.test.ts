/** Everything a user can get wrong: one clear message with a code, exit code 2, nothing written and nothing lost. */
import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ErrorCode } from '@reprise/core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { envTemplate } from './env-template.ts'
import { main } from './main.ts'
import { testIo } from './testing/test-io.ts'

let folder: string
let steps: number

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-bad-'))
  // Whatever TensorFlow this machine has: here it is missing.
  vi.stubEnv('REPRISE_TENSORFLOW', '/nowhere')
  const quick = [
    '--no-preset',
    '--set',
    'numEnvs=2',
    '--set',
    'numSteps=32',
    '--set',
    'batchSize=64',
    '--set',
    'evalEvery=0',
    '--set',
    'finalEpisodes=1',
    '--set',
    'tensorboard=false',
  ]
  const io = testIo()
  const code = await main(
    ['train', '--algo', 'ppo', '--env', 'CartPole-v1', '--steps', '64', '--out', at('run'), '--quiet', ...quick],
    io,
  )
  expect(io.text()).toMatch(/^score /)
  expect(code).toBe(0)
  steps = JSON.parse(readFileSync(at('run/result.json'), 'utf8')).steps
  damage('bad-config', (run) => writeFileSync(join(run, 'config.yaml'), 'algo: [ppo\n'))
  damage('no-config', (run) => rmSync(join(run, 'config.yaml')))
  damage('cut-config', (run) => writeFileSync(join(run, 'config.yaml'), 'algo: ppo\noptions:\n'))
  damage('bad-result', (run) => writeFileSync(join(run, 'result.json'), '{'))
  damage('bad-bytes', (run) => flip(join(run, 'checkpoints', String(steps), 'state.rpr')))
  damage('cut-off', (run) => truncateSync(join(run, 'checkpoints', String(steps), 'state.rpr'), 1000))
  damage('bad-info', (run) => writeFileSync(join(run, 'checkpoints', String(steps), 'checkpoint.json'), '{'))
  damage('no-checkpoints', (run) => rmSync(join(run, 'checkpoints'), { recursive: true }))
  // A process that certainly lives: the one that started this.
  damage('locked', (run) => writeFileSync(join(run, '.lock'), JSON.stringify({ pid: process.ppid, host: hostname() })))

  write('a-file', '')
  write('not-empty/x.txt', '')
  write('seeds/seed-2/config.yaml', '')
  write('bad.yaml', 'learningRate: [1\n')
  write('list.yaml', '- a\n- b\n')
  write('unknown-key.yaml', 'env: CartPole-v1\nlerningRate: 0.1\n')
  write('bad-value.yaml', 'env: CartPole-v1\nalgo: ppo\noptions:\n  gamma: 2\n')
  write('bad-env.yaml', 'env: [CartPole-v1]\n')
  write('syntax.ts', 'export default {{\n')
  write('nothing.ts', 'export const a = 1\n')
  write('maze.ts', envTemplate('Maze-v0', 'maze.ts', 'reprise'))
  write(
    'two.ts',
    `${envTemplate('A-v0', '', '').replace('export default', 'export const a =')}\nexport class B { reset() {} step() {} }\n`,
  )
  const broken = (from: string, to: string) => envTemplate('Broken-v0', '', '').replace(from, to)
  write('bad-reward.ts', broken('reward: terminated ? 1 : -0.05', "reward: 'much'"))
  write('bad-observation.ts', broken('return [state.position / (options.size - 1),', 'return [2, 3,'))
  write(
    'bad-step.js',
    broken('return { state: { ...state, position }', 'return undefined && { state: { ...state, position }'),
  )
  const counting = 'let calls = 0\n'
  write(
    'throws-late.js',
    counting +
      broken('const position = Math', "if (++calls > 200) throw new RangeError('99 boxes')\n    const position = Math"),
  )
  write(
    'throws-at-reset.js',
    // The first reset is the look at the environment, before there is a run.
    counting +
      broken(
        'return { position: rng',
        "if (++calls > 1) throw new RangeError('no socket')\n    return { position: rng",
      ),
  )
  const head = 'name: x, claim: y, seeds: [1]'
  const good = `{ ${head}, arms: { a: { algo: ppo, env: CartPole-v1, steps: 10 } } }`
  write('exp/experiment.yaml', good)
  write('exp-key/experiment.yaml', good.replace('arms', 'arm'))
  write('exp-steps/experiment.yaml', good.replace('10', 'many'))
  write('exp-factor/experiment.yaml', `{ ${head}, factors: { gamma: 3 } }`)
  write('exp-control/experiment.yaml', good.replace('arms', 'control: b, arms'))
  write('exp-study/experiment.yaml', `{ ${head}, run: ./gone.ts, arms: { a: {} } }`)
  write('exp-yaml/experiment.yaml', 'name: [')
  // The same settings but for the steps.
  write('exp-runs/x/a/seed-1/config.yaml', readFileSync(at('run/config.yaml'), 'utf8'))
  write('exp-runs/x/a/seed-1/result.json', readFileSync(at('run/result.json'), 'utf8'))
  write('bad-id.ts', broken("id: 'Broken-v0'", "id: 'no version'"))
  write('no-space.js', 'export default class { reset() {} step() {} }\n')
  write(
    'text.ts',
    broken('box({ low: 0, high: 1, shape: [2] })', 'text({ maxLength: 3 })')
      .replace('{ box,', '{ text,')
      .replace(/return \[state[^\n]*/, "return 'a'"),
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const at = (path: string) => join(folder, path)

function write(path: string, text: string): void {
  mkdirSync(join(at(path), '..'), { recursive: true })
  writeFileSync(at(path), text)
}

function damage(name: string, change: (run: string) => void): void {
  cpSync(at('run'), at(name), { recursive: true })
  change(at(name))
}

function flip(path: string): void {
  const bytes = readFileSync(path)
  bytes[bytes.length >> 1]! ^= 0xff
  writeFileSync(path, bytes)
}

/** Every path below the folder with a hash of its content. */
function inventory(): Record<string, string> {
  return Object.fromEntries(
    (readdirSync(folder, { recursive: true }) as string[])
      .filter((path) => statSync(at(path)).isFile())
      .map((path) => [
        path,
        createHash('sha256')
          .update(readFileSync(at(path)))
          .digest('hex'),
      ]),
  )
}

/** `@x` in an argument stands for the file or folder x of the test's folder. */
type Case = readonly [line: string, code: ErrorCode, ...mentions: (string | RegExp)[]]

const train = 'train --algo ppo --env CartPole-v1 --out @new'

const grpo = 'train --algo grpo --env CartPole-v1 --out @new'

const cases: readonly Case[] = [
  // How the command is called
  ['trian --env CartPole-v1', 'RPR_USAGE', "'trian'", "'train'"],
  ['--env CartPole-v1', 'RPR_USAGE', "'--env'", 'a verb comes first'],
  ['help trian', 'RPR_USAGE', "'trian'"],
  ['train --algo ppo', 'RPR_USAGE', '--env'],
  ['train CartPole-v1', 'RPR_USAGE', "'CartPole-v1'"],
  [`${train} --stpes 5`, 'RPR_USAGE', "'--stpes'", "'--steps'"],
  [`${train} --learningRate 0.1`, 'RPR_USAGE', "'--learningRate'", '--set learningRate='],
  [`${train} --quiet=1`, 'RPR_USAGE', '--quiet', "'1'"],
  ['train --env', 'RPR_USAGE', '--env', 'needs a value'],
  [`${train} --steps 5 --steps 6`, 'RPR_USAGE', '--steps', "'5'", "'6'"],
  [`${train} --set gamma`, 'RPR_USAGE', '--set gamma', 'name=value'],
  [`${train} --set gamma=1 --set gamma=0.9`, 'RPR_USAGE', '--set gamma', 'twice'],
  ['resume', 'RPR_USAGE', 'run folder'],
  ['eval @run @run', 'RPR_USAGE', 'does not take the argument'],
  ['list environments', 'RPR_USAGE', "'environments'", 'envs'],
  // Flags against each other
  [`${train} --seed 1 --seeds 1..3`, 'RPR_OPTION_CONFLICT', '--seed', '--seeds'],
  [`${train} --preset CartPole-v1 --no-preset`, 'RPR_OPTION_CONFLICT', '--preset', '--no-preset'],
  [`${train} --steps 5 --set steps=6`, 'RPR_OPTION_CONFLICT', '--steps 5', 'steps=6'],
  [`${train} --jobs 2`, 'RPR_OPTION_INERT', '--jobs 2', '--seeds'],
  [`${train} --seeds 1..3 --set seed=2`, 'RPR_OPTION_CONFLICT', '--seeds 1..3', 'seed=2'],
  // Values of flags
  [`${train} --steps many`, 'RPR_OPTION_TYPE', '--steps', "'many'", 'integer >= 1'],
  [`${train} --steps 0`, 'RPR_OPTION_RANGE', '--steps', "'0'", 'integer >= 1'],
  [`${train} --seed -1`, 'RPR_OPTION_RANGE', '--seed', "'-1'"],
  [`${train} --seed 1.5`, 'RPR_OPTION_TYPE', '--seed', "'1.5'"],
  [`${train} --seed 4294967296`, 'RPR_OPTION_RANGE', 'seed', '4294967296'],
  [`${train} --seeds 5..1`, 'RPR_OPTION_RANGE', '--seeds', "'5..1'", 'backwards'],
  [`${train} --seeds one`, 'RPR_OPTION_TYPE', '--seeds', "'one'"],
  [`${train} --seeds 1,2,1`, 'RPR_OPTION_RANGE', '--seeds', '1 is there twice'],
  [`${train} --seeds 1..2 --jobs 0`, 'RPR_OPTION_RANGE', '--jobs', "'0'"],
  // Options
  [`${train} --set learningRat=0.1`, 'RPR_OPTION_UNKNOWN', "'learningRat'", "'learningRate'"],
  [`${train} --set learningRate=fast`, 'RPR_OPTION_TYPE', "'learningRate'", "'fast'"],
  [`${train} --set learningRate=-1`, 'RPR_OPTION_RANGE', "'learningRate'", "'-1'", '> 0'],
  [`${train} --set gamma=1.5`, 'RPR_OPTION_RANGE', "'gamma'", "'1.5'", '[0, 1]'],
  [`${train} --set numEnvs=0`, 'RPR_OPTION_RANGE', "'numEnvs'", "'0'", '>= 1'],
  [`${train} --set numEnvs=2.5`, 'RPR_OPTION_TYPE', "'numEnvs'", "'2.5'"],
  [`${train} --set tensorboard=maybe`, 'RPR_OPTION_TYPE', "'tensorboard'", "'maybe'", 'true or false'],
  [`${train} --set wrappers=frameStack`, 'RPR_OPTION_RANGE', "'wrappers'", "'frameStack'"],
  [`${train} --set maxEpisodeSteps=0`, 'RPR_OPTION_RANGE', "'maxEpisodeSteps'", "'0'"],
  [`${train} --set maxEpisodeSteps=2.5`, 'RPR_OPTION_TYPE', "'maxEpisodeSteps'", "'2.5'", 'an integer >= 1'],
  [`${train} --set hidden=64,wide`, 'RPR_OPTION_TYPE', "'hidden'", "'64,wide'"],
  [`${train} --set evalEvery=0 --set evalEpisodes=5`, 'RPR_OPTION_INERT', "'evalEpisodes'", '5', 'evalEvery is 0'],
  [`${train} --set groupSize=8`, 'RPR_OPTION_UNKNOWN', "'groupSize'"],
  [
    'train --env FrozenLake-v1 --out @new --set normalizeObservation=true',
    'RPR_SPACE_UNSUPPORTED',
    "'normalizeObservation'",
    'Discrete(16)',
    'wrappers=flattenObservation',
  ],
  [`${train} --set logStdInit=-1`, 'RPR_OPTION_INERT', "'logStdInit'", '-1', 'Discrete(2)'],
  [`${grpo} --set logStdInit=-1`, 'RPR_OPTION_INERT', "'logStdInit'", '-1', 'Discrete(2)'],
  [
    'train --algo ppo --env Pendulum-v1 --out @new --set wrappers=clipAction',
    'RPR_OPTION_INERT',
    "'wrappers'",
    'clipAction',
    'clips its actions',
  ],
  [`${grpo} --set klKind=k1`, 'RPR_OPTION_INERT', "'klKind'", "'k1'", 'klCoef'],
  [`${grpo} --set normalizeReward=true`, 'RPR_OPTION_INERT', "'normalizeReward'", 'grpo', 'raw returns'],
  [`${grpo} --set normLength=100`, 'RPR_OPTION_INERT', "'normLength'", '100', 'aggregation'],
  [`${grpo} --set advantage=mean --set stdKind=population`, 'RPR_OPTION_INERT', "'stdKind'", "'population'"],
  [`${grpo} --set groupSize=1`, 'RPR_OPTION_RANGE', "'groupSize'", "'1'", '>= 2'],
  [`${grpo} --set rewardWeights=speed:1`, 'RPR_OPTION_UNKNOWN', 'speed'],
  [`${grpo} --set tasks=sometimes`, 'RPR_FILE_MISSING', "'sometimes'"],
  [`${grpo} --set tasks=@gone.yaml`, 'RPR_FILE_MISSING', 'gone.yaml'],
  [`${grpo} --set tasks=@list.yaml`, 'RPR_OPTION_RANGE', "'tasks'", 'list.yaml'],
  // Names
  ['train --algo pop --env CartPole-v1 --out @new', 'RPR_ALGO_UNKNOWN', "'pop'", "'ppo'"],
  ['train --help --algo pop', 'RPR_ALGO_UNKNOWN', "'pop'"],
  ['train --algo ppo --env CartPol-v1 --out @new', 'RPR_ENV_UNKNOWN', "'CartPol-v1'", "'CartPole-v1'"],
  [`${train} --preset Cartpole`, 'RPR_PRESET_UNKNOWN', "'Cartpole'"],
  [`${train} --executor eager:wsm`, 'RPR_EXECUTOR_UNKNOWN', "'eager:wsm'", "'eager:wasm'"],
  [`${train} --executor tensorflow`, 'RPR_EXECUTOR_MISSING', "'tensorflow'", 'eager:wasm'],
  [`${train} --device gpu:x`, 'RPR_OPTION_RANGE', "'gpu:x'", "'gpu:1'"],
  [`${train} --device gpu --executor wasm`, 'RPR_OPTION_INERT', '--device gpu', '--executor tensorflow'],
  [`${train} --env-set length=2`, 'RPR_OPTION_UNKNOWN', "'length'"],
  [
    'train --algo ppo --env FrozenLake-v1 --env-set isSlippery=maybe --out @new',
    'RPR_OPTION_TYPE',
    "'isSlippery'",
    "'maybe'",
  ],
  ['train --algo ppo --env @maze.ts --env-set size=1 --out @new', 'RPR_OPTION_RANGE', "'size'", "'1'", '[2, 1000]'],
  // Files
  [
    'train --config @run/config.yaml --preset CartPole-v1 --out @new',
    'RPR_OPTION_INERT',
    "'CartPole-v1'",
    'config.yaml',
  ],
  [`${train} --config @gone.yaml`, 'RPR_FILE_MISSING', 'gone.yaml'],
  [`${train} --config @bad.yaml`, 'RPR_CONFIG_INVALID', 'bad.yaml', 'line'],
  [`${train} --config @list.yaml`, 'RPR_CONFIG_INVALID', 'list.yaml', 'mapping'],
  [
    'train --algo ppo --config @unknown-key.yaml --out @new',
    'RPR_OPTION_UNKNOWN',
    "'lerningRate'",
    'unknown-key.yaml',
    "'learningRate'",
  ],
  ['train --config @bad-value.yaml --out @new', 'RPR_OPTION_RANGE', "'gamma'", '2', 'bad-value.yaml'],
  ['train --config @bad-env.yaml --out @new', 'RPR_CONFIG_INVALID', "'env'", 'bad-env.yaml'],
  ['train --algo ppo --env CartPole-v1 --out @run', 'RPR_FILE_EXISTS', /run'/, 'resume'],
  ['train --algo ppo --env CartPole-v1 --out @a-file', 'RPR_FILE_EXISTS', 'a-file'],
  ['train --algo ppo --env CartPole-v1 --out @not-empty', 'RPR_FILE_EXISTS', 'not-empty'],
  ['train --algo ppo --env CartPole-v1 --out @a-file/run', 'RPR_FILE_UNWRITABLE', 'a-file'],
  ['train --algo ppo --env CartPole-v1 --out @seeds --seeds 1..3', 'RPR_FILE_EXISTS', 'seed-2'],
  // Environments of a user
  ['train --algo ppo --env @gone.ts --out @new', 'RPR_FILE_MISSING', 'gone.ts'],
  ['train --algo ppo --env @syntax.ts --out @new', 'RPR_ENV_LOAD', /syntax\.ts:1:\d+/],
  ['train --algo ppo --env @nothing.ts --out @new', 'RPR_ENV_LOAD', 'exports no environment', '(only a)'],
  ['train --algo ppo --env @two.ts --out @new', 'RPR_ENV_LOAD', 'B, a', '#B'],
  ['train --algo ppo --env @two.ts#c --out @new', 'RPR_ENV_LOAD', "'c'"],
  ['train --algo ppo --env @bad.yaml --out @new', 'RPR_ENV_LOAD', 'bad.yaml'],
  ['train --algo ppo --env @bad-id.ts --out @new', 'RPR_ENV_CONTRACT', 'bad-id.ts', "'no version'"],
  ['train --algo ppo --env @no-space.js --out @new', 'RPR_ENV_CONTRACT', 'observationSpace'],
  ['train --algo ppo --env @text.ts --out @new', 'RPR_SPACE_UNSUPPORTED', 'Text'],
  ['check-env @gone.ts', 'RPR_FILE_MISSING', 'gone.ts'],
  ['check-env @no-space.js', 'RPR_ENV_CONTRACT', 'observationSpace'],
  ['check-env CartPole', 'RPR_ENV_UNKNOWN', "'CartPole'"],
  ['new-env @maze.ts', 'RPR_FILE_EXISTS', 'maze.ts'],
  ['new-env @maze.py', 'RPR_USAGE', 'maze.py', '.ts'],
  ['new-env @gone/maze.ts', 'RPR_FILE_MISSING', 'gone'],
  // Runs
  ['resume @gone', 'RPR_FILE_MISSING', 'gone'],
  ['resume @not-empty', 'RPR_RUN_INVALID', 'not-empty', 'config.yaml'],
  ['resume @no-config', 'RPR_RUN_INVALID', 'no-config'],
  ['resume @bad-config', 'RPR_RUN_INVALID', 'bad-config'],
  ['resume @cut-config', 'RPR_RUN_INVALID', 'cut-config'],
  ['eval @cut-config', 'RPR_RUN_INVALID', 'cut-config'],
  ['resume @bad-result', 'RPR_RUN_INVALID', 'result.json'],
  ['resume @run', 'RPR_USAGE', 'is finished', '--steps'],
  ['resume @run --steps 1', 'RPR_USAGE', 'is finished', '--steps'],
  ['resume @run --steps=0', 'RPR_OPTION_RANGE', '--steps', "'0'"],
  ['resume @locked --steps 1000', 'RPR_RUN_LOCKED', 'locked', String(process.ppid)],
  ['resume @no-checkpoints --steps 1000', 'RPR_CHECKPOINT_MISSING', 'no-checkpoints'],
  ['resume @bad-bytes --steps 1000', 'RPR_CHECKPOINT_CORRUPT', 'state.rpr'],
  ['resume @cut-off --steps 1000', 'RPR_CHECKPOINT_CORRUPT', 'state.rpr'],
  ['resume @bad-info --steps 1000', 'RPR_CHECKPOINT_CORRUPT', 'bad-info'],
  ['eval @gone', 'RPR_FILE_MISSING', 'gone'],
  ['eval @run --checkpoint newest', 'RPR_OPTION_TYPE', '--checkpoint', "'newest'", 'best'],
  ['eval @run --checkpoint 999', 'RPR_CHECKPOINT_MISSING', "'999'"],
  ['eval @run --episodes 0', 'RPR_OPTION_RANGE', '--episodes', "'0'"],
  ['eval @run --executor tensorflow', 'RPR_EXECUTOR_MISSING', "'tensorflow'"],
  ['eval @bad-bytes', 'RPR_CHECKPOINT_CORRUPT', 'state.rpr'],
  // Experiments and reports
  ['ablate', 'RPR_USAGE', 'experiment.yaml'],
  ['ablate @exp @exp', 'RPR_USAGE', 'does not take the argument'],
  ['ablate baseline', 'RPR_FILE_MISSING', "'baseline'", 'baselines'],
  ['ablate @gone', 'RPR_FILE_MISSING', 'gone'],
  ['ablate @exp --jobs 0', 'RPR_OPTION_RANGE', '--jobs', "'0'"],
  ['ablate @exp --jobs 1 --report-only', 'RPR_OPTION_CONFLICT', '--jobs', '--report-only'],
  ['ablate @exp --only b', 'RPR_USAGE', "no arm 'b'", 'a'],
  ['ablate @exp --only a --only a', 'RPR_USAGE', '--only a', 'twice'],
  ['ablate @exp-key', 'RPR_EXPERIMENT_INVALID', "'arm'", "'arms'"],
  ['ablate @exp-steps', 'RPR_EXPERIMENT_INVALID', "'steps'", '"many"', 'an integer >= 1'],
  ['ablate @exp-factor', 'RPR_EXPERIMENT_INVALID', "'gamma'", '3', 'a list of different values'],
  ['ablate @exp-control', 'RPR_EXPERIMENT_INVALID', "'control'", '"b"', 'the name of an arm'],
  ['ablate @exp-study', 'RPR_EXPERIMENT_INVALID', "'run'", 'gone.ts'],
  ['ablate @exp-yaml', 'RPR_EXPERIMENT_INVALID', 'exp-yaml', 'YAML'],
  ['ablate @exp --runs @exp-runs', 'RPR_EXPERIMENT_INVALID', 'steps = 64', '10', 'Delete that folder'],
  ['report', 'RPR_USAGE', 'run folders'],
  ['report @gone', 'RPR_FILE_MISSING', 'gone'],
  ['report @not-empty', 'RPR_RUN_INVALID', 'not-empty'],
  ['report @bad-config', 'RPR_RUN_INVALID', 'bad-config'],
  ['report @run --control dqn', 'RPR_USAGE', "'dqn'", 'ppo'],
  ['report @run --quick', 'RPR_OPTION_INERT', '--quick', 'experiment'],
  ['report @run --runs @exp-runs', 'RPR_OPTION_INERT', '--runs'],
  ['report @run --out @a-file', 'RPR_FILE_UNWRITABLE', 'a-file'],
  ['report @exp @exp', 'RPR_USAGE', 'one experiment too many'],
  ['report @exp --control a', 'RPR_OPTION_INERT', '--control a'],
  ['run-study @exp', 'RPR_FILE_MISSING', 'job.json'],
]

test('there are enough cases', () => expect(cases.length).toBeGreaterThanOrEqual(40))

test.each(cases.map((entry) => [entry[0], entry] as const))('%s', async (line, [, code, ...mentions]) => {
  const argv = line.split(' ').map((argument) => argument.replace(/(^|=)@/, (_, before) => `${before}${folder}/`))
  const before = inventory()
  const io = testIo()
  const exitCode = await main(argv, io)
  expect(io.errLines.join('\n')).toMatch(new RegExp(`^error ${code}: `))
  // One message, no stack, nothing else said.
  expect(io.errLines).toHaveLength(1)
  expect(io.errLines[0]).not.toMatch(/\n +at /)
  expect(io.outLines).toEqual([])
  for (const mention of mentions) {
    if (typeof mention === 'string') expect(io.errLines[0]).toContain(mention)
    else expect(io.errLines[0]).toMatch(mention)
  }
  expect(exitCode).toBe(2)
  expect(inventory()).toEqual(before)
})

// These are found out only while they run: the run folder exists by then, and says what happened.
test.each([
  ['bad-reward.ts', 'RPR_ENV_CONTRACT', /reward/],
  ['bad-observation.ts', 'RPR_ENV_CONTRACT', /observation/],
  ['bad-step.js', 'RPR_ENV_CONTRACT', /step/],
])('train on %s', async (file, code, message) => {
  const io = testIo()
  const out = at(`run-${file}`)
  expect(await main(['train', '--algo', 'ppo', '--env', at(file), '--steps', '64', '--quiet', '--out', out], io)).toBe(
    2,
  )
  expect(io.errLines).toHaveLength(1)
  expect(io.errLines[0]).toMatch(new RegExp(`^error ${code}: `))
  expect(io.errLines[0]).toMatch(message)
  expect(io.errLines[0]).toContain('Broken-v0')
})

test.each([
  ['throws-late.js', 'step', '99 boxes', 192],
  ['throws-at-reset.js', 'reset', 'no socket', undefined],
])('train on %s names the line, the run and how to go on', async (file, call, what, checkpoint) => {
  const io = testIo()
  const out = at(`run-${file}`)
  const set = ['numEnvs=1', 'numSteps=64', 'batchSize=64', 'checkpointEvery=64', 'evalEvery=0', 'tensorboard=false']
  const flags = ['--steps', '1000', '--quiet', '--executor', 'eager:cpu', ...set.flatMap((pair) => ['--set', pair])]
  expect(await main(['train', '--algo', 'ppo', '--env', at(file), '--out', out, ...flags], io)).toBe(2)
  const [message, place, ...run] = io.errLines
  expect(message).toMatch(new RegExp(`^error RPR_ENV_FAILED: Broken-v0, row 0: ${call} threw RangeError: ${what}\\. `))
  const source = readFileSync(at(file), 'utf8').split('\n')
  const line = 1 + source.findIndex((text) => text.includes('throw new RangeError'))
  expect(place).toMatch(/^ {2}at \//)
  expect(place).toContain(`${file}:${line}:`)
  expect(run).toEqual(
    checkpoint === undefined
      ? [`The run is in ${out}; it had no checkpoint yet: start it anew in another folder.`]
      : [
          `The run is in ${out}; its checkpoint of step ${checkpoint} is intact.`,
          `Once that is put right, continue with: reprise resume ${out}`,
        ],
  )
})

test.each(['bad-reward.ts', 'bad-observation.ts', 'bad-step.js'])('check-env %s', async (file) => {
  const io = testIo()
  const before = inventory()
  expect(await main(['check-env', at(file)], io)).toBe(2)
  expect(io.text()).toMatch(/RPR_ENV_CONTRACT|error/)
  expect(inventory()).toEqual(before)
})
