/** What a target made of a program, stored beside the graphs: it saves time, and nothing depends on it. */
import type { TensorSpec } from '../graph.ts'
import { runtimeInstalled } from '../onnx/runtime.ts'
import type { FunctionRequest, Target } from '../target.ts'
import { targetNamed } from '../target-registry.ts'
import { webAssembly } from '../wasm/web-assembly.ts'
import { type OnnxImage, onnxImageKey, startOnnxImage, storeOnnxImage } from './onnx-image.ts'
import type { BlobWriter } from './stored-graph.ts'
import { startWasmImage, storeWasmImage, type WasmImage } from './wasm-image.ts'

/** Changes with what modules expect of the host; they run on any processor. */
const WASM_KEY = 'wasm 1'

export interface Image {
  readonly target: string
  /** Where it holds: elsewhere the program is built from its graphs. */
  readonly key: string
  readonly content: unknown
}

export async function storeImage(
  target: string,
  state: Readonly<Record<string, TensorSpec>>,
  functions: readonly FunctionRequest[],
  blobs: BlobWriter,
): Promise<Image | undefined> {
  if (target === 'wasm') return { target, key: WASM_KEY, content: storeWasmImage(state, functions, blobs) }
  if (target === 'onnx') return { target, key: onnxImageKey(), content: await storeOnnxImage(functions, blobs) }
  return undefined
}

/** Targets as they are, but the one that an image is of, where it holds here: that one starts from the image. */
export function fromImage(image: Image | undefined, blobs: readonly Uint8Array[]): (target: Target) => Target {
  return (target) => {
    // A target of the user's own may have the same name.
    if (image?.target !== target.name || target !== targetNamed(target.name) || !holdsHere(image)) return target
    return {
      name: target.name,
      supports: () => undefined,
      build: (request) => {
        try {
          if (target.name === 'wasm') return startWasmImage(image.content as WasmImage, blobs, request)
          return startOnnxImage(image.content as OnnxImage, blobs, request).catch(() => target.build(request))
        } catch {
          return target.build(request)
        }
      },
    }
  }
}

function holdsHere({ target, key }: Image): boolean {
  if (target === 'wasm') return key === WASM_KEY && webAssembly !== undefined
  try {
    return runtimeInstalled() && key === onnxImageKey()
  } catch {
    // Installed, but not for this platform: building from the graphs says so.
    return false
  }
}
