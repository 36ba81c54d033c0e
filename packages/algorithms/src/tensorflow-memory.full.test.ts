/** Bar: 10 000 updates on TensorFlow, op by op and compiled: after the first 4 000 the process grows no more. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { box, discrete, Pcg64 } from '@reprise/core'
import { expect, test } from 'vitest'
import { ppo } from './index.ts'
import { learnerFor, optionsFor } from './testing/fixtures.ts'
import { tensorFlowExecutors } from './testing/tensorflow-executors.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const BATCH = 64
const ROWS = 4 * BATCH
const PER_CALL = 20
const MB = 2 ** 20

async function residentMemory(): Promise<number> {
  // What is released in one turn is finalised in the next ones.
  for (let i = 0; i < 3; i++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return process.memoryUsage().rss / MB
}

const executors = await tensorFlowExecutors()

test.skipIf(executors.length === 0).each(executors.length > 0 ? executors : ['tensorflow' as const])(
  '%s holds as much memory after 10 000 updates as after 4 000',
  async (name) => {
    const options = optionsFor(ppo.options, { numEnvs: 8, numSteps: BATCH / 2, batchSize: BATCH, hidden: [64, 64] })
    const observation = box({ low: -1, high: 1, shape: [4] })
    const spaces = { observation, action: discrete(2), observationSize: 4, maskSize: 0 }
    const executor = await learnerFor(ppo, options, { spaces, executor: name })
    const rng = new Pcg64(2)
    const normal = (length: number) => {
      const out = new Float32Array(length)
      rng.fillNormal(out)
      return out
    }
    const call = {
      columns: {
        observation: normal(4 * ROWS),
        action: Int32Array.from({ length: ROWS }, () => rng.integers(2)),
        logProb: new Float32Array(ROWS).fill(Math.log(0.5)),
        advantage: normal(ROWS),
        return: normal(ROWS),
      },
      indices: Int32Array.from({ length: PER_CALL * BATCH }, () => rng.integers(ROWS)),
      batchSize: BATCH,
      noise: {},
      schedule: { learningRate: 1e-4, ratioLow: 0.8, ratioHigh: 1.2, advantageMean: 0, advantageScale: 1 },
    }
    const policy = { observation: normal(4 * 8), noise: new Float32Array(8) }
    const samples: number[] = []
    const tensors: (number | undefined)[] = []
    for (let thousand = 1; thousand <= 10; thousand++) {
      for (let done = 0; done < 1000; done += PER_CALL) {
        await executor.act(policy)
        const { metrics } = await executor.updates(call)
        expect(metrics['loss']!.every(Number.isFinite)).toBe(true)
      }
      samples.push(await residentMemory())
      tensors.push(executor.tensors?.())
    }
    console.log(`${name}: resident MB after each thousand updates: ${samples.map(Math.round).join(' ')}`)
    expect(new Set(tensors).size).toBe(1)
    // 1 kB kept per update would be 6 MB; allocators hold back pages now and then.
    expect(samples.at(-1)! - samples[3]!).toBeLessThan(6)
    executor.dispose()
  },
)
