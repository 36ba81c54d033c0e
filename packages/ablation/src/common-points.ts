import type { Curve } from '@reprise/stats'

/**
 * Where seeds have different points, those that all have, if they are half of them or more: nothing is made up between
 * them. Fewer are chance.
 */
export function commonPoints(runs: readonly Curve[]): readonly Curve[] {
  const common = runs[0]!.x.filter((value) => runs.every(({ x }) => x.includes(value)))
  if (2 * common.length < Math.min(...runs.map(({ x }) => x.length))) return runs
  return runs.map(({ x, y }) => ({ x: common, y: common.map((value) => y[x.indexOf(value)]!) }))
}
