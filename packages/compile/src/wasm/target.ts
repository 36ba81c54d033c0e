/** The WebAssembly target: one module per function, all on the program's one memory, `run` synchronous. */
import { RepriseError } from '@reprise/core'
import type { HostData, NodeId, TensorSpec } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import type { BuiltFunction, BuiltProgram, FunctionRequest, ProgramRequest, Refusal, Target } from '../target.ts'
import { analyse } from './analysis.ts'
import type { Widening } from './boundary.ts'
import { emitFunction } from './emit-function.ts'
import { ModuleBuilder } from './encoder.ts'
import { fuse } from './fusion.ts'
import { hostImports } from './host-functions.ts'
import { isSupported, workspaceBytes } from './kernels.ts'
import { PAGE, ProgramMemory } from './memory.ts'
import { planMemory } from './memory-plan.ts'
import { type WasmMemory, webAssembly } from './web-assembly.ts'

/** Builds synchronously: `build`, `add`, `run`, `save` and `load` never return promises. */
export interface WasmProgram extends BuiltProgram {
  readonly functions: Readonly<Record<string, BuiltFunction & { run(): void }>>
  add(request: FunctionRequest): BuiltFunction & { run(): void }
  save(): Record<string, HostData>
  load(state: Readonly<Record<string, HostData>>): void
  /** Bytes of WebAssembly memory in use. */
  readonly memoryBytes: number
}

export interface WasmTarget extends Target {
  build(request: ProgramRequest): WasmProgram
}

export const wasmTarget: WasmTarget = {
  name: 'wasm',
  supports: refusal,
  build: (request) => new Program(request),
}

/** The first operation without a lowering, or values that cannot fit into WebAssembly's memory. */
function refusal(request: ProgramRequest): Refusal | undefined {
  if (webAssembly === undefined) return { reason: 'this host has no WebAssembly' }
  let bytes = Object.values(request.state).reduce((sum, leaf) => sum + 4 * sizeOf(leaf.shape), 0)
  for (const fn of Object.values(request.functions)) {
    for (const { operation, shape } of fn.graph().nodes) {
      if (!isSupported(operation.op)) return { reason: `it has no lowering for ${operation.op} (in '${fn.name}')` }
      bytes += 4 * sizeOf(shape)
    }
  }
  if (bytes > 3 * 2 ** 30) return { reason: `its values may need ${bytes} bytes, and WebAssembly addresses 4 GiB` }
  return undefined
}

interface Leaf extends TensorSpec {
  readonly address: number
}

class Program implements WasmProgram {
  readonly functions: Record<string, BuiltFunction & { run(): void }> = {}
  #memory: ProgramMemory | undefined = new ProgramMemory()
  readonly #state = new Map<string, Leaf>()
  readonly #built = new Set<Built>()

  constructor(request: ProgramRequest) {
    const memory = this.#memory!
    for (const [path, { shape, dtype, data }] of Object.entries(request.state)) {
      const address = memory.allocate(4 * sizeOf(shape))
      this.#state.set(path, { shape, dtype, address })
      memory.write(dtype, address, data)
    }
    for (const [name, fn] of Object.entries(request.functions)) this.functions[name] = this.add(fn)
  }

  get memoryBytes(): number {
    return this.#live().size
  }

