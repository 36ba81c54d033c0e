/**
 * The rule for comparing executors: on 100 recorded batches, each update starting from the state that eager:cpu has,
 * gradients agree within 1e-5 of the largest element, and parameters within 1e-6 + 1e-3 x learning rate where the gradient
 * exceeds 1e-5 of that. Chained updates differ more, since Adam turns rounding noise into whole steps.
 */
import type { Executor, ExecutorName, HostTree, UpdatesCall } from '@reprise/backend'
import { box, discrete, Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { arpo, bc, dqn, grpo, ppo } from './index.ts'
import { dqnUpdateCall } from './testing/dqn-batches.ts'
import {
  episodesOf,
  gradientIn,
  learnerFor,
  optionsFor,
  rolloutOf,
  spacesFor,
  withoutMoments,
} from './testing/fixtures.ts'
import { tensorFlowExecutors } from './testing/tensorflow-executors.ts'

const LEARNING_RATE = 3e-3
const BATCHES = 100
/** Far more than it takes, unless the machine is busy with other things. */
const TIMEOUT = 240_000

async function compare(
  cpu: Executor,
  others: readonly Executor[],
  nextCall: () => Promise<UpdatesCall>,
): Promise<void> {
  // First all of one, then all of the other: changing the backend of the process takes time.
  const recorded: { state: HostTree; call: UpdatesCall; gradient: Float32Array; params: HostTree[string] }[] = []
  for (let i = 0; i < BATCHES; i++) {
    const state = (await cpu.save()) as HostTree
    const call = await nextCall()
    const gradient = await gradientOf(cpu, state, call)
    recorded.push({ state, call, gradient, params: await paramsAfter(cpu, state, call) })
  }
  for (const executor of others) {
    let worstGradient = 0
    let worstParameter = 0
    for (const { state, call, gradient, params } of recorded) {
      const other = await gradientOf(executor, state, call)
      const otherParams = await paramsAfter(executor, state, call)
      const largest = Math.max(...gradient.map(Math.abs))
      gradient.forEach((g, k) => {
        worstGradient = Math.max(worstGradient, Math.abs(g - other[k]!) / largest)
        if (Math.abs(g) <= 1e-5 * largest) return
        const allowed = 1e-6 + 1e-3 * (call.schedule['learningRate'] as number)
        worstParameter = Math.max(worstParameter, Math.abs(params.data[k]! - otherParams.data[k]!) / allowed)
      })
    }
    expect(worstGradient, executor.name).toBeLessThan(1e-5)
    expect(worstParameter, executor.name).toBeLessThan(1)
    executor.dispose()
  }
  cpu.dispose()
}

/** From a state without moments the first moment after one update is a tenth of the gradient. */
async function gradientOf(executor: Executor, state: HostTree, call: UpdatesCall): Promise<Float32Array> {
  await executor.load(withoutMoments(state))
  await executor.updates(call)
  return gradientIn((await executor.save()) as HostTree)
}

async function paramsAfter(executor: Executor, state: HostTree, call: UpdatesCall): Promise<HostTree[string]> {
  await executor.load(state)
  await executor.updates(call)
  return ((await executor.save()) as HostTree)['params']!
}

const EXECUTORS: readonly ExecutorName[] = ['eager:cpu', 'eager:wasm', 'wasm', 'onnx', ...(await tensorFlowExecutors())]

describe('every executor equals eager:cpu', { timeout: TIMEOUT, tags: 'own-executor' }, () => {
  it.each([
    ['discrete', spacesFor(discrete(4), 4), {}],
    [
      'continuous, shared trunk',
      spacesFor(box({ low: -1, high: 1, shape: [2] })),
      { critic: 'shared', entropyCoef: 0.01 },
    ],
  ])('in PPO, %s', async (_, spaces, more) => {
    const options = optionsFor(ppo.options, {
      numEnvs: 4,
      numSteps: 8,
      batchSize: 32,
      epochs: 1,
      hidden: [8, 8],
      learningRate: LEARNING_RATE,
      ...more,
    })
    const [cpu, ...others] = await Promise.all(
      EXECUTORS.map((executor) => learnerFor(ppo, options, { spaces, executor })),
    )
    const rng = new Pcg64(4)
    await compare(cpu!, others, async () => {
      const rollout = await rolloutOf(cpu!, rng, { steps: 8, numEnvs: 4, spaces })
      return ppo.prepare(rollout, { options, rng, progress: 0, spaces }).call!
    })
  })

  it('in GRPO with everything on', async () => {
    const options = optionsFor(grpo.options, {
      groups: 2,
      groupSize: 4,
      minibatches: 1,
      epochs: 1,
      hidden: [8],
      learningRate: LEARNING_RATE,
      klCoef: 0.1,
      entropyCoef: 0.01,
      ratio: 'sequence',
      dualClip: 3,
    })
    const [cpu, ...others] = await Promise.all(EXECUTORS.map((executor) => learnerFor(grpo, options, { executor })))
    const rng = new Pcg64(4)
    await compare(cpu!, others, async () => {
      const { call } = grpo.prepare(await episodesOf(cpu!, rng), { options, rng, progress: 0, spaces: spacesFor() })
      return { ...call!, batchSize: 24, indices: call!.indices.subarray(0, 24) }
    })
  })

  it.each([
    ['ARPO', arpo, { oldLogProb: 'decoupled', shaping: 0.1, klCoef: 0.1 }],
    ['BC', bc, { episodes: 'x.yaml', entropyCoef: 0.01 }],
  ] as const)('in %s', async (_, algorithm, more) => {
    const options = optionsFor(algorithm.options as typeof arpo.options, {
      ...(algorithm === bc ? {} : { groups: 2, groupSize: 4, epochs: 1 }),
      minibatches: 1,
      hidden: [8],
      learningRate: LEARNING_RATE,
      ...more,
    })
    const [cpu, ...others] = await Promise.all(
      EXECUTORS.map((executor) => learnerFor(algorithm, options, { executor })),
    )
    const rng = new Pcg64(4)
    await compare(cpu!, others, async () => {
      // The first of each group was played by a policy that is no longer.
      const episodes = { ...(await episodesOf(cpu!, rng)), replay: { replayed: Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0) } }
      const logProb = episodes.columns['logProb'] as Float32Array
      for (const [from, to] of [
        [0, 3],
        [10, 15],
      ] as const)
        for (let row = from; row < to; row++) logProb[row]! += 0.3 * rng.normal()
      return algorithm.prepare(episodes, { options: options as never, rng, progress: 0, spaces: spacesFor() }).call!
    })
  })

  it.each([
    ['plain, masked', 4, {}],
    ['double, dueling, with PAL and soft targets', 0, { double: true, dueling: true, replay: 'pal', tau: 0.3 }],
    [
      'all of Rainbow',
      0,
      { double: true, dueling: true, noisy: true, c51: true, atoms: 11, nSteps: 3, replay: 'prioritized' },
    ],
  ])('in DQN, %s', async (_, maskSize, more) => {
    const options = optionsFor(dqn.options, { batchSize: 16, hidden: [8, 8], gradientStepsLater: 2, ...more })
    const spaces = spacesFor(discrete(4), maskSize)
    const [cpu, ...others] = await Promise.all(
      EXECUTORS.map((executor) => learnerFor(dqn, options, { spaces, executor })),
    )
    const rng = new Pcg64(4)
    let made = 0
    await compare(cpu!, others, async () => {
      // The target network moves every seventh time, the learning rate falls towards 0.
      const { batch, noise, schedule } = dqnUpdateCall(options, rng, {
        rows: 16,
        actions: 4,
        maskSize,
        learningRate: LEARNING_RATE * (1 - made / BATCHES),
        copyTarget: made++ % 7 === 0 ? options.tau : 0,
      })
      return { columns: batch, indices: Int32Array.from({ length: 16 }, (_, i) => i), batchSize: 16, noise, schedule }
    })
  })
})
