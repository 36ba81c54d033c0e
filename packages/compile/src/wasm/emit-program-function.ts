/** One function of a program as WebAssembly code, and where its inputs and outputs lie in the program's memory. */
import { RepriseError } from '@reprise/core'
import { type NodeId, sizeOf } from '../graph.ts'
import type { FunctionRequest } from '../target.ts'
import { analyse } from './analysis.ts'
import type { Widening } from './boundary.ts'
import { emitFunction } from './emit-function.ts'
import { ModuleBuilder } from './encoder.ts'
import { fuse } from './fusion.ts'
import { workspaceBytes } from './kernels.ts'
import { addressesOf, type Layout, locateBoundary } from './layout.ts'
import { PAGE, type ProgramMemory } from './memory.ts'
import { planMemory } from './memory-plan.ts'

export interface EmittedFunction {
  readonly code: Uint8Array<ArrayBuffer>
  readonly inputs: Layout
  readonly outputs: Layout
}

/** Nothing is instantiated; what the function needs of the memory is allocated, its constants are written. */
export function emitProgramFunction(request: FunctionRequest, memory: ProgramMemory, state: Layout): EmittedFunction {
  const inputs = locateBoundary(request.inputs, memory)
  const analysis = analyse(request.graph())
  const { graph } = analysis
  const results = Object.entries(graph.outputs).map(([name, id]) => [name, graph.nodes[id]!] as const)
  const outputs = locateBoundary(Object.fromEntries(results), memory)
  const inputNodes = new Map<NodeId, number>()
  const widenings: Widening[] = []
  graph.nodes.forEach(({ operation, dtype, shape }, id) => {
    if (operation.op !== 'input' || !analysis.live[id]) return
    const input = inputs[operation.name]
    if (input === undefined) throw missing(operation.name)
    if (dtype !== 'bool') inputNodes.set(id, input.address)
    else {
      const length = sizeOf(shape)
      const masks = memory.allocate(4 * length)
      inputNodes.set(id, masks)
      if (length > 0) widenings.push({ bytes: input.address, masks, length })
    }
  })
  const units = fuse(analysis)
  const buffers = { state: addressesOf(state), inputs: inputNodes, outputs: addressesOf(outputs) }
  const plan = planMemory(analysis, units, buffers, memory, (unit) => workspaceBytes(graph.nodes, unit))
  const module = new ModuleBuilder()
  emitFunction({ analysis, module, memory: plan }, plan, units, widenings)
  return { code: module.encode(Math.ceil(memory.memory.buffer.byteLength / PAGE)), inputs, outputs }
}

function missing(name: string): RepriseError {
  return new RepriseError('RPR_COMPILE_INPUT', `The graph reads an input '${name}' that the request does not have.`, {
    value: name,
  })
}
