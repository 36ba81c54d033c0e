/**
 * Records a function once, into a graph. Whatever backend is active stays so: during the recording the engine runs on a
 * backend that computes nothing.
 */
import { RepriseError } from '@reprise/core'
import { type Tensor, type TensorInfo, Variable } from '@tensorflow/tfjs-core'
import type { Graph, NodeId } from '../graph.ts'
import { importers } from '../import/index.ts'
import type { ArgumentSource, TracedResult } from '../target.ts'
import { currentEngine, type Engine, lend } from './engine.ts'
import { RECORDING, RecordingBackend, registerRecordingKernels } from './recording-backend.ts'
import { refuseRandom, refuseRead, refuseVariable } from './refusals.ts'
import { atUserLine, userLine } from './user-line.ts'

/** Whether a function is being recorded right now: compiled functions called inside it are recorded along. */
export function isRecording(): boolean {
  return currentEngine().backendName === RECORDING
}

/**
 * @param name of the function, for messages
 * @param call gets its arguments from `source` and returns the results; called once, or twice before a refusal that needs
 * to know a line
 * @throws RPR_COMPILE_CAPTURED, _VALUE_READ, _RANDOM, _VARIABLE, _CONSTANT_OUTPUT, _UNSUPPORTED
 */
export function record(name: string, call: (source: ArgumentSource) => TracedResult): Graph {
  try {
    return recordOn(new RecordingBackend(), call)
  } catch (error) {
    if (!(error instanceof ConstantResult)) throw error
    throw refuseConstant(name, error, lineOf(error.node, call))
  }
}

function recordOn(backend: RecordingBackend, call: (source: ArgumentSource) => TracedResult): Graph {
  registerRecordingKernels()
  const random = Math.random
  const { stackTraceLimit } = Error
  try {
    Error.stackTraceLimit = 60
    // TensorFlow.js seeds its generators from here, so this also catches what the stack does not show.
    Math.random = () => refuseRandom('Math.random')
    return lend(backend, RECORDING, guards(backend), (engine) => {
      const { outputs, nextState } = call(placeholders(engine, backend))
      return collect(backend, outputs, nextState ?? {})
    })
  } finally {
    Math.random = random
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** A result that depends on no argument. */
class ConstantResult extends Error {
  readonly key: string
  readonly node: NodeId
  constructor(key: string, node: NodeId) {
    super(key)
    this.key = key
    this.node = node
  }
}

/** Where a node is made, by recording once more: stacks are too dear to keep for every node. */
function lineOf(node: NodeId, call: (source: ArgumentSource) => TracedResult): string {
  let line = ''
  try {
    recordOn(
      new RecordingBackend((made) => {
        if (made === node && line === '') line = userLine()
      }),
      call,
    )
  } catch {
    // As the first time.
  }
  return line
}

function refuseConstant(name: string, { key }: ConstantResult, line: string): RepriseError {
  return new RepriseError(
    'RPR_COMPILE_CONSTANT_OUTPUT',
    `'${key}', a result of '${name}', depends on no argument: ` +
      `${line === '' ? 'it' : `what is made at ${line}`} would be the same in every call.`,
    {
      value: key,
      hint: 'Compute it from an argument, pass it as one, or leave it out of the results: the caller has it already.',
    },
  )
}

function placeholders(engine: Engine, backend: RecordingBackend): ArgumentSource {
  const make = (node: NodeId): Tensor => {
    const tensor = engine.makeTensorFromTensorInfo(backend.handle(node), backend)
    // Arithmetic and comparisons in JavaScript would turn the tensor into a string or NaN and freeze it.
    return Object.defineProperty(tensor, Symbol.toPrimitive, { value: refuseRead })
  }
  return {
    input: (name, { shape, dtype }) => make(backend.graph.input(name, shape, dtype)),
    state: (path, { shape, dtype }) => make(backend.graph.state(path, shape, dtype)),
  }
}

/** Replacements for engine methods that would act on something other than this recording. */
function guards(backend: RecordingBackend): Record<string, (...args: never[]) => unknown> {
  const original = currentEngine() as unknown as Record<string, (...args: unknown[]) => unknown>
  const { disposeTensor, runKernel } = original as Record<
    'disposeTensor' | 'runKernel',
    (...args: unknown[]) => unknown
  >
  const engine = currentEngine()
  return {
    readSync: (dataId: object) => backend.readSync(dataId),
    read: (dataId: object) => backend.read(dataId),
    readToGPU: refuseRead,
    makeVariable: () => refuseVariable('created a variable'),
    disposeTensor: (tensor: Tensor) => {
      if (tensor instanceof Variable) refuseVariable(`assigned or disposed the variable '${tensor.name}'`)
      disposeTensor.call(engine, tensor)
    },
    runKernel: (kernel: string, inputs: unknown, attributes: unknown) => {
      if (kernel === 'Multinomial') refuseRandom('tf.multinomial')
      if (importers[kernel] === undefined) {
        const message = `Kernel '${kernel}' does not compile${atUserLine()}.`
        throw new RepriseError('RPR_COMPILE_UNSUPPORTED', message, { value: kernel })
      }
      return runKernel.call(engine, kernel, inputs, attributes)
    },
  }
}

function collect(
  backend: RecordingBackend,
  outputs: Readonly<Record<string, Tensor>>,
  nextState: Readonly<Record<string, Tensor>>,
): Graph {
  const { graph } = backend
  const nodesOf = (tensors: Readonly<Record<string, TensorInfo>>): [string, NodeId][] =>
    Object.entries(tensors).map(([key, tensor]) => [key, backend.nodeOf(tensor)])
  const live = dependents(graph.nodes)
  const results = nodesOf(outputs)
  const next = nodesOf(nextState)
  for (const [key, id] of [...results, ...next]) {
    if (live[id]) continue
    throw new ConstantResult(key, id)
  }
  const changed = next.filter(([path, id]) => {
    const { operation } = graph.nodes[id]!
    return !(operation.op === 'state' && operation.path === path)
  })
  return graph.build(Object.fromEntries(results), Object.fromEntries(changed))
}

/** For each node, whether it depends on an input or on state. */
function dependents(nodes: Graph['nodes']): boolean[] {
  const live: boolean[] = []
  for (const { operation, inputs } of nodes) {
    live.push(operation.op === 'input' || operation.op === 'state' || inputs.some((id) => live[id]))
  }
  return live
}
