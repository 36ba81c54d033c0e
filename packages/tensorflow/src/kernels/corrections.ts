/** Kernels whose results differ from TensorFlow.js's, put right. */
import { getKernel, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core'
import { onCpu } from './on-cpu.ts'

type Inputs = Readonly<Record<string, TensorInfo>>

/** kernel name -> its correction, given what there is. */
export const CORRECTIONS: Readonly<Record<string, (original: KernelFunc) => KernelFunc>> = {
  // TensorFlow 2.21 gives zeros for whole numbers.
  Round: (original) => (params) =>
    dtypeOf(params.inputs, 'x') === 'int32' ? run('Identity', params) : original(params),
  // NaN has no sign here.
  Sign: (original) => (params) => {
    if (dtypeOf(params.inputs, 'x') !== 'float32') return original(params)
    const sign = original(params) as TensorInfo
    const nan = run('IsNan', params) as TensorInfo
    const zero = run('ZerosLike', params) as TensorInfo
    const inputs = { condition: nan, t: zero, e: sign } as never
    const result = run('Select', { backend: params.backend, attrs: {}, inputs })
    dispose(sign, nan, zero)
    return result
  },
  Less: (original) => comparison('Less', original),
  LessEqual: (original) => comparison('LessEqual', original),
  Greater: (original) => comparison('Greater', original),
  GreaterEqual: (original) => comparison('GreaterEqual', original),
  // TensorFlow's draws depend on those before, whatever the seed.
  Multinomial: () => onCpu('Multinomial'),
}

/** TensorFlow orders neither truth values nor strings. */
function comparison(kernelName: string, original: KernelFunc): KernelFunc {
  const ofStrings = onCpu(kernelName)
  return (params) => {
    const { backend } = params
    const { a, b } = params.inputs as unknown as Inputs
    if (a!.dtype === 'string') return ofStrings(params)
    if (a!.dtype !== 'bool' || b!.dtype !== 'bool') return original(params)
    const toInt = (x: TensorInfo) =>
      run('Cast', { backend, attrs: { dtype: 'int32' }, inputs: { x } as never }) as TensorInfo
    const [left, right] = [toInt(a!), toInt(b!)]
    const result = original({ ...params, inputs: { a: left, b: right } as never })
    dispose(left, right)
    return result
  }
}

function run(kernelName: string, params: Parameters<KernelFunc>[0]): ReturnType<KernelFunc> {
  return getKernel(kernelName, 'tensorflow').kernelFunc(params)
}

function dtypeOf(inputs: Parameters<KernelFunc>[0]['inputs'], name: string): string {
  return (inputs as unknown as Inputs)[name]!.dtype
}

/** Results of kernels are tensors of the engine here, so they are disposed of as such. */
function dispose(...infos: readonly TensorInfo[]): void {
  for (const info of infos) (info as unknown as { dispose(): void }).dispose()
}