  add(request: FunctionRequest): BuiltFunction & { run(): void } {
    const built = new Built(request, this.#live(), this.#state)
    this.#built.add(built)
    return built
  }

  save(): Record<string, HostData> {
    const memory = this.#live()
    return Object.fromEntries(
      [...this.#state].map(([path, { dtype, address, shape }]) => [path, memory.read(dtype, address, sizeOf(shape))]),
    )
  }

  load(state: Readonly<Record<string, HostData>>): void {
    const memory = this.#live()
    for (const [path, data] of Object.entries(state)) {
      const leaf = this.#state.get(path)
      if (leaf === undefined || data.length !== sizeOf(leaf.shape)) {
        const expected = leaf === undefined ? 'no such leaf' : `${sizeOf(leaf.shape)} values`
        throw new RepriseError('RPR_STATE_MISMATCH', `State '${path}' has ${data.length} values; here: ${expected}.`, {
          value: path,
          hint: 'Load a state that was saved by a program with the same parameters.',
        })
      }
      memory.write(leaf.dtype, leaf.address, data)
    }
  }

  dispose(): void {
    for (const built of this.#built) built.dispose()
    this.#built.clear()
    for (const name of Object.keys(this.functions)) delete this.functions[name]
    this.#state.clear()
    this.#memory = undefined
  }

  #live(): ProgramMemory {
    if (this.#memory === undefined) throw disposed()
    return this.#memory
  }
}

class Built implements BuiltFunction {
  inputs: Readonly<Record<string, HostData>>
  outputs: Readonly<Record<string, HostData>>
  run: () => void

  constructor(request: FunctionRequest, memory: ProgramMemory, state: ReadonlyMap<string, Leaf>) {
    const inputs: Record<string, HostData> = {}
    const bytes = new Map<string, number>()
    for (const [name, { shape, dtype }] of Object.entries(request.inputs)) {
      const address = memory.allocate((dtype === 'bool' ? 1 : 4) * sizeOf(shape))
      bytes.set(name, address)
      inputs[name] = memory.view(dtype, address, sizeOf(shape))
    }
    const analysis = analyse(request.graph())
    const { graph } = analysis
    const outputs: Record<string, HostData> = {}
    const outputBuffers = new Map<string, number>()
    for (const [name, id] of Object.entries(graph.outputs)) {
      const { shape, dtype } = graph.nodes[id]!
      const address = memory.allocate((dtype === 'bool' ? 1 : 4) * sizeOf(shape))
      outputBuffers.set(name, address)
      outputs[name] = memory.view(dtype, address, sizeOf(shape))
    }
    const inputNodes = new Map<NodeId, number>()
    const widenings: Widening[] = []
    graph.nodes.forEach((node, id) => {
      if (node.operation.op !== 'input' || !analysis.live[id]) return
      const address = bytes.get(node.operation.name)
      if (address === undefined) throw missing(node.operation.name)
      if (node.dtype !== 'bool') inputNodes.set(id, address)
      else {
        const length = sizeOf(node.shape)
        const masks = memory.allocate(4 * length)
        inputNodes.set(id, masks)
        if (length > 0) widenings.push({ bytes: address, masks, length })
      }
    })
    const units = fuse(analysis)
    const buffers = {
      state: new Map([...state].map(([path, leaf]) => [path, leaf.address])),
      inputs: inputNodes,
      outputs: outputBuffers,
    }
    const plan = planMemory(analysis, units, buffers, memory, (unit) => workspaceBytes(graph.nodes, unit))
    const module = new ModuleBuilder()
    emitFunction({ analysis, module, memory: plan }, plan, units, widenings)
    this.inputs = inputs
    this.outputs = outputs
    this.run = instantiate(module, memory.memory)
  }

  /** Lets go of the module, its instance and the views. */
  dispose(): void {
    this.inputs = {}
    this.outputs = {}
    this.run = () => {
      throw disposed()
    }
  }
}

function instantiate(module: ModuleBuilder, memory: WasmMemory): () => void {
  const code = module.encode(Math.ceil(memory.buffer.byteLength / PAGE))
  const instance = new webAssembly!.Instance(new webAssembly!.Module(code), { env: { memory }, host: hostImports })
  return instance.exports['run'] as () => void
}

function disposed(): RepriseError {
  return new RepriseError('RPR_COMPILE_DISPOSED', 'This program was disposed.', { hint: 'Compile it again.' })
}

function missing(name: string): RepriseError {
  return new RepriseError('RPR_COMPILE_INPUT', `The graph reads an input '${name}' that the request does not have.`, {
    value: name,
  })
}
