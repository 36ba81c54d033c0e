/** The part of `train --help` that depends on the algorithm: its options and those of every run. */
import type { OptionTable } from '@reprise/core'
import type { Args } from '../args.ts'
import { section } from '../help.ts'

export async function optionHelp(args: Args): Promise<string[]> {
  const name = args.text('algo')
  if (name === undefined)
    return ['', "Options for --set: add --algo <name> to this help, e.g. 'train --help --algo ppo'."]
  const [{ getAlgorithm }, { groupRunOptions, runOptions }] = await Promise.all([
    import('@reprise/algorithms'),
    import('@reprise/train'),
  ])
  const algorithm = getAlgorithm(name)
  return [
    ...section(`Options of ${algorithm.name} (--set name=value)`, describe(algorithm.options)),
    ...section('Options of every run (--set name=value)', describe(runOptions)),
    ...(algorithm.loop === 'group' ? section('Options of runs on groups of episodes', describe(groupRunOptions)) : []),
  ]
}

function describe(table: OptionTable): [string, string][] {
  return Object.entries(table).map(([name, { doc, range, default: value }]) => [
    name,
    `${doc.replace(/\.$/, '')}. ${range.charAt(0).toUpperCase()}${range.slice(1)}; default ${show(value)}.`,
  ])
}

function show(value: unknown): string {
  if (value === null) return 'none'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
