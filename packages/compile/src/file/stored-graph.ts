/** Graphs as JSON and blobs: everything but the data of constants is JSON. */
import type { Dtype, Graph, HostData, Node, Operation, TensorSpec } from '../graph.ts'
import { ARRAYS } from '../infer.ts'

type StoredOperation = Exclude<Operation, { op: 'constant' }> | { readonly op: 'constant'; readonly blob: number }
type StoredNode = Omit<Node, 'operation'> & { readonly operation: StoredOperation }
export interface StoredGraph extends Omit<Graph, 'nodes'> {
  readonly nodes: readonly StoredNode[]
}
export type StoredTensor = TensorSpec & { readonly blob: number }

/** Collects the blobs of a file. */
export class BlobWriter {
  readonly blobs: Uint8Array[] = []

  /** Not copied: the file must be written before `data` changes. @returns its number */
  add(data: HostData): number {
    return this.blobs.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) - 1
  }
}

/** Wraps, not copies. */
export function blobAs(dtype: Dtype, blob: Uint8Array): HostData {
  return new ARRAYS[dtype](blob.buffer as ArrayBuffer, blob.byteOffset, blob.length / ARRAYS[dtype].BYTES_PER_ELEMENT)
}

export function storeGraph({ nodes, outputs, nextState }: Graph, blobs: BlobWriter): StoredGraph {
  return {
    nodes: nodes.map(({ operation, inputs, shape, dtype }) => ({
      operation: operation.op === 'constant' ? { op: 'constant', blob: blobs.add(operation.data) } : operation,
      inputs,
      shape,
      dtype,
    })),
    outputs,
    nextState,
  }
}

export function restoreGraph({ nodes, outputs, nextState }: StoredGraph, blobs: readonly Uint8Array[]): Graph {
  return {
    nodes: nodes.map((node) => {
      const { operation } = node
      if (operation.op !== 'constant') return node as Node
      return { ...node, operation: { op: 'constant', data: blobAs(node.dtype, blobs[operation.blob]!) } }
    }),
    outputs,
    nextState,
  }
}

/** JSON has no word for what is not finite, nor for -0; padding and one-hot values may be either. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item !== 'number' || (Number.isFinite(item) && !Object.is(item, -0))) return item
    return { $number: Object.is(item, -0) ? '-0' : String(item) }
  })
}

export function fromJson(text: string): unknown {
  return JSON.parse(text, (_, item: unknown) =>
    typeof item === 'object' && item !== null && '$number' in item ? Number(item.$number) : item,
  )
}
