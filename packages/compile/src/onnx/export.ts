/** One function as an ONNX file for other runtimes: arguments in, outputs out, the state inside as constants. */
import { RepriseError } from '@reprise/core'
import { writeAtomically } from '../file/container.ts'
import type { Graph, HostData, TensorSpec } from '../graph.ts'
import { lowerGraph, type ValueSource } from './lower/lower.ts'
import { encodeModel, type Model, type ModelNode, type ValueInfo } from './model.ts'

export interface OnnxExport {
  /** The name of the graph in the file. */
  readonly name: string
  graph(): Graph
  readonly inputs: Readonly<Record<string, TensorSpec>>
}

/**
 * Writes `path`, an ONNX model (opset 17) of standard operations. Its inputs and outputs have the function's names and
 * types; an output that is called like an input gets the suffix `_out`. The function's next state is left out. Needs no
 * ONNX Runtime; the state may come from any target's `save()`.
 * @throws RPR_STATE_MISMATCH for a leaf that is not there, RPR_COMPILE_UNSUPPORTED, RPR_FILE_UNWRITABLE
 */
export async function toOnnx(
  request: OnnxExport,
  state: Readonly<Record<string, HostData>>,
  path: string,
): Promise<void> {
  await writeAtomically(path, [encodeModel(exportModel(request, state))])
}

export function exportModel(request: OnnxExport, state: Readonly<Record<string, HostData>>): Model {
  const lowered = lowerGraph(request.graph(), { name: request.name, state, outputsOnly: true })
  const names = new Map<string, string>()
  for (const { name, from } of lowered.feeds) {
    if (from.kind === 'input') names.set(name, from.name)
    else if (from.kind === 'state') {
      throw new RepriseError('RPR_STATE_MISMATCH', `State '${from.path}' of '${request.name}' is missing.`, {
        value: from.path,
      })
    }
  }
  const outputs: ValueInfo[] = []
  const copies: ModelNode[] = []
  for (const [output, { shape, dtype, from }] of Object.entries(lowered.outputs)) {
    const name = output in request.inputs ? `${output}_out` : output
    outputs.push({ name, type: dtype, dims: shape })
    const source = valueName(from)
    if (from.kind === 'result' && !names.has(source)) names.set(source, name)
    else copies.push({ op: 'Identity', inputs: [source], outputs: [name], attributes: {} })
  }
  const rename = (list: readonly string[]): string[] => list.map((name) => names.get(name) ?? name)
  return {
    name: request.name,
    nodes: [...lowered.model.nodes, ...copies].map((node) => ({
      ...node,
      inputs: rename(node.inputs),
      outputs: rename(node.outputs),
    })),
    initializers: lowered.model.initializers,
    // Unread arguments too: who runs the model feeds all of them.
    inputs: Object.entries(request.inputs).map(([name, { shape, dtype }]) => ({ name, type: dtype, dims: shape })),
    outputs,
  }
}

function valueName(from: ValueSource): string {
  if (from.kind === 'input') return `input:${from.name}`
  return from.kind === 'state' ? `state:${from.path}` : from.name
}
