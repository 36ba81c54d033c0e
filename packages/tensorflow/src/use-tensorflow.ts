/** `await useTensorFlow()`: the TensorFlow.js backend `tensorflow` on a TensorFlow found on this machine. */
import { RepriseError, repriseCommand } from '@reprise/core'
import { engine, registerBackend, setBackend } from '@tensorflow/tfjs-core'
import { parseDevice } from './device.ts'
import { installKernels } from './kernels/install.ts'
import { type Binding, loadTfjsNode } from './kernels/tfjs-node.ts'
import { locateTensorFlow, type TensorFlowLibrary } from './library.ts'
import { NativeBinding } from './native/binding.ts'
import { type Device, Session } from './native/session.ts'
import { openOfficialBinding } from './official-binding.ts'
import { registerTensorFlowTarget } from './target/target.ts'

export interface TensorFlowOptions {
  /** A folder with TensorFlow's libraries; default: what {@link locateTensorFlow} finds. */
  readonly library?: string
  /** true: only a CUDA build; false: no GPU, even where there is one. Default: a GPU where there is one. */
  readonly cuda?: boolean
  /** 'cpu', 'gpu' or 'gpu:1'. Default: what REPRISE_DEVICE says, else the first GPU, else the processor. */
  readonly device?: string
  /** Default true: results repeat, also where that is slower; an operation that cannot repeat on a GPU is refused. */
  readonly deterministic?: boolean
  /** Default false: products of float32 are not rounded to 10 bits on NVIDIA's tensor cores. */
  readonly allowTf32?: boolean
  /** Threads of the processor for one operation or program, 1 to 127. Default: one per core. Set by the first call. */
  readonly threads?: number
}

/** What runs. */
export interface TensorFlowInfo {
  readonly version: string
  readonly library: TensorFlowLibrary
  readonly device: Device
  readonly deterministic: boolean
  readonly allowTf32: boolean
}

interface Running {
  readonly info: TensorFlowInfo
  /** Not there with TensorFlow.js's own add-on. */
  readonly session: Session | undefined
  readonly binding: Binding
  /** What was asked for, to tell a contradiction from a repetition. */
  readonly asked: string
}

let running: Running | undefined

/**
 * Opens TensorFlow, registers the backend `tensorflow` with its kernels and makes it the active one. Calling it again
 * only makes it active. One TensorFlow and one device per process.
 * @throws RepriseError RPR_TENSORFLOW_MISSING, RPR_TENSORFLOW_PACKAGE, RPR_TENSORFLOW_PLATFORM, RPR_TENSORFLOW_START
 */
export async function useTensorFlow(options: TensorFlowOptions = {}): Promise<TensorFlowInfo> {
  const { info } = await startTensorFlow(options)
  await setBackend('tensorflow')
  return info
}

/** As {@link useTensorFlow}, without changing the active backend. */
export async function startTensorFlow(options: TensorFlowOptions = {}): Promise<Running> {
  // The number of threads changes no result.
  const asked = JSON.stringify(
    options,
    Object.keys(options)
      .filter((key) => key !== 'threads')
      .sort(),
  )
  if (running !== undefined) {
    if (asked !== running.asked && asked !== '{}') {
      throw new RepriseError(
        'RPR_TENSORFLOW_START',
        `TensorFlow runs with the options ${running.asked}, not ${asked}.`,
        {
          value: options,
          hint: 'A process has one TensorFlow on one device: use another process for the other.',
        },
      )
    }
    return running
  }
  const started = open(options, asked)
  const { Backend, registerKernels } = loadTfjsNode()
  registerBackend('tensorflow', () => new Backend(started.binding, '@tensorflow/tfjs-node-gpu'), 3)
  // The instance is needed by the kernels that are made now.
  engine().findBackend('tensorflow')
  await installKernels(registerKernels)
  running = started
  return started
}

/**
 * Opens TensorFlow as {@link useTensorFlow} does and registers the target `tensorflow` of @reprise/compile: programs are
 * compiled by XLA, their state stays on the device. The active backend stays as it is.
 * @throws RepriseError RPR_TENSORFLOW_*
 */
export async function useTensorFlowTarget(options: TensorFlowOptions = {}): Promise<TensorFlowInfo> {
  const { info, session } = await startTensorFlow(options)
  if (session === undefined) {
    throw new RepriseError('RPR_TENSORFLOW_UNSUPPORTED', "TensorFlow.js's own add-on runs operations, not programs.", {
      value: info.library.folder,
      hint: `Run '${repriseCommand('setup tensorflow')}', or name a TensorFlow in REPRISE_TENSORFLOW.`,
    })
  }
  registerTensorFlowTarget(session)
  return info
}

/** What runs, or undefined. */
export function runningTensorFlow(): Running | undefined {
  return running
}

function open(options: TensorFlowOptions, asked: string): Running {
  const { deterministic = true, allowTf32 = false, cuda, threads } = options
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 127)) {
    throw new RepriseError('RPR_OPTION_RANGE', `threads is ${threads}.`, {
      value: threads,
      hint: 'It is an integer from 1 to 127.',
    })
  }
  const choice = parseDevice(options.device ?? (cuda === undefined ? deviceFromEnvironment() : undefined), cuda)
  const library = locateTensorFlow(options)
  if (library === undefined) throw missing(cuda)
  if (library.source === 'official-binding') {
    const { binding, version, device } = openOfficialBinding()
    return {
      info: { version, library, device, deterministic: false, allowTf32: true },
      session: undefined,
      binding,
      asked,
    }
  }
  const session = new Session(library, choice, { deterministic, allowTf32, threads })
  const { version, device } = session
  const info = { version, library: { ...library, version }, device, deterministic, allowTf32 }
  return { info, session, binding: new NativeBinding(session), asked }
}

function deviceFromEnvironment(): string | undefined {
  const device = process.env['REPRISE_DEVICE']
  return device === '' ? undefined : device
}

function missing(cuda: boolean | undefined): RepriseError {
  const kind = cuda === true ? 'No CUDA build of TensorFlow' : 'No TensorFlow'
  return new RepriseError('RPR_TENSORFLOW_MISSING', `${kind} was found on this machine.`, {
    hint: `Run '${repriseCommand(`setup tensorflow${cuda === true ? ' --cuda' : ''}`)}', or name a folder with its libraries in REPRISE_TENSORFLOW.`,
  })
}
