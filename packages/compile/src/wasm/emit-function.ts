/** One graph -> one module: a function per unit, and `run`, which calls them in order. */
import { emitResults, type Widening, widen } from './boundary.ts'
import type { Code } from './code.ts'
import { emitLoop } from './emit-loop.ts'
import type { FunctionRef, ModuleBuilder } from './encoder.ts'
import type { Unit } from './fusion.ts'
import { emitKernel } from './kernels.ts'
import type { Lowering } from './lowering.ts'
import type { Plan } from './memory-plan.ts'

/** Separate functions keep each small enough to be optimised well; a call costs about a nanosecond. */
export function emitFunction(
  lowering: Lowering,
  plan: Plan,
  units: readonly Unit[],
  widenings: readonly Widening[],
): void {
  const { module } = lowering
  const calls: FunctionRef[] = []
  const add = (body: (code: Code) => void): void => {
    calls.push(module.function({ params: [], results: [] }, body))
  }
  if (widenings.length > 0) {
    add((code) => {
      for (const widening of widenings) widen(code, widening)
    })
  }
  for (const unit of units) {
    add((code) => (unit.kind === 'loop' ? emitLoop(lowering, code, unit) : emitKernel(lowering, code, unit)))
  }
  if (plan.staged.length + plan.outputCopies.length + plan.stateCopies.length > 0) {
    add((code) => emitResults(lowering, code, plan))
  }
  exportRun(module, calls)
}

function exportRun(module: ModuleBuilder, calls: readonly FunctionRef[]): void {
  const run = module.function({ params: [], results: [] }, (code) => {
    for (const call of calls) code.call(call)
  })
  module.export('run', run)
}
