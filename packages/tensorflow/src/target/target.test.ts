import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile, loadProgram, type Program, spec } from '@reprise/compile'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { beforeAll, describe, expect, it } from 'vitest'
import { tensorFlowMissing } from '../testing/missing.ts'
import { useTensorFlowTarget } from '../use-tensorflow.ts'

type Tree = Record<string, tf.Tensor>

/** A state that grows by what it is given. */
function counter() {
  const f = (shape: number[], data: Float32Array | Int32Array) => ({
    shape,
    dtype: data instanceof Int32Array ? ('int32' as const) : ('float32' as const),
    data,
  })
  return compile({
    target: 'tensorflow',
    state: {
      sum: f([2], Float32Array.of(1, 2)),
      last: f([3, 2], new Float32Array(6)),
      calls: f([], Int32Array.of(0)),
      kept: f([], Float32Array.of(7)),
    },
    functions: {
      update: {
        fn: (state: Tree, { batch, schedule }: { batch: Tree; schedule: Tree }) => {
          const sum = tf.add(state['sum']!, tf.mul(tf.sum(batch['x']!, 0), schedule['rate']!))
          const calls = tf.add(state['calls']!, tf.scalar(1, 'int32'))
          return {
            state: { sum, calls, last: batch['x']! },
            metrics: { total: tf.sum(sum), calls, positive: tf.greater(tf.sum(sum), 0) },
            rows: tf.neg(batch['x']!),
          }
        },
        inputs: { batch: { x: spec([3, 2]) }, schedule: { rate: spec([]) } },
      },
      read: {
        fn: (state: Tree, { y }: Tree) => ({ copied: y!, sum: state['sum']!, five: tf.add(tf.mul(y!, 0), 5) }),
        inputs: { y: spec([2], 'float32') },
      },
    } as never,
  }) as Program<Record<'update' | 'read', { [name: string]: never }>>
}

type Call = (() => Record<string, Float32Array & Record<string, Float32Array>>) & {
  inputs: Record<string, Float32Array & Record<string, Float32Array>>
}

describe.skipIf(tensorFlowMissing)('the target tensorflow', () => {
  beforeAll(async () => {
    await useTensorFlowTarget()
    await tf.setBackend('cpu')
  })

  it('calls functions on a state that stays there', async () => {
    const program = counter()
    expect(program.target).toBe('tensorflow')
    const update = program.update as unknown as Call
    update.inputs['batch']!['x']!.set([1, 2, 3, 4, 5, 6])
    update.inputs['schedule']!['rate']!.set([0.5])
    const first = update()
    expect([...first['rows']!]).toEqual([-1, -2, -3, -4, -5, -6])
    expect([...first['metrics']!['total']!]).toEqual([1 + 4.5 + 2 + 6])
    // bool is read as bytes.
    expect([...first['metrics']!['positive']!]).toEqual([1])
    expect(update()).toBe(first)
    expect([...first['metrics']!['calls']!]).toEqual([2])
    // A leaf that became an argument is a copy of it.
    update.inputs['batch']!['x']!.fill(9)
    const saved = (await program.save()) as Record<string, { data: Float32Array }>
    expect([...saved['last']!.data]).toEqual([1, 2, 3, 4, 5, 6])
    expect([...saved['sum']!.data]).toEqual([10, 14])
    expect([...saved['kept']!.data]).toEqual([7])
    program.dispose()
  })

  it('gives arguments, leaves and constants as results', () => {
    const program = counter()
    const read = program.read as unknown as Call
    read.inputs['y']!.set([3, 4])
    const { copied, sum, five } = read()
    expect([copied, sum, five].map((each) => [...each!])).toEqual([
      [3, 4],
      [1, 2],
      [5, 5],
    ])
    program.dispose()
  })

  it('makes several steps in one loop as one after the other, bit for bit', async () => {
    const [together, apart] = [counter(), counter()]
    const x = Float32Array.from({ length: 10 }, (_, i) => Math.fround(Math.sin(i)))
    const indices = Int32Array.from({ length: 15 }, (_, i) => (i % 7 === 6 ? -1 : i % 5))
    const rate = Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5)
    for (let call = 0; call < 2; call++) {
      const { metrics } = await together.updates({ columns: { x }, indices, schedule: { rate } })
      const totals = []
      for (let k = 0; k < 5; k++) {
        const one = await apart.updates({
          columns: { x },
          indices: indices.slice(3 * k, 3 * k + 3),
          schedule: { rate: rate[k]! },
        })
        totals.push(one.metrics['total']![0])
      }
      expect([...metrics['total']!]).toEqual(totals)
      expect([...metrics['calls']!]).toEqual([1, 2, 3, 4, 5].map((n) => n + 5 * call))
    }
    expect(await together.save()).toEqual(await apart.save())
    together.dispose()
    apart.dispose()
  })

  it('loads what another target saved, and refuses what does not fit', async () => {
    const program = counter()
    const saved = await program.save()
    const update = program.update as unknown as Call
    update()
    await program.load(saved)
    expect(await program.save()).toEqual(saved)
    const { kept: _, ...rest } = saved as Record<string, never>
    expect(() => program.load(rest)).toThrow(/'kept'/)
    program.dispose()
    expect(() => update()).toThrow(/disposed/)
    expect(() => program.save()).toThrow(/disposed/)
  })

  it.each([0, 1])('joins large pieces along axis %s', (axis) => {
    const inputs = { a: spec([50, 40]), b: axis === 0 ? spec([60, 40]) : spec([50, 70]), c: spec([50, 40]) }
    const fn = (_: never, { a, b, c }: Tree) => ({ y: tf.concat([a!, b!, c!] as tf.Tensor2D[], axis) })
    const program = compile({ target: 'tensorflow', functions: { join: { fn, inputs } } } as never)
    const join = (program as unknown as Record<string, Call>)['join']!
    let next = 0
    for (const name of ['a', 'b', 'c']) {
      const to = join.inputs[name]!
      to.set(Float32Array.from({ length: to.length }, () => next++))
    }
    const tensors = Object.entries(inputs).map(([name, { shape }]) => tf.tensor(join.inputs[name]!, shape as number[]))
    expect(join()['y']).toEqual(tf.concat(tensors, axis).dataSync())
    program.dispose()
  })

  it('is written to a file and starts from it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'reprise-program-'))
    const file = join(folder, 'counter.rpr')
    const program = counter()
    const update = program.update as unknown as Call
    update.inputs['batch']!['x']!.set([1, 2, 3, 4, 5, 6])
    update.inputs['schedule']!['rate']!.set([0.5])
    update()
    await program.write(file)
    const loaded = (await loadProgram(file, { target: 'tensorflow' })) as typeof program
    expect(loaded.target).toBe('tensorflow')
    expect(await loaded.save()).toEqual(await program.save())
    rmSync(folder, { recursive: true })
    program.dispose()
    loaded.dispose()
  })

  it('refuses what does not compile, and takes other shapes on demand', () => {
    const program = counter()
    const read = program.read as unknown as Call & { at(inputs: object): Call }
    expect(() => read.at({ y: spec([3]) })().copied).not.toThrow()
    program.dispose()
    const bad = () =>
      compile({
        target: 'tensorflow',
        functions: { f: { fn: (_: never, { x }: Tree) => tf.unique(x!).values, inputs: { x: spec([3]) } } } as never,
      })
    expect(bad).toThrow(/Unique/)
  })
})
