import type { PolicySpaces } from './algorithm.ts'

/** What has no effect without a Gaussian: the actions of every space but a Box are drawn from categories. */
export function inertWithoutGaussian({ action }: PolicySpaces): Record<string, string> {
  return action.kind === 'Box' ? {} : { logStdInit: `actions are ${action}, and only those of a Box have a deviation` }
}
