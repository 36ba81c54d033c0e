/** The page docs/kernels.md: what each kernel's recorded calls came to on each target. */
import { importers } from '../../import/index.ts'
import type { Verdict } from './run-cases.ts'

/** Differences from TensorFlow.js that are known and accepted, by target and kernel. */
export const KNOWN: Readonly<Record<string, Readonly<Record<string, string>>>> = {}

type Verdicts = Readonly<Record<string, readonly Verdict[]>>

/** @param verdicts by target @returns a Markdown table, one row per kernel that compiles */
export function kernelTable(verdicts: Verdicts): string {
  const targets = Object.keys(verdicts)
  const kernels = [...new Set(Object.values(verdicts).flatMap((list) => list.map(({ kernel }) => kernel)))].sort()
  const rows = kernels
    .filter((kernel) => importers[kernel] !== undefined)
    .map((kernel) => {
      const of = (target: string): readonly Verdict[] => verdicts[target]!.filter((v) => v.kernel === kernel)
      return `| ${kernel} | ${of(targets[0]!).length} | ${targets.map((target) => cell(of(target))).join(' | ')} |`
    })
  const totals = targets.map((target) =>
    cell(verdicts[target]!.filter(({ kernel }) => importers[kernel] !== undefined)),
  )
  const count = verdicts[targets[0]!]!.filter(({ kernel }) => importers[kernel] !== undefined).length
  return [
    `| kernel | cases | ${targets.join(' | ')} |`,
    `|---|---:|${targets.map(() => '---|').join('')}`,
    ...rows,
    `| **all** | ${count} | ${totals.join(' | ')} |`,
  ].join('\n')
}

/** Kernels of the suite that do not compile, with their numbers of calls. */
export function missingKernels(verdicts: Verdicts): string {
  const counts = new Map<string, number>()
  for (const { kernel } of Object.values(verdicts)[0]!) {
    // Kernels that the suite registers for its own purposes have no name of TensorFlow.js's.
    if (importers[kernel] === undefined && kernel !== 'MyKernel') counts.set(kernel, (counts.get(kernel) ?? 0) + 1)
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kernel, count]) => `${kernel} (${count})`)
    .join(', ')
}

/** Wrong answers that are not known: none, or something broke. */
export function surprises(verdicts: Verdicts): string[] {
  return Object.entries(verdicts).flatMap(([target, list]) =>
    list
      .filter(({ result, kernel }) => result === 'wrong' && KNOWN[target]?.[kernel] === undefined)
      .map(({ kernel, detail }) => `${target} ${kernel}: ${detail}`),
  )
}

function cell(list: readonly Verdict[]): string {
  const count = (result: Verdict['result']): number => list.filter((v) => v.result === result).length
  const [refused, wrong] = [count('refused'), count('wrong')]
  return [
    `${count('pass')} pass`,
    ...(refused > 0 ? [`${refused} refused`] : []),
    ...(wrong > 0 ? [`${wrong} differ`] : []),
  ].join(', ')
}
