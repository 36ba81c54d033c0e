/** Help texts, generated from the tables of the verbs. */
import { usageLine } from './args.ts'
import { definitions } from './table.ts'
import { COMMON_FLAGS, type FlagSpec, type VerbSpec } from './verb.ts'

export function overview(verbs: readonly VerbSpec[], command: string): string[] {
  return [
    'Reprise: reinforcement learning in TypeScript.',
    '',
    `Usage: ${command} <verb> [arguments] [flags]`,
    '',
    'Verbs:',
    ...definitions(verbs.filter(({ hidden }) => !hidden).map((verb) => [verb.name, verb.summary])),
    '',
    `'${command} help <verb>' says more about one; '${command} version' says what is installed.`,
  ]
}

export function verbHelp(verb: VerbSpec, command: string): string[] {
  const flags = Object.entries({ ...verb.flags, ...COMMON_FLAGS })
  return [
    `${verb.summary}.`,
    '',
    `Usage: ${command} ${usageLine(verb)}`,
    ...section(
      'Arguments',
      verb.arguments.map(({ name, doc }) => [name, doc]),
    ),
    ...section(
      'Flags',
      flags.map(([name, spec]) => [flagTerm(name, spec), spec.doc]),
    ),
    '',
    'Examples:',
    ...verb.examples.map(
      ([args, doc]) => `  ${command} ${verb.name} ${args}`.trimEnd() + (doc === '' ? '' : `   # ${doc}`),
    ),
  ]
}

export function section(title: string, entries: readonly (readonly [string, string])[]): string[] {
  return entries.length > 0 ? ['', `${title}:`, ...definitions(entries)] : []
}

function flagTerm(name: string, spec: FlagSpec): string {
  return spec.kind === 'switch' ? `--${name}` : `--${name} ${spec.value ?? '<value>'}`
}
