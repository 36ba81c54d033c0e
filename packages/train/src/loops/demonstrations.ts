/** Episodes that were not played by the policy: a file of actions, or what another run has stored. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import type { PolicySpaces } from '@reprise/algorithms'
import { RepriseError, type Serializable } from '@reprise/core'
import { KeyedStore } from '@reprise/replay'
import { parse } from 'yaml'
import { readCheckpoint } from '../run/checkpoint.ts'
import { readConfig } from '../run/run-folder.ts'
import type { ActionPlayer, Demonstration } from './play-actions.ts'
import type { Task } from './tasks.ts'

export interface Demonstrated {
  readonly task: number
  readonly episode: Demonstration
}

/**
 * `path`: a YAML file with a list of {seed, options, actions}, each action as the environment takes it, which are played;
 * or the folder of a run, whose last checkpoint's stored episodes are taken as they are.
 * @throws RPR_FILE_MISSING, RPR_CONFIG_INVALID, RPR_RUN_INVALID, RPR_STATE_MISMATCH
 */
export async function demonstrations(
  path: string,
  player: ActionPlayer,
  spaces: PolicySpaces,
  statistics: Serializable,
  option = 'demonstrations',
): Promise<Demonstrated[]> {
  if (!existsSync(path)) {
    throw new RepriseError('RPR_FILE_MISSING', `Option '${option}' = '${path}': no such file or folder.`, {
      value: path,
      hint: 'Give a YAML file with a list of {seed, options, actions}, or the folder of a run.',
    })
  }
  if (statSync(path).isDirectory()) return fromRun(path, spaces, option)
  const listed = readActions(path, option)
  const found: Demonstrated[] = []
  for (const [i, { actions, ...task }] of listed.entries()) {
    const played = await player.play(task, actions, statistics)
    if (played === undefined) {
      throw new RepriseError(
        'RPR_CONFIG_INVALID',
        `Episode ${i + 1} in '${path}' does not end with its last of ${actions.length} actions.`,
        { value: i + 1, hint: 'Give every action up to the end of the episode, and none after it.' },
      )
    }
    found.push(played)
  }
  return found
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
