/**
 * Builds valid graphs: each method checks its operands, infers shape and type, appends one node and returns its id.
 * Errors are RPR_COMPILE_GRAPH at the call that is wrong.
 */
import { RepriseError } from '@reprise/core'
import type {
  BinaryOp,
  Dtype,
  Graph,
  HostData,
  Node,
  NodeId,
  Operation,
  ReduceOp,
  Shape,
  TensorSpec,
  UnaryOp,
} from './graph.ts'
import { ARRAYS, infer, sameShape } from './infer.ts'

export class GraphBuilder {
  readonly #nodes: Node[] = []

  /** Nodes so far. */
  get nodes(): readonly Node[] {
    return this.#nodes
  }

  spec(id: NodeId): TensorSpec {
    const node = this.#nodes[id]
    if (node === undefined) throw new RepriseError('RPR_COMPILE_GRAPH', `There is no node ${id}.`, { value: id })
    return node
  }
  shape(id: NodeId): Shape {
    return this.spec(id).shape
  }
  dtype(id: NodeId): Dtype {
    return this.spec(id).dtype
  }

  /** Any operation. `declared` gives what the operation leaves open (see `infer`). */
  add(operation: Operation, inputs: readonly NodeId[], declared: Partial<TensorSpec> = {}): NodeId {
    const spec = infer(
      operation,
      inputs.map((id) => this.spec(id)),
      declared,
    )
    return this.#nodes.push({ operation, inputs: [...inputs], shape: [...spec.shape], dtype: spec.dtype }) - 1
  }

  /** A node that is known to be right, of another graph: no checks. */
  append(node: Node): NodeId {
    return this.#nodes.push(node) - 1
  }

  input(name: string, shape: Shape, dtype: Dtype = 'float32'): NodeId {
    return this.add({ op: 'input', name }, [], { shape, dtype })
  }
  state(path: string, shape: Shape, dtype: Dtype = 'float32'): NodeId {
    return this.add({ op: 'state', path }, [], { shape, dtype })
  }
  /** `data` is kept, not copied. */
  constant(data: HostData | readonly number[], shape: Shape, dtype: Dtype = 'float32'): NodeId {
    const held = Array.isArray(data) ? ARRAYS[dtype].from(data as number[]) : (data as HostData)
    return this.add({ op: 'constant', data: held }, [], { shape, dtype })
  }
  scalar(value: number, dtype: Dtype = 'float32'): NodeId {
    return this.constant([value], [], dtype)
  }
  /** `value` everywhere: a scalar constant, broadcast. */
  fill(value: number, shape: Shape, dtype: Dtype = 'float32'): NodeId {
    return this.broadcast(this.scalar(value, dtype), shape)
  }

