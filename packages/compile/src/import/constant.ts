/** Kernels without operands, or that look only at a shape. */
import { arrayFor } from '../infer.ts'
import { attribute, dtypeOf, type Importers } from './importer.ts'

export const constants: Importers = {
  Fill: (g, call) => {
    const value = attribute<number>(call, 'value')
    return g.fill(value, attribute(call, 'shape'), dtypeOf(call, attribute(call, 'dtype', 'float32')))
  },
  ZerosLike: (g, call) => g.fill(0, g.shape(call.inputs['x']!), g.dtype(call.inputs['x']!)),
  OnesLike: (g, call) => g.fill(1, g.shape(call.inputs['x']!), g.dtype(call.inputs['x']!)),
  Range: (g, call) => {
    const [start, stop] = [attribute<number>(call, 'start'), attribute<number>(call, 'stop')]
    const given = attribute<number>(call, 'step', 1)
    const dtype = dtypeOf(call, attribute(call, 'dtype', 'float32'))
    const empty = start === stop || (start < stop && given < 0) || (stop < start && given > 1)
    const data = arrayFor(dtype, empty ? 0 : Math.abs(Math.ceil((stop - start) / given)))
    // TensorFlow.js takes a step of 1 towards a stop below the start as -1. Each value is the last, as stored, plus it.
    const step = stop < start && given === 1 ? -1 : given
    for (let i = 0; i < data.length; i++) data[i] = i === 0 ? start : data[i - 1]! + step
    return g.constant(data, [data.length], dtype)
  },
  LinSpace: (g, call) => {
    const [start, stop] = [attribute<number>(call, 'start'), attribute<number>(call, 'stop')]
    const count = attribute<number>(call, 'num')
    const data = new Float32Array(count)
    const step = (stop - start) / (count - 1)
    data[0] = start
    for (let i = 1; i < count; i++) data[i] = data[i - 1]! + step
    return g.constant(data, [count])
  },
}
