/** Episodes that were not played by the policy: a file of actions, an expert's, or what another run has stored. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { type EpisodeSource, isScripted, type PolicySpaces } from '@reprise/algorithms'
import { RepriseError, type Serializable } from '@reprise/core'
import { KeyedStore } from '@reprise/replay'
import { parse } from 'yaml'
import type { ResolvedRun } from '../config/resolve.ts'
import type { EnvironmentMaker } from '../environments.ts'
import type { Learner } from '../learner.ts'
import { readCheckpoint } from '../run/checkpoint.ts'
import { readConfig } from '../run/run-folder.ts'
import { generatorOf } from '../run/seeds.ts'
import { expertActions, loadExpert } from './experts.ts'
import { ActionPlayer, type Demonstration } from './play-actions.ts'
import { expertTasks, type Task } from './tasks.ts'

export interface Demonstrated {
  readonly task: number
  readonly episode: Demonstration
}

/** What is needed to read and to play them. */
export interface DemonstrationContext {
  readonly environments: EnvironmentMaker
  readonly spaces: PolicySpaces
  readonly player: ActionPlayer
  /** Of the normalisers. */
  readonly statistics: Serializable
  /** The tasks that an expert plays. */
  readonly tasks: readonly Task[]
}

/**
 * A YAML file with a list of {seed, options, actions}, each action as the environment takes it, and the actions of an
 * expert are played; of a run, the last checkpoint's stored episodes are taken as they are.
 * @throws RPR_FILE_MISSING, RPR_CONFIG_INVALID, RPR_RUN_INVALID, RPR_STATE_MISMATCH, RPR_ENV_UNSUPPORTED, RPR_ENV_LOAD
 */
export async function demonstrations(
  { from, option }: EpisodeSource,
  { environments, spaces, player, statistics, tasks }: DemonstrationContext,
): Promise<Demonstrated[]> {
  if (isScripted(from)) {
    const expert = await loadExpert(from, option, environments)
    return playAll(await expertActions(expert, environments, tasks), from, player, statistics)
  }
  if (!existsSync(from)) {
    throw new RepriseError('RPR_FILE_MISSING', `Option '${option}' = '${from}': no such file or folder.`, {
      value: from,
      hint: "Give a YAML file with a list of {seed, options, actions}, the folder of a run, a module with an expert, or 'expert'.",
    })
  }
  if (statSync(from).isDirectory()) return fromRun(from, spaces, option)
  return playAll(readActions(from, option), from, player, statistics)
}

async function playAll(
  listed: readonly (Task & { actions: readonly unknown[] })[],
  from: string,
  player: ActionPlayer,
  statistics: Serializable,
): Promise<Demonstrated[]> {
  const found: Demonstrated[] = []
  for (const [i, { actions, ...task }] of listed.entries()) {
    const played = await player.play(task, actions, statistics)
    if (played === undefined) {
      throw new RepriseError(
        'RPR_CONFIG_INVALID',
        `Episode ${i + 1} in '${from}' does not end with its last of ${actions.length} actions.`,
        { value: i + 1, hint: 'Give every action up to the end of the episode, and none after it.' },
      )
    }
    found.push(played)
  }
  return found
}

/**
 * What a new run will read, before anything is written: refused here rather than in a run folder that then stays behind.
 * undefined where it reads none, or where its normalisers will have moved by the time that it does.
 */
export async function readDemonstrations(
  { algorithm, algorithmOptions: options, run }: ResolvedRun,
  { environments, program, policy, spaces }: Learner,
): Promise<readonly Demonstrated[] | undefined> {
  const source =
    algorithm.loop === 'dataset'
      ? algorithm.episodes(options)
      : algorithm.loop === 'group'
        ? algorithm.demonstrations?.(options)
        : undefined
  if (!source) return undefined
  const player = new ActionPlayer(environments, program, policy)
  const tasks = isScripted(source.from)
    ? expertTasks(run.tasks ?? 'fresh', generatorOf(run.seed, 'environments'), source.count)
    : []
  const statistics = { observation: null, reward: null }
  try {
    const found = await demonstrations(source, { environments, spaces, player, statistics, tasks })
    return run.normalizeObservation ? undefined : found
  } finally {
    await player.close()
  }
}

function fromRun(path: string, spaces: PolicySpaces, option: string): Demonstrated[] {
  const { folder } = readConfig(path)
  const { loop } = readCheckpoint(folder, 'last').state as { loop: { replay?: { store: Serializable } } }
  const store = new KeyedStore({ perKey: 2 ** 31 - 1 })
  if (loop?.replay) store.load(loop.replay.store)
  if (store.size === 0) {
    throw new RepriseError('RPR_RUN_INVALID', `Option '${option}' = '${path}': the run has stored no episodes.`, {
      value: path,
      hint: 'Give a run of arpo with saveReplay that has succeeded at something.',
    })
  }
  return store.groups.flatMap((task) =>
    store.get(task).map(({ key: _, iteration: __, policyVersion: ___, ...episode }) => {
      const size = (episode.columns['observation']?.length ?? 0) / episode.length
      if (size !== spaces.observationSize) {
        throw new RepriseError(
          'RPR_STATE_MISMATCH',
          `Option '${option}' = '${path}': its observations have ${size} elements, those of this run ${spaces.observationSize}.`,
          { value: path, hint: 'Give a run in the same environment with the same wrappers.' },
        )
      }
      return { task: task as number, episode }
    }),
  )
}

function readActions(path: string, option: string): (Task & { actions: readonly unknown[] })[] {
  let content: unknown
  try {
    content = parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new RepriseError(
      'RPR_CONFIG_INVALID',
      `'${path}' is not valid YAML: ${(cause as Error).message.split('\n')[0]}`,
      { value: path, cause },
    )
  }
  const legal = (item: unknown): boolean => {
    if (typeof item !== 'object' || item === null) return false
    const { seed, actions, options = {} } = item as Record<string, unknown>
    return (
      Number.isSafeInteger(seed) &&
      (seed as number) >= 0 &&
      Array.isArray(actions) &&
      actions.length > 0 &&
      typeof options === 'object'
    )
  }
  if (Array.isArray(content) && content.length > 0 && content.every(legal)) return content
  throw new RepriseError('RPR_CONFIG_INVALID', `Option '${option}' = '${path}' holds no list of episodes.`, {
    value: path,
    hint: 'Write a list of {seed, options, actions}: each seed an integer >= 0, actions those of one whole episode.',
  })
}
