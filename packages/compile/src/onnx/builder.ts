/**
 * Collects the nodes and initialisers of one ONNX graph; equal small constants are shared. Its names start with a slash,
 * so that none is the name of an argument or a result.
 */
import { type Attribute, type ElementType, elementCode, type Initializer, type ModelNode } from './model.ts'

type Attributes = Readonly<Record<string, Attribute>>
/** Longer constants are not compared with others. */
const SHARED_BYTES = 256

export class ModelBuilder {
  readonly nodes: ModelNode[] = []
  readonly initializers: Initializer[] = []
  readonly #shared = new Map<string, string>()
  #count = 0

  /** Adds a node with one output and gives that output's name. An empty input name leaves an optional input out. */
  op(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.multi(op, inputs, 1, attributes)[0]!
  }

  multi(op: string, inputs: readonly string[], outputs: number, attributes: Attributes = {}): string[] {
    const names = Array.from({ length: outputs }, () => `/v${this.#count++}`)
    this.nodes.push({ op, inputs, outputs: names, attributes })
    return names
  }

  cast(value: string, to: ElementType): string {
    return this.op('Cast', [value], { to: { int: elementCode(to) } })
  }

  reshape(value: string, shape: readonly number[]): string {
    return this.op('Reshape', [value, this.int64s(shape)])
  }

  transpose(value: string, permutation: readonly number[]): string {
    return this.op('Transpose', [value], { perm: { ints: permutation } })
  }

  /** Negative steps are allowed; `begins` and `sizes` have one entry per axis. */
  slice(value: string, begins: readonly number[], sizes: readonly number[], steps: readonly number[]): string {
    const ends = begins.map((begin, axis) => {
      const last = begin + (sizes[axis]! - 1) * steps[axis]!
      // A negative end counts from the back, so "up to and including 0" needs one that is far below.
      return steps[axis]! > 0 ? last + 1 : last === 0 ? -(2 ** 31) : last - 1
    })
    const axes = begins.map((_, axis) => axis)
    return this.op('Slice', [value, this.int64s(begins), this.int64s(ends), this.int64s(axes), this.int64s(steps)])
  }

  int64s(values: readonly number[]): string {
    return this.constant('int64', [values.length], values)
  }

  scalar(type: ElementType, value: number): string {
    return this.constant(type, [], [value])
  }

  /** A constant from numbers (bool as 0 or 1), rounded to the element type. */
  constant(type: ElementType, dims: readonly number[], values: ArrayLike<number>): string {
    const raw = encodeElements(type, values)
    const key = raw.length <= SHARED_BYTES ? `${type} ${dims.join()} ${Buffer.from(raw).toString('latin1')}` : undefined
    const known = key === undefined ? undefined : this.#shared.get(key)
    if (known !== undefined) return known
    const name = `/c${this.initializers.length}`
    this.initializers.push({ name, type, dims, raw })
    if (key !== undefined) this.#shared.set(key, name)
    return name
  }
}

/** The little-endian bytes of `values` as elements of `type`; a copy. */
export function encodeElements(type: ElementType, values: ArrayLike<number>): Uint8Array {
  const copy = {
    float32: Float32Array,
    int32: Int32Array,
    bool: Uint8Array,
    float64: Float64Array,
    uint32: Uint32Array,
  }
  const typed =
    type === 'int64' ? BigInt64Array.from(Array.from(values, (value) => BigInt(value))) : copy[type].from(values)
  return new Uint8Array(typed.buffer)
}
