/** TensorFlow functions compiled by XLA: registered in the eager context, called by name, removed. */
import type { Pointer } from '../native/ffi.ts'
import type { Session } from '../native/session.ts'
import type { Output, TfGraph } from './tf-graph.ts'

/** AttrValue { b: true } */
const YES = Uint8Array.of(0x28, 1)

let made = 0

/** A name that no other function of the process has. */
export function freshName(what: string): string {
  return `reprise_${what.replace(/[^A-Za-z0-9]/g, '_')}_${made++}`
}

/** The graph as a TF_Function in the context. The caller deletes it: graphs that call it need it until they are done. */
export function define(
  session: Session,
  tf: TfGraph,
  name: string,
  inputs: readonly Output[],
  outputs: readonly Output[],
  compiled: boolean,
): Pointer {
  const { api, status, context } = session
  const fn = tf.toFunction(name, inputs, outputs)
  if (compiled) {
    api.TF_FunctionSetAttrValueProto(fn, '_XlaMustCompile', YES, YES.length, status.pointer)
    status.check()
  }
  api.TFE_ContextAddFunction(context, fn, status.pointer)
  status.check()
  return fn
}

/** A function ready to be called. */
export class Callable {
  readonly #session: Session
  readonly #name: string
  readonly #namePointer: Pointer
  readonly #device: Pointer
  readonly #results: BigUint64Array
  readonly #count = new Int32Array(1)

  constructor(session: Session, name: string, results: number) {
    this.#session = session
    this.#name = name
    this.#namePointer = session.ffi.intern(name)
    this.#device = session.ffi.intern(session.device.name)
    this.#results = new BigUint64Array(Math.max(1, results))
  }

  /** Handles of the results; the caller deletes them. */
  call(inputs: readonly Pointer[]): Pointer[] {
    const { api, status, context } = this.#session
    const op = api.TFE_NewOp(context, this.#namePointer, status.pointer)
    status.check()
    try {
      api.TFE_OpSetDevice(op, this.#device, status.pointer)
      status.check()
      for (let i = 0; i < inputs.length; i++) {
        api.TFE_OpAddInput(op, inputs[i]!, status.pointer)
        status.check()
      }
      this.#count[0] = this.#results.length
      api.TFE_Execute(op, this.#results, this.#count, status.pointer)
      status.check()
    } finally {
      api.TFE_DeleteOp(op)
    }
    const handles = new Array<Pointer>(this.#count[0]!)
    for (let i = 0; i < handles.length; i++) handles[i] = Number(this.#results[i])
    return handles
  }

  remove(): void {
    const { api, status, context } = this.#session
    api.TFE_ContextRemoveFunction(context, this.#name, status.pointer)
    status.check()
  }
}

/** Copies the values of a tensor. */
export function readInto(session: Session, handle: Pointer, to: ArrayBufferView): void {
  const { api, ffi, status } = session
  const tensor = api.TFE_TensorHandleResolve(handle, status.pointer)
  status.check()
  if (to.byteLength > 0) ffi.copyOut(to, api.TF_TensorData(tensor), to.byteLength)
  api.TF_DeleteTensor(tensor)
}
