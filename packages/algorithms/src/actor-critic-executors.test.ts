/** SAC, TD3 and REDQ by the rule of executors.test.ts: gradients of all networks from a common state, then parameters. */
import type { Executor, ExecutorName, HostTree, UpdateCall } from '@reprise/backend'
import { box, discrete, Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { redq, sac, td3 } from './index.ts'
import { freshMoments, gradientOf, updateCallOf } from './testing/actor-critic-batches.ts'
import { learnerFor, optionsFor, spacesFor } from './testing/fixtures.ts'
import { tensorFlowExecutors } from './testing/tensorflow-executors.ts'

const LEARNING_RATE = 3e-3
const BATCHES = 100
const ROWS = 16
const NETWORKS = ['critic', 'actor'] as const
const EXECUTORS: readonly ExecutorName[] = ['eager:cpu', 'wasm', 'onnx', ...(await tensorFlowExecutors())]
/** Far more than it takes, unless the machine is busy with other things. */
const TIMEOUT = 240_000
const continuous = spacesFor(box({ low: -1, high: 1, shape: [2] }))

interface Recorded {
  state: HostTree
  call: UpdateCall
  gradients: Float64Array[]
  params: HostTree
}

/** With a learning rate of 0, so that the policy's gradient is at the same critics everywhere. */
async function gradientsOf(executor: Executor, state: HostTree, call: UpdateCall): Promise<Float64Array[]> {
  await executor.load(freshMoments(state))
  await executor.update({ ...call, schedule: { ...call.schedule, learningRate: 0 } })
  const after = (await executor.save()) as HostTree
  return NETWORKS.map((name) => gradientOf(after, name))
}

async function paramsAfter(executor: Executor, state: HostTree, call: UpdateCall): Promise<HostTree> {
  await executor.load(state)
  await executor.update(call)
  return (await executor.save()) as HostTree
}

describe('every executor equals eager:cpu', { timeout: TIMEOUT, tags: 'own-executor' }, () => {
  it.each([
    ['SAC', sac, continuous, {}],
    ['SAC with gSDE and a fixed temperature', sac, continuous, { gsde: true, entropyCoef: 0.1 }],
    // A low temperature: at 1 the values of all actions nearly agree, and what differs is lost to float32 before the gradient.
    ['SAC on masked discrete actions', sac, spacesFor(discrete(4), 4), { entropyCoef: 'auto_0.1' }],
    ['TD3 with PAL', td3, continuous, { replay: 'pal' }],
    ['REDQ with the fraction of active units', redq, continuous, { critics: 4, gradientStepsLater: 1 }],
  ])('in %s', async (_, algorithm, spaces, more) => {
    const options = optionsFor(algorithm.options as typeof sac.options, {
      batchSize: ROWS,
      hidden: [8, 8],
      learningRate: LEARNING_RATE,
      ...more,
    })
    const [cpu, ...others] = await Promise.all(
      EXECUTORS.map((executor) => learnerFor(algorithm, options, { spaces, executor })),
    )
    const rng = new Pcg64(4)
    const recorded: Recorded[] = []
    const tensors = cpu!.tensors!()
    for (let update = 0; update < BATCHES; update++) {
      const state = (await cpu!.save()) as HostTree
      const call = updateCallOf(algorithm, options, spaces, rng, { rows: ROWS, update, index: update % 3, count: 3 })
      const gradients = await gradientsOf(cpu!, state, call)
      recorded.push({ state, call, gradients, params: await paramsAfter(cpu!, state, call) })
    }
    expect(cpu!.tensors!()).toBe(tensors)
    for (const executor of others) {
      let worstGradient = 0
      let worstParameter = 0
      for (const { state, call, gradients, params } of recorded) {
        const theirs = await gradientsOf(executor, state, call)
        const theirParams = await paramsAfter(executor, state, call)
        NETWORKS.forEach((name, n) => {
          const largest = gradients[n]!.reduce((a, g) => Math.max(a, Math.abs(g)), 1e-30)
          gradients[n]!.forEach((g, k) => {
            worstGradient = Math.max(worstGradient, Math.abs(g - theirs[n]![k]!) / largest)
            if (Math.abs(g) <= 1e-5 * largest) return
            const difference = params[name]!.data[k]! - theirParams[name]!.data[k]!
            worstParameter = Math.max(worstParameter, Math.abs(difference))
          })
        })
      }
      expect(worstGradient, executor.name).toBeLessThan(1e-5)
      expect(worstParameter, executor.name).toBeLessThan(1e-6 + 1e-3 * LEARNING_RATE)
      executor.dispose()
    }
    cpu!.dispose()
  })
})