  unary(fn: UnaryOp, x: NodeId): NodeId {
    return this.add({ op: 'unary', fn }, [x])
  }
  binary(fn: BinaryOp, a: NodeId, b: NodeId): NodeId {
    return this.add({ op: 'binary', fn }, [a, b])
  }
  select(condition: NodeId, a: NodeId, b: NodeId): NodeId {
    return this.add({ op: 'select' }, [condition, a, b])
  }
  /** The node itself where it has this type already. */
  cast(x: NodeId, dtype: Dtype): NodeId {
    return this.dtype(x) === dtype ? x : this.add({ op: 'cast' }, [x], { dtype })
  }
  /** Axes may be negative and in any order here; default all. `keepDims` adds a reshape. */
  reduce(fn: ReduceOp, x: NodeId, axes?: readonly number[], keepDims = false): NodeId {
    const shape = this.shape(x)
    const sorted = axes === undefined ? shape.map((_, axis) => axis) : this.#axes(x, axes)
    const reduced = this.add({ op: 'reduce', fn, axes: sorted }, [x])
    return keepDims
      ? this.reshape(
          reduced,
          shape.map((d, axis) => (sorted.includes(axis) ? 1 : d)),
        )
      : reduced
  }
  argmax(x: NodeId, axis: number): NodeId {
    return this.add({ op: 'argmax', axis: this.#axis(x, axis) }, [x])
  }
  argmin(x: NodeId, axis: number): NodeId {
    return this.add({ op: 'argmin', axis: this.#axis(x, axis) }, [x])
  }
  matmul(a: NodeId, b: NodeId, options: { transposeA?: boolean; transposeB?: boolean } = {}): NodeId {
    const { transposeA = false, transposeB = false } = options
    return this.add({ op: 'matmul', transposeA, transposeB }, [a, b])
  }
  softmax(x: NodeId): NodeId {
    return this.add({ op: 'softmax' }, [x])
  }
  logSoftmax(x: NodeId): NodeId {
    return this.add({ op: 'logSoftmax' }, [x])
  }
  /** A view of a view is one view; the node itself where it has this shape already. */
  reshape(x: NodeId, shape: Shape): NodeId {
    if (sameShape(this.shape(x), shape)) return x
    const node = this.#nodes[x]!
    if (node.operation.op === 'reshape') return this.reshape(node.inputs[0]!, shape)
    return this.add({ op: 'reshape' }, [x], { shape })
  }
  broadcast(x: NodeId, shape: Shape): NodeId {
    return sameShape(this.shape(x), shape) ? x : this.add({ op: 'broadcast' }, [x], { shape })
  }
  transpose(x: NodeId, permutation: readonly number[]): NodeId {
    return permutation.every((p, i) => p === i) && permutation.length === this.shape(x).length
      ? x
      : this.add({ op: 'transpose', permutation }, [x])
  }
  /** `size` elements per axis from `begin`, every `strides`-th (default 1). */
  slice(x: NodeId, begin: readonly number[], size: Shape, strides?: readonly number[]): NodeId {
    const steps = strides ?? begin.map(() => 1)
    const whole = sameShape(size, this.shape(x)) && begin.every((b) => b === 0) && steps.every((s) => s === 1)
    return whole ? x : this.add({ op: 'slice', begin, strides: steps }, [x], { shape: size })
  }
  concat(xs: readonly NodeId[], axis: number): NodeId {
    return xs.length === 1 ? xs[0]! : this.add({ op: 'concat', axis: this.#axis(xs[0]!, axis) }, xs)
  }
  pad(x: NodeId, before: readonly number[], after: readonly number[], value = 0): NodeId {
    return [...before, ...after].every((n) => n === 0) ? x : this.add({ op: 'pad', before, after, value }, [x])
  }
  reverse(x: NodeId, axes: readonly number[]): NodeId {
    return axes.length === 0 ? x : this.add({ op: 'reverse', axes: this.#axes(x, axes) }, [x])
  }
  gather(values: NodeId, indices: NodeId, axis = 0, batchDims = 0): NodeId {
    return this.add({ op: 'gather', axis: this.#axis(values, axis), batchDims }, [values, indices])
  }
  scatterAdd(values: NodeId, indices: NodeId, rows: number): NodeId {
    return this.add({ op: 'scatterAdd' }, [values, indices], { shape: [rows, ...this.shape(values).slice(1)] })
  }
  oneHot(indices: NodeId, depth: number, on = 1, off = 0, dtype: Dtype = 'float32'): NodeId {
    return this.add({ op: 'oneHot', depth, on, off }, [indices], { dtype })
  }
  cumulative(op: 'cumsum' | 'cumprod', x: NodeId, axis: number, exclusive = false, reverse = false): NodeId {
    return this.add({ op, axis: this.#axis(x, axis), exclusive, reverse }, [x])
  }
  conv2d(
    x: NodeId,
    filter: NodeId,
    options: {
      strides?: readonly [number, number]
      dilations?: readonly [number, number]
      padding?: readonly [top: number, bottom: number, left: number, right: number]
    } = {},
  ): NodeId {
    const { strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0] } = options
    return this.add({ op: 'conv2d', strides, dilations, padding }, [x, filter])
  }

  /** The graph so far with these results. The builder may go on. @throws RPR_COMPILE_GRAPH for a node that is none */
  build(outputs: Readonly<Record<string, NodeId>>, nextState: Readonly<Record<string, NodeId>> = {}): Graph {
    for (const id of [...Object.values(outputs), ...Object.values(nextState)]) this.spec(id)
    return { nodes: [...this.#nodes], outputs: { ...outputs }, nextState: { ...nextState } }
  }

  #axis(x: NodeId, axis: number): number {
    return axis < 0 ? axis + this.shape(x).length : axis
  }
  #axes(x: NodeId, axes: readonly number[]): number[] {
    return axes.map((axis) => this.#axis(x, axis)).sort((a, b) => a - b)
  }
}
