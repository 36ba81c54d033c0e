import type { AnyEnv } from '../env.ts'
import { isSpace, type Space } from '../space.ts'
import { type AnySpace, asAnySpace } from '../spaces/index.ts'
import type { Findings } from './findings.ts'

/** Whether there are spaces to go on with. */
export function checkSpaces(findings: Findings, env: AnyEnv): boolean {
  let usable = true
  for (const key of ['observationSpace', 'actionSpace'] as const) {
    if (!isSpace(env[key])) {
      findings.error('spaces', `${key} is no space. Use box(...), discrete(...) or another from @reprise/core.`)
      usable = false
      continue
    }
    checkSpace(findings, env[key], key)
  }
  return usable
}

function checkSpace(findings: Findings, space: Space, where: string): void {
  const any = asAnySpace(space)
  if (any.kind === 'Dict' || any.kind === 'Tuple') {
    for (const [key, part] of Object.entries(any.spaces)) checkSpace(findings, part as Space, `${where}.${key}`)
    return
  }
  if (any.kind === 'Text')
    findings.warning('spaces', `${where} is ${any}, which algorithms cannot read. Encode the text as numbers in a box.`)
  if (any.kind === 'Discrete' && any.n === 1)
    findings.warning('spaces', `${where} is ${any}: it holds a single value, so nothing can be learned from it.`)
  if (any.kind === 'Box') checkBox(findings, any, where)
}

function checkBox(findings: Findings, space: AnySpace & { kind: 'Box' }, where: string): void {
  const { low, high, shape, dtype } = space
  const count = (test: (l: number, h: number) => boolean) => low.reduce((n, l, i) => n + (test(l, high[i]!) ? 1 : 0), 0)
  const equal = count((l, h) => l === h)
  if (equal > 0)
    findings.warning('spaces', `${where} has low equal to high in ${equal} elements. Leave constants out of the space.`)
  if (where.startsWith('actionSpace')) {
    const infinite = count((l, h) => !Number.isFinite(l) || !Number.isFinite(h))
    if (infinite > 0)
      findings.warning(
        'spaces',
        `${where} is unbounded in ${infinite} elements. Give finite bounds: samples and squashed policies need them.`,
      )
    else if (count((l, h) => l !== -h) > 0)
      findings.warning(
        'spaces',
        `${where} is ${space}, not symmetric about 0. Algorithms assume it: use RescaleAction.`,
      )
  } else if (shape.length === 3 && dtype !== 'uint8' && low.every((l) => l === 0) && high.every((h) => h === 255)) {
    findings.warning(
      'spaces',
      `${where} looks like an image but is ${dtype}. Use dtype 'uint8': a quarter of the memory.`,
    )
  }
}
