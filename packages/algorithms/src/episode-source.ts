/** Where an algorithm gets episodes from that its policy did not play: options that are shared. */
import { option } from '@reprise/core'

export interface EpisodeSource {
  /** The option that names it, for messages. */
  readonly option: string
  /** A YAML file of actions, the folder of a run, a module that exports an expert, or `expert`: the environment's own. */
  readonly from: string
  /** Episodes that an expert plays; null: each fixed task once, and 64 where tasks are fresh. */
  readonly count: number | null
}

/** Whether `from` plays by itself, instead of giving episodes as they are. */
export function isScripted(from: string): boolean {
  return from === 'expert' || /\.(ts|mts|js|mjs)(#.*)?$/.test(from)
}

export const EPISODE_SOURCES =
  "a YAML file with a list of {seed, options, actions}, which are played; the folder of a run, whose stored episodes are taken; a module (path .ts or .js) that exports a function from what it sees to an action; or expert: the environment's own"

/** `name`: the option that says where episodes come from. */
export function expertEpisodesOption(name: string, idle?: (values: never) => string | undefined) {
  return option.optionalInteger({
    default: null,
    min: 1,
    doc: `Episodes that a scripted expert plays, on the tasks of the option tasks in turn. None: each fixed task once, and 64 where tasks are fresh.`,
    inert: (values: Readonly<Record<string, unknown>>) =>
      idle?.(values as never) ?? (isScripted(String(values[name])) ? undefined : `${name} is played by no expert`),
  })
}
