import { RepriseError } from '@reprise/core'

const MAX_SEEDS = 1000

/** `1..5`, `1,2,3` or both: `1..3,10`. @throws RPR_OPTION_TYPE, RPR_OPTION_RANGE */
export function parseSeeds(text: string): number[] {
  const bad = (code: 'RPR_OPTION_TYPE' | 'RPR_OPTION_RANGE', why: string) =>
    new RepriseError(code, `Option '--seeds' = '${text}' is not legal: ${why}.`, {
      value: text,
      hint: `It takes up to ${MAX_SEEDS} different integers from 0 to ${2 ** 32 - 1}, as 1..5 or 1,2,3.`,
    })
  const seeds: number[] = []
  for (const part of text.split(',')) {
    const range = /^\s*(\d+)(?:\.\.(\d+))?\s*$/.exec(part)
    if (!range) throw bad('RPR_OPTION_TYPE', `'${part}' is neither a number nor a range`)
    const from = Number(range[1])
    const to = Number(range[2] ?? from)
    if (to < from) throw bad('RPR_OPTION_RANGE', `'${part}' runs backwards`)
    if (to >= 2 ** 32) throw bad('RPR_OPTION_RANGE', `${to} is too large`)
    if (seeds.length + to - from >= MAX_SEEDS) throw bad('RPR_OPTION_RANGE', 'these are too many')
    for (let seed = from; seed <= to; seed++) seeds.push(seed)
  }
  const twice = seeds.find((seed, i) => seeds.indexOf(seed) !== i)
  if (twice !== undefined) throw bad('RPR_OPTION_RANGE', `${twice} is there twice`)
  return seeds
}
