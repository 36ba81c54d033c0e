/** The WebAssembly target: one module per function, all on the program's one memory, `run` synchronous. */
import { RepriseError } from '@reprise/core'
import { type HostData, sizeOf } from '../graph.ts'
import type { BuiltFunction, BuiltProgram, FunctionRequest, ProgramRequest, Refusal, Target } from '../target.ts'
import { emitProgramFunction } from './emit-program-function.ts'
import { instantiate } from './instantiate.ts'
import { isSupported } from './kernels.ts'
import { type Layout, locateState, viewsOf } from './layout.ts'
import { ProgramMemory } from './memory.ts'
import { webAssembly } from './web-assembly.ts'

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

class Program implements WasmProgram {
  readonly functions: Record<string, BuiltFunction & { run(): void }> = {}
  #memory: ProgramMemory | undefined = new ProgramMemory()
  readonly #state: Layout
  readonly #built = new Set<Built>()

  constructor(request: ProgramRequest) {
    this.#state = locateState(request.state, this.#memory!)
    this.load(Object.fromEntries(Object.entries(request.state).map(([path, { data }]) => [path, data])))
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
      Object.entries(this.#state).map(([path, { dtype, address, shape }]) => [
        path,
        memory.read(dtype, address, sizeOf(shape)),
      ]),
    )
  }

  load(state: Readonly<Record<string, HostData>>): void {
    const memory = this.#live()
    for (const [path, data] of Object.entries(state)) {
      const leaf = this.#state[path]
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

  constructor(request: FunctionRequest, memory: ProgramMemory, state: Layout) {
    const { code, inputs, outputs } = emitProgramFunction(request, memory, state)
    this.inputs = viewsOf(inputs, memory)
    this.outputs = viewsOf(outputs, memory)
    this.run = instantiate(code, memory)
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

function disposed(): RepriseError {
  return new RepriseError('RPR_COMPILE_DISPOSED', 'This program was disposed.', { hint: 'Compile it again.' })
}
