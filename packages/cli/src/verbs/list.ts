import { RepriseError, suggest } from '@reprise/core'
import type { Args } from '../args.ts'
import type { Io } from '../io.ts'
import { table } from '../table.ts'

const LISTS: Readonly<Record<string, () => Promise<string[]>>> = { envs, algos, presets, executors }

export async function run(args: Args, io: Io): Promise<number> {
  const what = args.argument('what')
  const list = Object.hasOwn(LISTS, what) ? LISTS[what] : undefined
  if (!list) {
    throw new RepriseError('RPR_USAGE', `There is no list of '${what}'.`, {
      value: what,
      hint: suggest(what, Object.keys(LISTS)),
    })
  }
  io.out((await list()).join('\n'))
  return 0
}

async function envs(): Promise<string[]> {
  const { builtinRegistry } = await import('@reprise/train')
  return table(
    ['id', 'step limit', 'solved at', 'options (--env-set)', 'what it is'],
    builtinRegistry
      .list()
      .map(({ spec, options, summary }) => [
        spec.id,
        String(spec.maxEpisodeSteps ?? '-'),
        String(spec.rewardThreshold ?? '-'),
        Object.keys(options).join(', ') || '-',
        summary ?? '',
      ]),
  )
}

/** What each kind of loop hands to its algorithm. */
const DATA = {
  rollout: 'rollouts',
  group: 'groups of episodes',
  replay: 'a replay',
  dataset: 'stored or scripted episodes',
} as const

async function algos(): Promise<string[]> {
  const { algorithms } = await import('@reprise/algorithms')
  return table(
    ['name', 'learns from', 'what it is'],
    algorithms.map(({ name, loop, summary }) => [name, DATA[loop], summary]),
  )
}

async function presets(): Promise<string[]> {
  const { listPresets } = await import('@reprise/train')
  return table(
    ['algo', 'preset', 'steps', 'source of its numbers'],
    listPresets().map(({ algo, name, options, source }) => [algo, name, String(options['steps'] ?? '-'), source]),
  )
}

async function executors(): Promise<string[]> {
  const { listExecutors } = await import('@reprise/backend')
  return table(
    ['executor', 'state', 'note'],
    (await listExecutors()).map(({ name, available, note }) => [name, available ? 'available' : 'not installed', note]),
  )
}
