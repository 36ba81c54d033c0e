import { expect, test } from 'vitest'
import { parseVerb } from './args.ts'
import type { VerbSpec } from './verb.ts'

const verb: VerbSpec = {
  name: 'walk',
  summary: 'Walk',
  arguments: [
    { name: 'from', doc: 'a place to start' },
    { name: 'to', doc: 'a place to go', optional: true },
  ],
  flags: {
    pace: { kind: 'text', value: '<pace>', doc: 'How fast' },
    steps: { kind: 'integer', value: '<n>', min: 1, doc: 'How far' },
    set: { kind: 'pairs', value: 'a=1', doc: 'Options' },
    quiet: { kind: 'switch', doc: 'Quietly' },
  },
  conflicts: [['pace', 'quiet']],
  examples: [],
  load: () => Promise.reject(new Error('not run here')),
}

test('every kind of flag and argument', () => {
  const args = parseVerb(verb, ['home', '--pace', 'fast', '--steps=3e2', '--set', 'a=1', '--set=b=x=y', 'there'])
  expect([args.argument('from'), args.optionalArgument('to')]).toEqual(['home', 'there'])
  expect([args.text('pace'), args.integer('steps'), args.switch('quiet')]).toEqual(['fast', 300, false])
  expect(args.pairs('set')).toEqual({ a: '1', b: 'x=y' })
})

test('what was not given', () => {
  const args = parseVerb(verb, ['home', '--quiet'])
  expect([args.optionalArgument('to'), args.text('pace'), args.integer('steps')]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect([args.switch('quiet'), args.pairs('set')]).toEqual([true, {}])
})

test('negative values and values like flags', () => {
  expect(parseVerb(verb, ['home', '--set', 'low=-1', '--pace=--odd']).text('pace')).toBe('--odd')
  expect(parseVerb(verb, ['home', '--pace', '-1']).text('pace')).toBe('-1')
  expect(parseVerb(verb, ['--', '--home']).argument('from')).toBe('--home')
})

test('help asks for nothing else', () => {
  expect(parseVerb(verb, ['--help']).switch('help')).toBe(true)
  expect(parseVerb(verb, ['-h']).switch('help')).toBe(true)
})

test.each([
  [['home', '--paec', 'x'], 'RPR_USAGE', /'--paec'.*'--pace'/],
  [['home', '--learningRate=1'], 'RPR_USAGE', /'--learningRate'.*--set learningRate=/],
  [['home', '-x'], 'RPR_USAGE', /'-x'/],
  [['home', '--pace'], 'RPR_USAGE', /--pace.*<pace>/],
  [['home', '--pace='], 'RPR_USAGE', /--pace.*<pace>/],
  [['home', '--pace', '--quiet'], 'RPR_USAGE', /--pace.*needs a value/],
  [['home', '--pace', 'a', '--pace', 'b'], 'RPR_USAGE', /--pace is given twice: 'a' and 'b'/],
  [['home', '--quiet=yes'], 'RPR_USAGE', /--quiet takes no value/],
  [['home', '--steps', 'many'], 'RPR_OPTION_TYPE', /--steps' = 'many'.*integer >= 1/],
  [['home', '--steps', '0'], 'RPR_OPTION_RANGE', /--steps' = '0'.*integer >= 1/],
  [['home', '--steps', '1.5'], 'RPR_OPTION_TYPE', /1\.5/],
  [['home', '--set', 'a'], 'RPR_USAGE', /--set a is no name=value pair/],
  [['home', '--set', '=1'], 'RPR_USAGE', /=1/],
  [['home', '--set', 'a=1', '--set', 'a=2'], 'RPR_USAGE', /--set a is given twice/],
  [['home', '--pace', 'x', '--quiet'], 'RPR_OPTION_CONFLICT', /--pace and --quiet/],
  [[], 'RPR_USAGE', /needs a place to start.*walk <from> \[to\] \[flags\]/],
  [['a', 'b', 'c'], 'RPR_USAGE', /does not take the argument 'c'/],
])('%j is refused', (argv, code, message) => {
  expect(() => parseVerb(verb, argv)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  )
})
