/** A program on TensorFlow: its functions, compiled by XLA when they are first called, on one state. */
import type { BuiltProgram, FunctionRequest, HostData, ProgramRequest } from '@reprise/compile'
import { RepriseError } from '@reprise/core'
import type { Session } from '../native/session.ts'
import { TensorFlowFunction } from './built-function.ts'
import { shapeOf } from './function-body.ts'
import { StateStore } from './state-store.ts'

export class TensorFlowProgram implements BuiltProgram {
  readonly #session: Session
  readonly #state: StateStore
  readonly #functions: Record<string, TensorFlowFunction> = {}
  #disposed = false

  constructor(session: Session, request: ProgramRequest) {
    this.#session = session
    this.#state = new StateStore(session, request.state)
    for (const fn of Object.values(request.functions)) this.add(fn)
  }

  get functions(): Readonly<Record<string, TensorFlowFunction>> {
    return this.#functions
  }

  /** @throws RPR_COMPILE_DISPOSED */
  add(request: FunctionRequest): TensorFlowFunction {
    this.#alive()
    const built = new TensorFlowFunction(this.#session, shapeOf(request), this.#state)
    this.#functions[request.name] = built
    return built
  }

  save(): Record<string, HostData> {
    this.#alive()
    return this.#state.save()
  }

  /** @throws RPR_STATE_MISMATCH */
  load(state: Readonly<Record<string, HostData>>): void {
    this.#alive()
    this.#state.load(state)
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    for (const fn of Object.values(this.#functions)) fn.delete()
    this.#state.delete()
  }

  #alive(): void {
    if (this.#disposed) throw new RepriseError('RPR_COMPILE_DISPOSED', 'This tensorflow program was disposed.')
  }
}
