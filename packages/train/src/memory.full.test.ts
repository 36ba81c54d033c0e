/** Long runs of compiled updates: memory stays where it is once everything is warm. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ppo } from '@reprise/algorithms'
import { createExecutor } from '@reprise/backend'
import { box, discrete, Pcg64, resolveOptions } from '@reprise/core'
import { expect, it } from 'vitest'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const BATCH = 64
const ROWS = 4 * BATCH
/** Updates in one call: as many as a training loop makes in one phase. */
const PER_CALL = 20
const MB = 2 ** 20

/** MB after a collection: all of the process (WebAssembly memories among it), V8's heap, and arrays outside of that. */
async function memoryNow(): Promise<Record<'rss' | 'heap' | 'external', number>> {
  // What is released in one turn is finalised in the next ones.
  for (let i = 0; i < 3; i++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss: rss / MB, heap: heapUsed / MB, external: external / MB }
}

it.each([
  ['wasm', 100_000],
  ['onnx', 20_000],
] as const)(
  '%s: memory is flat over %d compiled PPO updates',
  async (name, updates) => {
    const { values } = resolveOptions(ppo.options, [
      {
        source: 'api',
        values: { hidden: [64, 64], critic: 'separate', numEnvs: 8, numSteps: BATCH / 2, batchSize: BATCH },
      },
    ])
    const program = ppo.build({
      spaces: {
        observation: box({ low: -1, high: 1, shape: [4] }),
        action: discrete(2),
        observationSize: 4,
        maskSize: 0,
      },
      options: values,
      rng: new Pcg64(1),
      maxEpisodeSteps: 500,
    })
    const executor = await createExecutor({ executor: name, program, rows: { act: 8 } })
    const rng = new Pcg64(2)
    const normal = (length: number) => {
      const out = new Float32Array(length)
      rng.fillNormal(out)
      return out
    }
    const observation = normal(4 * 8)
    const noise = new Float32Array(8)
    rng.fillUniform(noise)
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
    const run = async (count: number) => {
      for (let done = 0; done < count; done += PER_CALL) {
        await executor.act({ observation, noise })
        const { metrics } = await executor.updates(call)
        expect(metrics['loss']!.every(Number.isFinite)).toBe(true)
      }
    }
    await run(updates / 10)
    const start = await memoryNow()
    const samples: (typeof start)[] = []
    for (let part = 0; part < 10; part++) {
      await run(updates / 10)
      samples.push(await memoryNow())
    }
    const growth = (key: keyof typeof start) => samples.at(-1)![key] - start[key]
    // 100 bytes kept per update would be 10 MB on wasm. Pages that allocators hold back come and go, by 6 MB on onnx.
    expect(growth('heap')).toBeLessThan(2)
    expect(growth('external')).toBeLessThan(2)
    expect(growth('rss')).toBeLessThan(20)
    executor.dispose()
  },
  300_000,
)
