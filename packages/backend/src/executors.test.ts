import { Pcg64, RepriseError } from '@reprise/core'
import { memory } from '@tensorflow/tfjs-core'
import { describe, expect, it, vi } from 'vitest'
import { createExecutor, type Executor, type ExecutorName, type HostRecord, type HostTree } from './index.ts'
import { lineProgram } from './testing/line-program.ts'
import { tensorFlowExecutors } from './testing/tensorflow-executors.ts'

const NAMES: readonly ExecutorName[] = ['eager:cpu', 'eager:wasm', 'wasm', 'onnx', ...(await tensorFlowExecutors())]
const make = (executor: ExecutorName) => createExecutor({ executor, program: lineProgram() })

function data(rows: number, seed = 1) {
  const rng = new Pcg64(seed)
  const x = new Float32Array(rows * 2)
  rng.fillNormal(x)
  return { x, y: Float32Array.from({ length: rows }, (_, i) => 2 * x[2 * i]! - x[2 * i + 1]!) }
}
const noNoise = (rows: number) => ({ jitter: new Float32Array(rows) })
const bytes = (state: HostTree) =>
  Object.entries(state).map(([path, { data }]) => [path, Array.from(new Uint8Array(data.buffer))])

describe.each(NAMES)('%s', (name) => {
  it('acts on any number of rows', async () => {
    const executor = await make(name)
    for (const rows of [1, 3]) {
      const observation = Float32Array.from({ length: 2 * rows }, (_, i) => i)
      const { action } = await executor.act({ observation, mask: new Uint8Array(3 * rows) })
      expect(Array.from(action!)).toEqual(Array.from({ length: rows }, (_, i) => 0.5 * (2 * i) - 0.5 * (2 * i + 1)))
      expect(await executor.decide({ observation })).toEqual({ action })
    }
    executor.dispose()
  })

  it('learns, and gives metrics and rows', async () => {
    const executor = await make(name)
    const batch = data(16)
    let last = { metrics: {} as Record<string, number>, rows: {} as HostRecord }
    for (let i = 0; i < 200; i++)
      last = await executor.update({ batch, noise: noNoise(16), schedule: { learningRate: 0.1 } })
    expect(last.metrics['loss']).toBeLessThan(1e-6)
    expect(last.metrics['steps']).toBe(200)
    expect(last.metrics['learningRate']).toBeCloseTo(0.1)
    expect(last.rows['error']!.length).toBe(16)
    const { params } = (await executor.save()) as HostTree
    expect(Array.from(params!.data).map((p) => Math.round(p * 100) / 100)).toEqual([2, -1])
    executor.dispose()
  })

  it('makes k updates in one call as one after the other, bit for bit', async () => {
    const [together, apart] = [await make(name), await make(name)]
    const columns = data(10)
    const indices = Int32Array.of(3, 1, 4, 1, 5, 9, 2, 6)
    const learningRate = Float32Array.of(0.1, 0.01)
    const jitter = new Float32Array(8).fill(0.25)
    const { metrics } = await together.updates({
      columns,
      indices,
      batchSize: 4,
      noise: { jitter },
      schedule: { learningRate },
    })
    for (let k = 0; k < 2; k++) {
      const rows = Array.from(indices.subarray(4 * k, 4 * k + 4))
      const batch = {
        x: Float32Array.from(rows.flatMap((row) => [columns.x[2 * row]!, columns.x[2 * row + 1]!])),
        y: Float32Array.from(rows, (row) => columns.y[row]!),
      }
      const one = await apart.update({
        batch,
        noise: { jitter: jitter.slice(0, 4) },
        schedule: { learningRate: learningRate[k]! },
      })
      for (const metric in metrics) expect(metrics[metric]![k]).toBe(one.metrics[metric])
    }
    expect(bytes(await together.save())).toEqual(bytes(await apart.save()))
    together.dispose()
    apart.dispose()
  })

  it('takes -1 as a row of zeros', async () => {
    const executor = await make(name)
    const call = { columns: data(4), batchSize: 2, noise: noNoise(2), schedule: { learningRate: 0 } }
    const padded = await executor.updates({ ...call, indices: Int32Array.of(2, -1) })
    const { x, y } = call.columns
    const error = 0.5 * x[4]! - 0.5 * x[5]! - y[2]!
    expect(padded.metrics['loss']![0]).toBeCloseTo(error ** 2 / 2, 5)
    executor.dispose()
  })

  it('is not changed by what happens to arrays afterwards', async () => {
    const executor = await make(name)
    const program = lineProgram()
    program.state['params']!.data.fill(77)
    const before = bytes(await executor.save())
    const saved = (await executor.save()) as HostTree
    ;(saved['params']!.data as Float32Array).fill(99)
    expect(bytes(await executor.save())).toEqual(before)
    const restored = (await executor.save()) as HostTree
    await executor.load(restored)
    ;(restored['params']!.data as Float32Array).fill(99)
    expect(bytes(await executor.save())).toEqual(before)
    executor.dispose()
  })

  it('keeps the number of tensors constant, and gives all back', async () => {
    const start = memory().numTensors
    const executor = await make(name)
    const call = {
      columns: data(8),
      indices: Int32Array.from({ length: 8 }, (_, i) => i),
      batchSize: 4,
      noise: noNoise(8),
      schedule: { learningRate: 0.1 },
    }
    const held = memory().numTensors
    for (let i = 0; i < 20; i++) {
      await executor.updates(call)
      await executor.update({ batch: data(4), noise: noNoise(4), schedule: { learningRate: 0.1 } })
      await executor.act({ observation: new Float32Array(4), mask: new Uint8Array(6) })
      await executor.load(await executor.save())
    }
    expect(memory().numTensors).toBe(held)
    executor.dispose()
    executor.dispose()
    expect(memory().numTensors).toBe(start)
    expect(() => executor.save()).toThrow(/disposed/)
  })

  it('refuses inputs by name, type and length', async () => {
    const executor = await make(name)
    const f = (n: number) => new Float32Array(n)
    const mask = new Uint8Array(3)
    const updates = {
      columns: data(4),
      indices: new Int32Array(2),
      batchSize: 2,
      noise: noNoise(2),
      schedule: { learningRate: 1 },
    }
    const cases: [() => unknown, RegExp][] = [
      [() => executor.act({ observation: f(2) }), /'mask' of act is missing/],
      [() => executor.act({ observation: f(3), mask }), /'observation' of act has 3 elements.*rows of 2/],
      [() => executor.act({ observation: f(4), mask }), /'mask' of act has 3 elements.*2 rows/],
      [() => executor.act({ observation: new Int32Array(2), mask }), /is a Int32Array.*Float32Array/],
      [() => executor.decide({ observation: f(2), observatoin: f(2) }), /no input 'observatoin'.*'observation'/],
      [() => executor.update({ batch: data(2), noise: noNoise(2), schedule: {} }), /'learningRate' is missing/],
      [() => executor.update({ batch: data(2), noise: noNoise(3), schedule: { learningRate: 1 } }), /noise.*3 rows.*2/],
      [() => executor.updates({ ...updates, indices: new Int32Array(3) }), /3 indices.*batches of 2/],
      [() => executor.updates({ ...updates, indices: Int32Array.of(0, 4) }), /Row 4 of 4/],
      [() => executor.updates({ ...updates, schedule: { learningRate: f(2) } }), /2 values for 1 updates/],
      [() => executor.updates({ ...updates, schedule: { learningRate: 1, lr: 1 } }), /no schedule 'lr'/],
      [() => executor.updates({ ...updates, noise: noNoise(1) }), /noise.*1 rows.*2/],
    ]
    for (const [run, message] of cases) {
      expect(run).toThrow(message)
      expect(run).toThrow(expect.objectContaining({ code: 'RPR_EXECUTOR_INPUT' }))
    }
    executor.dispose()
  })

  it('refuses states that do not fit, and keeps the old one', async () => {
    const executor = await make(name)
    const state = (await executor.save()) as HostTree
    const before = bytes(state)
    const { params, ...without } = state
    const cases: [HostTree, RegExp][] = [
      [without, /'params' is missing/],
      [{ ...state, extra: params! }, /'extra' is not part/],
      [{ ...state, params: { ...params!, shape: [1, 2] } }, /float32 \[1,2\] instead of float32 \[2\]/],
      [{ ...state, params: { ...params!, data: new Float32Array(3) } }, /Float32Array of 3 elements/],
      [{ ...state, params: { ...params!, dtype: 'int32' } }, /int32/],
    ]
    for (const [given, message] of cases) {
      expect(() => executor.load(given)).toThrow(message)
      expect(() => executor.load(given)).toThrow(expect.objectContaining({ code: 'RPR_STATE_MISMATCH' }))
    }
    expect(bytes(await executor.save())).toEqual(before)
    executor.dispose()
  })
})

