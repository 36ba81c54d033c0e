/**
 * What the wasm target makes of a program, as it lies in a file: modules, and the memory that they expect. Starting from
 * it emits nothing, and emitting is most of what compiling takes.
 */
import { RepriseError } from '@reprise/core'
import { type Dtype, type HostData, type NodeId, sizeOf, type TensorSpec } from '../graph.ts'
import type { BuiltFunction, BuiltProgram, FunctionRequest, ProgramRequest } from '../target.ts'
import { analyse } from '../wasm/analysis.ts'
import type { Widening } from '../wasm/boundary.ts'
import { emitFunction } from '../wasm/emit-function.ts'
import { ModuleBuilder } from '../wasm/encoder.ts'
import { fuse } from '../wasm/fusion.ts'
import { hostImports } from '../wasm/host-functions.ts'
import { workspaceBytes } from '../wasm/kernels.ts'
import { ALIGNMENT, PAGE, ProgramMemory } from '../wasm/memory.ts'
import { planMemory } from '../wasm/memory-plan.ts'
import { webAssembly } from '../wasm/web-assembly.ts'
import type { BlobWriter } from './stored-graph.ts'

interface Located extends TensorSpec {
  readonly address: number
}
type Layout = Readonly<Record<string, Located>>

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
  const leaves = locate(state, (spec) => memory.allocate(4 * sizeOf(spec.shape)))
  const stored = functions.map((fn) => {
    const { code, inputs, outputs } = emit(fn, memory, leaves)
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

/** As the target does it (wasm/target.ts), but nothing is instantiated. */
function emit(fn: FunctionRequest, memory: ProgramMemory, state: Layout) {
  const atBoundary = ({ dtype, shape }: TensorSpec): number =>
    memory.allocate((dtype === 'bool' ? 1 : 4) * sizeOf(shape))
  const inputs = locate(fn.inputs, atBoundary)
  const analysis = analyse(fn.graph())
  const { graph } = analysis
  const results = Object.entries(graph.outputs).map(([name, id]) => [name, graph.nodes[id]!] as const)
  const outputs = locate(Object.fromEntries(results), atBoundary)
  const nodes = new Map<NodeId, number>()
  const widenings: Widening[] = []
  graph.nodes.forEach(({ operation, dtype, shape }, id) => {
    if (operation.op !== 'input' || !analysis.live[id]) return
    const { address } = inputs[operation.name]!
    if (dtype !== 'bool') nodes.set(id, address)
    else {
      const masks = memory.allocate(4 * sizeOf(shape))
      nodes.set(id, masks)
      if (sizeOf(shape) > 0) widenings.push({ bytes: address, masks, length: sizeOf(shape) })
    }
  })
  const units = fuse(analysis)
  const addresses = (layout: Layout) => new Map(Object.entries(layout).map(([name, { address }]) => [name, address]))
  const buffers = { state: addresses(state), inputs: nodes, outputs: addresses(outputs) }
  const plan = planMemory(analysis, units, buffers, memory, (unit) => workspaceBytes(graph.nodes, unit))
  const module = new ModuleBuilder()
  emitFunction({ analysis, module, memory: plan }, plan, units, widenings)
  const code = module.encode(Math.ceil(memory.memory.buffer.byteLength / PAGE))
  return { code, inputs, outputs }
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
  const views = (layout: Layout): Record<string, HostData> =>
    Object.fromEntries(
      Object.entries(layout).map(([name, { dtype, address, shape }]) => [
        name,
        memory.view(dtype, address, sizeOf(shape)),
      ]),
    )
  const imports = { env: { memory: memory.memory }, host: hostImports }
  const functions: Record<string, BuiltFunction> = {}
  for (const [name, { module, inputs, outputs }] of Object.entries(image.functions)) {
    const { exports } = new webAssembly!.Instance(new webAssembly!.Module(blobs[module]!), imports)
    functions[name] = { inputs: views(inputs), outputs: views(outputs), run: exports['run'] as () => void }
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

function locate(specs: Readonly<Record<string, TensorSpec>>, allocate: (spec: TensorSpec) => number): Layout {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape, dtype }]: [string, { shape: readonly number[]; dtype: Dtype }]) => [
      name,
      { shape, dtype, address: allocate({ shape, dtype }) },
    ]),
  )
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
