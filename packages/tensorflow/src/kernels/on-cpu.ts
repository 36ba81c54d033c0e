/** Runs kernels of TensorFlow.js's cpu backend for tensors of the TensorFlow backend: values go over and back. */
import {
  type BackendValues,
  type DataType,
  engine,
  env,
  getKernel,
  type KernelBackend,
  type KernelFunc,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core'
import type { TensorFlowBackend } from './tfjs-node.ts'

interface CpuBackend extends KernelBackend {
  makeTensorInfo(shape: number[], dtype: DataType, values: BackendValues): TensorInfo
  disposeIntermediateTensorInfo(info: TensorInfo): void
}

/** Call once, before any kernel below runs. */
export async function loadCpuBackend(): Promise<void> {
  await import('@tensorflow/tfjs-backend-cpu')
  // Its first tensor prints advice about another package, unless this is production.
  const prod = env().getBool('PROD')
  env().set('PROD', true)
  const cpu = cpuBackend()
  cpu.disposeIntermediateTensorInfo(cpu.makeTensorInfo([1], 'float32', Float32Array.of(0)))
  env().set('PROD', prod)
}

function cpuBackend(): CpuBackend {
  return engine().findBackend('cpu') as CpuBackend
}

/** The kernel of the cpu backend as one of this backend. */
export function onCpu(kernelName: string): KernelFunc {
  return ({ inputs, backend, attrs }) => {
    const ours = backend as TensorFlowBackend
    const cpu = cpuBackend()
    const moved: TensorInfo[] = []
    const move = (info: TensorInfo): TensorInfo => {
      const there = cpu.makeTensorInfo(info.shape, info.dtype, ours.readSync(info.dataId))
      moved.push(there)
      return there
    }
    const over: NamedTensorInfoMap = {}
    for (const [name, info] of Object.entries(inputs)) {
      // Some kernels take arrays of tensors, under one name or as the whole.
      if (Array.isArray(info)) over[name] = info.map(move) as never
      else if (info !== undefined && info !== null) over[name] = move(info)
    }
    const back = (info: TensorInfo): TensorInfo => ({
      dataId: ours.write(cpu.readSync(info.dataId).slice(), info.shape, info.dtype),
      shape: info.shape,
      dtype: info.dtype,
    })
    try {
      const given = Array.isArray(inputs) ? (Object.values(over) as never) : over
      const result = getKernel(kernelName, 'cpu').kernelFunc({ inputs: given, backend: cpu, attrs })
      const list = Array.isArray(result) ? result : [result]
      const ready = list.map(back)
      for (const info of list) cpu.disposeIntermediateTensorInfo(info)
      return Array.isArray(result) ? ready : ready[0]!
    } finally {
      for (const info of moved) cpu.disposeIntermediateTensorInfo(info)
    }
  }
}