describe('several executors in one process', () => {
  it('work side by side on different backends, and load each other', async () => {
    const executors: Executor[] = []
    for (const name of ['eager:cpu', 'eager:wasm', 'eager:cpu'] as const) executors.push(await make(name))
    const batch = data(8)
    for (let i = 0; i < 5; i++) {
      for (const executor of executors)
        await executor.update({ batch, noise: noNoise(8), schedule: { learningRate: 0.1 } })
    }
    const [a, b, c] = await Promise.all(executors.map((executor) => executor.save()))
    expect(bytes(a!)).toEqual(bytes(c!))
    b!['params']!.data.forEach((p, i) => {
      expect(p).toBeCloseTo(a!['params']!.data[i]!, 5)
    })
    await executors[0]!.load(b!)
    expect(bytes(await executors[0]!.save())).toEqual(bytes(b!))
    for (const executor of executors) executor.dispose()
  })
})

describe('createExecutor', () => {
  it('says what auto means', async () => {
    const executor = await make('auto')
    expect(executor.name).toBe('wasm')
    expect(executor.reason).toMatch(/auto/)
    expect(executor.deterministic).toBe(true)
    executor.dispose()
  })
  it.each(['tensorflow', 'eager:tensorflow'] as const)('says that %s is not installed', async (name) => {
    vi.stubEnv('REPRISE_TENSORFLOW', '/nowhere')
    const error = await make(name).catch((e: unknown) => e)
    vi.unstubAllEnvs()
    expect(error).toBeInstanceOf(RepriseError)
    expect(error).toMatchObject({
      code: 'RPR_EXECUTOR_MISSING',
      value: name,
      hint: expect.stringContaining('eager:wasm'),
    })
  })
  it('names the nearest of unknown names', async () => {
    await expect(make('eager:wsam' as ExecutorName)).rejects.toThrow(
      /Unknown executor 'eager:wsam'. Did you mean 'eager:wasm'/,
    )
    await expect(make('eager:wsam' as ExecutorName)).rejects.toMatchObject({ code: 'RPR_EXECUTOR_UNKNOWN' })
  })
})
