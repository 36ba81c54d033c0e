/** Loads onnxruntime-node, an optional peer: only when a program is built for this target. */
import { createRequire } from 'node:module'
import { RepriseError } from '@reprise/core'
import type * as Runtime from 'onnxruntime-node'

const PACKAGE = 'onnxruntime-node'
const require = createRequire(import.meta.url)

export type OrtRuntime = typeof Runtime
export type OrtTensor = Runtime.Tensor
export type OrtSession = Runtime.InferenceSession
export type OrtSessionOptions = Runtime.InferenceSession.SessionOptions

/** Whether the package can be found; does not load it. */
export function runtimeInstalled(name = PACKAGE): boolean {
  try {
    require.resolve(name)
    return true
  } catch {
    return false
  }
}

/** @throws RPR_EXECUTOR_MISSING where the package or its library for this platform is missing */
export function loadRuntime(name = PACKAGE): OrtRuntime {
  try {
    return require(name) as OrtRuntime
  } catch (cause) {
    throw new RepriseError(
      'RPR_EXECUTOR_MISSING',
      `Target onnx needs the package '${name}', which does not load here.`,
      {
        value: name,
        hint: `Install it (npm install ${name}) or use target wasm.`,
        cause,
      },
    )
  }
}
