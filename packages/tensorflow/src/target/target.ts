/** The target `tensorflow` of @reprise/compile. */
import { GPU_FLOPS, type ProgramRequest, registerTarget, type Target } from '@reprise/compile'
import type { Session } from '../native/session.ts'
import { TensorFlowProgram } from './program.ts'

export function tensorFlowTarget(session: Session): Target & { build(request: ProgramRequest): TensorFlowProgram } {
  return {
    name: 'tensorflow',
    ...(session.device.type === 'GPU' ? { fromFlops: GPU_FLOPS } : {}),
    // Every operation has a lowering; what cannot be recorded says so when it is asked for its graph.
    supports: ({ functions }) => {
      for (const fn of Object.values(functions)) fn.graph()
      return undefined
    },
    build: (request) => new TensorFlowProgram(session, request),
  }
}

export function registerTensorFlowTarget(session: Session): void {
  registerTarget(tensorFlowTarget(session))
}
