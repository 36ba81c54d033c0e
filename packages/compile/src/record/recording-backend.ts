/**
 * A TensorFlow.js backend whose kernels compute nothing: each call appends nodes to a graph. Its tensors have shapes and
 * types but no values, so recording costs the same for every size, and needs no memory for intermediates.
 */
import {
  type BackendValues,
  type DataId,
  type DataType,
  getKernel,
  KernelBackend,
  registerKernel,
  type TensorInfo,
} from '@tensorflow/tfjs-core'
import type { HostData, NodeId } from '../graph.ts'
import { GraphBuilder } from '../graph-builder.ts'
import { importers, importKernel } from '../import/index.ts'
import { ARRAYS } from '../infer.ts'
import { refuseCaptured, refuseDtype, refuseRandom, refuseRead, refuseVariable } from './refusals.ts'

export const RECORDING = 'reprise:recording'

/** TensorFlow.js operations that draw in JavaScript and hand over a finished array. */
const DRAWS = /\b(randomNormal|randomStandardNormal|randomUniform|randomUniformInt|randomGamma|truncatedNormal|rand)_$/

export class RecordingBackend extends KernelBackend {
  readonly graph = new GraphBuilder()
  readonly #nodes = new Map<DataId, NodeId>()
  /** Called with each node that gets a handle, while the user's function is on the stack. */
  readonly #onHandle: ((node: NodeId) => void) | undefined

  constructor(onHandle?: (node: NodeId) => void) {
    super()
    this.#onHandle = onHandle
  }

  /** Everything that it made. */
  get live(): Iterable<object> {
    return this.#nodes.keys()
  }

  /** A new handle on a node. */
  handle(node: NodeId): TensorInfo {
    const dataId = {}
    this.#nodes.set(dataId, node)
    this.#onHandle?.(node)
    return { dataId, shape: [...this.graph.shape(node)], dtype: this.graph.dtype(node) }
  }

  /** The node behind a tensor. @throws RPR_COMPILE_CAPTURED for one of another backend */
  nodeOf(tensor: TensorInfo): NodeId {
    return this.#nodes.get(tensor.dataId) ?? refuseCaptured(nameOf(tensor))
  }

  /** A tensor made from values inside the function: a constant. Copied: the caller may write to its array again. */
  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') return refuseDtype(dtype)
    const data: HostData = ARRAYS[dtype].from(values as ArrayLike<number>)
    const [first] = data
    const spread = data.length > 1 && data.every((value) => Object.is(value, first))
    // Stacks are dear, and neither scalars nor zeros and ones were drawn.
    if (shape.length > 0 && !spread) refuseDraws()
    // One value everywhere is a broadcast scalar: targets then need no array for it.
    return this.handle(spread ? this.graph.fill(first!, shape, dtype) : this.graph.constant(data, shape, dtype)).dataId
  }

  /** Constants have values; nothing else does. */
  override readSync(dataId: DataId): BackendValues {
    const node = this.graph.nodes[this.#nodes.get(dataId) ?? -1]
    if (node?.operation.op !== 'constant') return refuseRead()
    return node.operation.data.slice()
  }
  override async read(dataId: DataId): Promise<BackendValues> {
    return this.readSync(dataId)
  }
  override readToGPU(): never {
    return refuseRead()
  }

  /** Not forgotten: what was made inside `tidy` or a loss may still be returned as a metric, and costs nothing. */
  override disposeData(): boolean {
    return true
  }
  override incRef(): void {
    refuseVariable('assigned a variable')
  }
  override refCount(): number {
    return 1
  }
  override numDataIds(): number {
    return this.#nodes.size
  }
  override memory(): { unreliable: boolean } {
    return { unreliable: true }
  }
  override floatPrecision(): 16 | 32 {
    return 32
  }
  override dispose(): void {
    this.#nodes.clear()
  }
}

function refuseDraws(): void {
  for (const name of callers()) {
    const draw = DRAWS.exec(name)
    if (draw !== null) refuseRandom(`tf.${draw[1]}`)
  }
}

/** The functions on the stack, by name. As text, a stack is translated through source maps first, which takes 50 ms. */
function callers(): string[] {
  const { prepareStackTrace } = Error
  try {
    Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFunctionName() ?? '')
    return new Error().stack as unknown as string[]
  } finally {
    Error.prepareStackTrace = prepareStackTrace
  }
}

function nameOf(tensor: TensorInfo): string {
  const { name, id } = tensor as { name?: string; id?: number }
  const what = name === undefined ? `tensor ${id ?? ''}`.trim() : `variable '${name}'`
  return `${what} (${tensor.dtype} [${tensor.shape}])`
}

/** Registers a recording kernel for every importer, once per process. */
export function registerRecordingKernels(): void {
  for (const kernelName of Object.keys(importers)) {
    if (getKernel(kernelName, RECORDING) !== undefined) continue
    registerKernel({
      kernelName,
      backendName: RECORDING,
      kernelFunc: ({ inputs, attrs, backend }) => {
        const recording = backend as RecordingBackend
        const operands = Object.entries(inputs).filter(([, tensor]) => tensor !== undefined && tensor !== null)
        const results = importKernel(recording.graph, {
          name: kernelName,
          inputs: Object.fromEntries(operands.map(([key, tensor]) => [key, recording.nodeOf(tensor!)])),
          attributes: (attrs ?? {}) as Record<string, unknown>,
        })
        const infos = results.map((node) => recording.handle(node))
        return MULTIPLE.has(kernelName) ? infos : infos[0]!
      },
    })
  }
}

/** Kernels whose result is a list, however long. */
const MULTIPLE: ReadonlySet<string> = new Set(['SplitV', 'Unpack'])
