/** From a graph to an ONNX model, with a note of where each result of the function comes from. */
import { RepriseError } from '@reprise/core'
import { type Graph, type HostData, type NodeId, sizeOf, type TensorSpec } from '../../graph.ts'
import { ModelBuilder } from '../builder.ts'
import type { Model, ValueInfo } from '../model.ts'
import { biasAdditions, splits } from './groups.ts'
import { matmul } from './matmul.ts'
import { lowerNode } from './table.ts'
import { analyseUsage } from './usage.ts'

/** Where the host finds a value: some results are no work of the model's. */
export type ValueSource =
  | { readonly kind: 'result'; readonly name: string }
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'state'; readonly path: string }
  /** `name` is its initialiser. */
  | { readonly kind: 'constant'; readonly name: string; readonly data: HostData }

export interface Lowered {
  /** Its inputs are exactly what it reads, its outputs each value that some result needs once. */
  readonly model: Model
  readonly feeds: readonly { readonly name: string; readonly from: ValueSource }[]
  readonly outputs: Readonly<Record<string, TensorSpec & { readonly from: ValueSource }>>
  readonly nextState: Readonly<Record<string, ValueSource>>
  /** ScatterND adds in a race on several threads. */
  readonly needsOneThread: boolean
}

export interface LowerOptions {
  readonly name: string
  /** State to write into the model as constants; else state is read as inputs. */
  readonly state?: Readonly<Record<string, HostData>>
  /** Leaves the next state out. */
  readonly outputsOnly?: boolean
}

/** @throws RPR_COMPILE_UNSUPPORTED, naming the operation that has no lowering */
export function lowerGraph(graph: Graph, options: LowerOptions): Lowered {
  const builder = new ModelBuilder()
  const nextState = options.outputsOnly ? {} : graph.nextState
  const usage = analyseUsage(graph, [...Object.values(graph.outputs), ...Object.values(nextState)])
  const fused = biasAdditions(graph, usage)
  const split = splits(graph, usage)
  const names: string[] = []
  const feeds = new Map<string, { info: ValueInfo; from: ValueSource }>()
  const constants = new Map<string, HostData>()

  const feed = (id: NodeId, prefix: string, from: ValueSource): string => {
    const { shape, dtype } = graph.nodes[id]!
    const name = `${prefix}:${from.kind === 'state' ? from.path : (from as { name: string }).name}`
    feeds.set(name, { info: { name, type: dtype, dims: shape }, from })
    return name
  }
  const constant = (id: NodeId, data: HostData): string => {
    const { shape, dtype } = graph.nodes[id]!
    const name = builder.constant(dtype, shape, data)
    constants.set(name, data)
    return name
  }

  const lowerOne = (id: NodeId): string | undefined => {
    const node = graph.nodes[id]!
    const { operation } = node
    if (operation.op === 'input') return feed(id, 'input', { kind: 'input', name: operation.name })
    if (operation.op === 'state') {
      const data = options.state?.[operation.path]
      return data === undefined ? feed(id, 'state', { kind: 'state', path: operation.path }) : constant(id, data)
    }
    if (operation.op === 'constant') return constant(id, operation.data)
    const group = split.get(id)
    if (group !== undefined) {
      const pieces = builder.multi('Split', [names[group.source]!, builder.int64s(group.sizes)], group.sizes.length, {
        axis: { int: group.axis },
      })
      group.slices.forEach((piece, slice) => {
        names[slice] = pieces[piece]!
      })
      return names[id]
    }
    if (sizeOf(node.shape) === 0) return builder.constant(node.dtype, node.shape, [])
    const product = fused.products.get(id)
    if (product !== undefined) {
      const read = usage.inputs[product.id]!
      const inner = graph.nodes[product.id]!
      const [transposeA, transposeB] = product.transposes
      return matmul(
        { graph, builder, node: inner, names: pick(names, read), operands: pick(graph.nodes, read) },
        transposeA,
        transposeB,
        names[product.bias]!,
      )
    }
    const read = usage.inputs[id]!
    return lowerNode({ graph, builder, node, names: pick(names, read), operands: pick(graph.nodes, read) })
  }

  for (const id of usage.needed) {
    if (fused.absorbed.has(id) || names[id] !== undefined) continue
    const name = lowerOne(id)
    if (name === undefined) throw unsupported(graph.nodes[id]!.operation.op)
    names[id] = name
  }

  const results = new Map<string, ValueInfo>()
  const sourceOf = (id: NodeId): ValueSource => {
    const name = names[id]!
    const { shape, dtype } = graph.nodes[id]!
    const known = feeds.get(name)?.from
    if (known !== undefined) return known
    const data = constants.get(name)
    if (data !== undefined) return { kind: 'constant', name, data }
    results.set(name, { name, type: dtype, dims: shape })
    return { kind: 'result', name }
  }
  const outputs = mapRecord(graph.outputs, (id) => {
    const { shape, dtype } = graph.nodes[id]!
    return { shape, dtype, from: sourceOf(id) }
  })
  const next = mapRecord(nextState, sourceOf)
  return {
    model: {
      name: options.name,
      nodes: builder.nodes,
      initializers: builder.initializers,
      inputs: [...feeds.values()].map(({ info }) => info),
      outputs: [...results.values()],
    },
    feeds: [...feeds].map(([name, { from }]) => ({ name, from })),
    outputs,
    nextState: next,
    needsOneThread: builder.nodes.some((node) => node.op === 'ScatterND'),
  }
}

function pick<T>(values: readonly T[], ids: readonly NodeId[]): T[] {
  return ids.map((id) => values[id]!)
}

function mapRecord<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}

function unsupported(operation: string): RepriseError {
  return new RepriseError('RPR_COMPILE_UNSUPPORTED', `Target onnx has no lowering for '${operation}'.`, {
    value: operation,
    hint: 'Use another target.',
  })
}
