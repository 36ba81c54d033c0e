/** The targets by name. */
import { RepriseError, suggest } from '@reprise/core'
import { eagerTarget } from './eager/target.ts'
import { interpreterTarget } from './interpreter/target.ts'
import { onnxTarget } from './onnx/target.ts'
import type { Target } from './target.ts'
import { wasmTarget } from './wasm/target.ts'

const targets = new Map<string, Target>()

/** Adds a target, or replaces the one of its name. */
export function registerTarget(target: Target): void {
  targets.set(target.name, target)
}

/** @throws RPR_COMPILE_TARGET_UNKNOWN with the nearest name */
export function targetNamed(name: string): Target {
  const target = targets.get(name)
  if (target !== undefined) return target
  throw new RepriseError('RPR_COMPILE_TARGET_UNKNOWN', `There is no compile target '${name}'.`, {
    value: name,
    hint: suggest(name, targetNames()),
  })
}

export function targetNames(): string[] {
  return [...targets.keys()]
}

for (const target of [wasmTarget, onnxTarget(), eagerTarget, interpreterTarget]) registerTarget(target)
