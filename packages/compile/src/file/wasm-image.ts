/**
 * What the wasm target makes of a program, as it lies in a file: modules, and the memory that they expect. Starting from
 * it emits nothing, and emitting is most of what compiling takes.
 */
import { RepriseError } from '@reprise/core'
import { type HostData, sizeOf, type TensorSpec } from '../graph.ts'
import type { BuiltFunction, BuiltProgram, FunctionRequest, ProgramRequest } from '../target.ts'
import { emitProgramFunction } from '../wasm/emit-program-function.ts'
import { instantiate } from '../wasm/instantiate.ts'
import { type Layout, locateState, viewsOf } from '../wasm/layout.ts'
import { ALIGNMENT, ProgramMemory } from '../wasm/memory.ts'
import type { BlobWriter } from './stored-graph.ts'

export interface WasmImage {
  readonly bytes: number
  readonly state: Layout
  /** What memory holds beside the state before the first call: constants. */
  readonly contents: readonly { readonly address: number; readonly blob: number }[]
  readonly functions: Readonly<
    Record<string, { readonly module: number; readonly inputs: Layout; readonly outputs: Layout }>
  >
}

/** Emits all functions anew, for a memory of their own. The state's values are not part of it. */
export function storeWasmImage(
  state: Readonly<Record<string, TensorSpec>>,
  functions: readonly FunctionRequest[],
  blobs: BlobWriter,
): WasmImage {
  const memory = new ProgramMemory()
  const leaves = locateState(state, memory)
  const stored = functions.map((fn) => {
    const { code, inputs, outputs } = emitProgramFunction(fn, memory, leaves)
    return [fn.name, { module: blobs.add(code), inputs, outputs }] as const
  })
  return {
    bytes: memory.memory.buffer.byteLength,
    state: leaves,
    contents: segments(new Int32Array(memory.memory.buffer)).map(({ from, words }) => ({
      address: 4 * from,
      blob: blobs.add(words),
    })),
    functions: Object.fromEntries(stored),
  }
}

/** The program of an image, with the state of the request. @throws whatever WebAssembly does where it does not fit */
export function startWasmImage(image: WasmImage, blobs: readonly Uint8Array[], request: ProgramRequest): BuiltProgram {
  const memory = new ProgramMemory()
  memory.allocate(image.bytes - ALIGNMENT)
  for (const { address, blob } of image.contents) {
    memory.view('bool', address, blobs[blob]!.length).set(blobs[blob]!)
  }
  const load = (state: Readonly<Record<string, HostData>>): void => {
    for (const [path, data] of Object.entries(state))
      memory.write(image.state[path]!.dtype, image.state[path]!.address, data)
  }
  load(Object.fromEntries(Object.entries(request.state).map(([path, { data }]) => [path, data])))
  const functions: Record<string, BuiltFunction> = {}
  for (const [name, { module, inputs, outputs }] of Object.entries(image.functions)) {
    functions[name] = {
      inputs: viewsOf(inputs, memory),
      outputs: viewsOf(outputs, memory),
      run: instantiate(blobs[module] as Uint8Array<ArrayBuffer>, memory),
    }
  }
  return {
    functions,
    add: ({ name }) => {
      throw new RepriseError('RPR_COMPILE_UNSUPPORTED', `A program from a file cannot compile '${name}'.`)
    },
    save: () =>
      Object.fromEntries(
        Object.entries(image.state).map(([path, { dtype, address, shape }]) => [
          path,
          memory.read(dtype, address, sizeOf(shape)),
        ]),
      ),
    load,
    // Nothing to release: memory and modules go when nobody holds the program any more.
    dispose: () => {
      for (const name of Object.keys(functions)) delete functions[name]
    },
  }
}

/** Everything that is not zero, in pieces with at most `GAP` words of zeros in them. */
function segments(words: Int32Array): { from: number; words: Int32Array }[] {
  const GAP = 256
  const found: { from: number; words: Int32Array }[] = []
  let from = -1
  let last = -1
  const close = (): void => {
    // Copied: a view of shared memory cannot be written to a file.
    if (from >= 0) found.push({ from, words: words.slice(from, last + 1) })
  }
  for (let i = 0; i < words.length; i++) {
    if (words[i] === 0) continue
    if (from < 0 || i - last > GAP) {
      close()
      from = i
    }
    last = i
  }
  close()
  return found
}
