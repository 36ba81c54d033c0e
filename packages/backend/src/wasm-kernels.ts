/** Kernels of the TensorFlow.js wasm backend, replaced by faster ones of the same meaning. */
import {
  backend_util,
  getKernel,
  type KernelBackend,
  type KernelFunc,
  registerKernel,
  type Tensor,
  type TensorInfo,
  unregisterKernel,
  util,
} from '@tensorflow/tfjs-core'

/** What the wasm backend has beyond the general interface. */
interface WasmBackend extends KernelBackend {
  readonly wasm: { readonly HEAPU8: Uint8Array }
  makeOutput(shape: number[], dtype: string): TensorInfo
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array | Uint8Array
}

let installed = false

/** Call once the backend runs. */
export function installWasmKernels(): void {
  if (installed) return
  installed = true
  replace('Tanh', tanhKernel)
  replace('Select', selectKernel)
  replace('SplitV', splitKernel)
}

function replace(kernelName: string, make: (original: KernelFunc) => KernelFunc): void {
  const kernelFunc = make(getKernel(kernelName, 'wasm').kernelFunc)
  unregisterKernel(kernelName, 'wasm')
  registerKernel({ kernelName, backendName: 'wasm', kernelFunc })
}

/**
 * tanh x = 2 sigmoid(2x) - 1. The backend's own tanh is scalar; its sigmoid is vectorised, and 10 times faster with the
 * three further operations. Absolute error at most 2.5e-7, so the relative one grows below |x| = 1e-3.
 */
function tanhKernel(original: KernelFunc): KernelFunc {
  const run = (name: string, inputs: Record<string, TensorInfo>, backend: object) =>
    getKernel(name, 'wasm').kernelFunc({ inputs, backend, attrs: {} }) as TensorInfo
  let two: TensorInfo | undefined
  let one: TensorInfo | undefined
  return (params) => {
    const { inputs, backend } = params
    // On few elements the four calls cost more than they save.
    if (util.sizeFromShape((inputs as { x: TensorInfo }).x.shape) < 2048) return original(params)
    const wasm = backend as WasmBackend
    const constant = (value: number): TensorInfo => ({
      dataId: wasm.write(Float32Array.of(value), [], 'float32'),
      shape: [],
      dtype: 'float32',
    })
    two ??= constant(2)
    one ??= constant(1)
    const doubled = run('Multiply', { a: (inputs as { x: TensorInfo }).x, b: two }, wasm)
    const sigmoid = run('Sigmoid', { x: doubled }, wasm)
    const stretched = run('Multiply', { a: sigmoid, b: two }, wasm)
    const result = run('Sub', { a: stretched, b: one }, wasm)
    for (const { dataId } of [doubled, sigmoid, stretched]) wasm.disposeData(dataId)
    return result
  }
}

/** Element by element over the heap, 4-byte types with a condition of the same shape; anything else as before. */
function selectKernel(original: KernelFunc): KernelFunc {
  return (params) => {
    const { condition, t, e } = params.inputs as { condition: TensorInfo; t: TensorInfo; e: TensorInfo }
    const fits = t.dtype === e.dtype && (t.dtype === 'float32' || t.dtype === 'int32')
    const size = util.sizeFromShape(t.shape)
    if (!fits || size === 0 || util.sizeFromShape(condition.shape) !== size) return original(params)
    const wasm = params.backend as WasmBackend
    const out = wasm.makeOutput(t.shape, t.dtype)
    // Taken after makeOutput, which may grow the memory.
    const [to, yes, no] = [bits(wasm, out), bits(wasm, t), bits(wasm, e)]
    const chosen = wasm.typedArrayFromHeap(condition)
    for (let i = 0; i < size; i++) to[i] = chosen[i] ? yes[i]! : no[i]!
    return out
  }
}

/** From heap to heap; the original copies the whole input out of the heap for every part. */
function splitKernel(original: KernelFunc): KernelFunc {
  return (params) => {
    const { x } = params.inputs as { x: TensorInfo }
    const { axis: given, numOrSizeSplits } = params.attrs as unknown as {
      axis: number
      numOrSizeSplits: number | number[]
    }
    if (x.dtype !== 'float32' && x.dtype !== 'int32') return original(params)
    const wasm = params.backend as WasmBackend
    const axis = util.parseAxisParam(given, x.shape)[0]!
    const sizes = backend_util.prepareSplitSize(x as Tensor, numOrSizeSplits, axis)
    const outs = sizes.map((n) => wasm.makeOutput(x.shape.with(axis, n), x.dtype))
    const from = bits(wasm, x)
    const outer = util.sizeFromShape(x.shape.slice(0, axis))
    const inner = util.sizeFromShape(x.shape.slice(axis + 1))
    const row = x.shape[axis]! * inner
    let first = 0
    outs.forEach((out, part) => {
      const to = bits(wasm, out)
      const width = sizes[part]! * inner
      for (let o = 0; o < outer; o++) {
        const at = o * row + first
        if (width > 32) to.set(from.subarray(at, at + width), o * width)
        else for (let i = 0; i < width; i++) to[o * width + i] = from[at + i]!
      }
      first += width
    })
    return outs
  }
}

/** The elements of a 4-byte tensor where they lie; as integers, so that a NaN keeps its payload. */
function bits(wasm: WasmBackend, info: TensorInfo): Int32Array {
  const { buffer, byteOffset, length } = wasm.typedArrayFromHeap(info)
  return new Int32Array(buffer, byteOffset, length)
}
