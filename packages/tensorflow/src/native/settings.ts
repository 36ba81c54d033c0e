/** What has to be said in environment variables, because TensorFlow, XLA and CUDA read it there when they start. */
import type { Ffi } from './ffi.ts'

export interface Settings {
  /** Same results each time on the same machine, also where that is slower. */
  readonly deterministic: boolean
  /** Lets NVIDIA's tensor cores round the factors of float32 products to 10 bits. */
  readonly allowTf32: boolean
  /** Of the processor, for one operation or program; undefined: as many as there are. */
  readonly threads: number | undefined
}

/**
 * Variables that the user has set stay as they are; flags of XLA are added to the user's own.
 * @param onProcessor whether there is certainly no GPU to compile for
 */
export function writeVariables(
  ffi: Ffi,
  { deterministic, allowTf32 }: Omit<Settings, 'threads'>,
  onProcessor: boolean,
): void {
  const set = (name: string, value: string): void => ffi.setVariable(name, process.env[name] ?? value)
  set('TF_CPP_MIN_LOG_LEVEL', '3')
  if (deterministic) {
    set('TF_DETERMINISTIC_OPS', '1')
    // Autotuning chooses algorithms by a stopwatch.
    addXlaFlags(ffi, ['--xla_gpu_deterministic_ops=true', '--xla_gpu_autotune_level=0'])
  }
  if (!allowTf32) set('NVIDIA_TF32_OVERRIDE', '0')
  // Above it LLVM takes twice as long, 11 s in place of 5 for a GRU of 4 steps, and the code is no faster; 0 is 3 to 5 times slower.
  if (onProcessor) addXlaFlags(ffi, ['--xla_backend_optimization_level=1'])
}

function addXlaFlags(ffi: Ffi, flags: readonly string[]): void {
  const given = (process.env['XLA_FLAGS'] ?? '').split(/\s+/).filter((flag) => flag !== '')
  const names = new Set(given.map((flag) => flag.split('=')[0]))
  const added = flags.filter((flag) => !names.has(flag.split('=')[0]))
  ffi.setVariable('XLA_FLAGS', [...given, ...added].join(' '))
}

export interface DeviceChoice {
  readonly kind: 'auto' | 'cpu' | 'gpu'
  readonly index: number
}

/**
 * A ConfigProto. A GPU that is not chosen is hidden, so that nothing is placed on it and no memory is taken there.
 * Memory grows as needed instead of being taken whole at the start.
 */
export function contextConfig({ kind, index }: DeviceChoice, threads?: number): Uint8Array {
  const gpuOptions = [...varint(4, 1), ...(kind === 'gpu' ? text(5, String(index)) : [])]
  return Uint8Array.from([
    ...(kind === 'cpu' ? message(1, [...text(1, 'GPU'), ...varint(2, 0)]) : []),
    ...(threads === undefined ? [] : varint(2, threads)),
    ...message(6, gpuOptions),
    // Soft placement: an operation without a kernel for the GPU runs on the processor.
    ...varint(7, 1),
  ])
}

/** Fields of a protocol buffer, all shorter than 128. */
function varint(field: number, value: number): number[] {
  return [field << 3, value]
}
function message(field: number, bytes: readonly number[]): number[] {
  return [(field << 3) | 2, bytes.length, ...bytes]
}
function text(field: number, value: string): number[] {
  return message(field, [...Buffer.from(value)])
}
