/** Fixed-length rollouts of N environments (SameStep autoreset), then the algorithm's updates on them. */
import type { Rollout, RolloutAlgorithm } from '@reprise/algorithms'
import type { HostArray, HostRecord } from '@reprise/backend'
import type { Serializable, VectorEnv } from '@reprise/core'
import type { TrainingEnv } from '../environments.ts'
import { Breather } from './breather.ts'
import { type Loop, type LoopContext, learn } from './loop.ts'
import { PolicyInputs } from './policy.ts'

export class RolloutLoop implements Loop {
  readonly #context: LoopContext
  readonly #algorithm: RolloutAlgorithm
  readonly #training: TrainingEnv
  readonly #env: VectorEnv
  readonly #steps: number
  readonly #inputs: PolicyInputs
  readonly #breather = new Breather()
  readonly #columns: Record<string, HostArray> = {}
  readonly #rollout: Rollout

  constructor(context: LoopContext, algorithm: RolloutAlgorithm) {
    this.#context = context
    this.#algorithm = algorithm
    const { numEnvs, steps } = algorithm.collection(context.options)
    this.#steps = steps
    this.#training = context.environments.training(numEnvs, { autoresetMode: 'SameStep' })
    this.#env = this.#training.env
    this.#inputs = new PolicyInputs(context.program.inputs.act, numEnvs)
    const memory = this.#inputs.memory()
    this.#rollout = {
      ...(memory ? { memory } : {}),
      steps,
      numEnvs,
      columns: this.#columns,
      rewards: new Float32Array(steps * numEnvs),
      terminated: new Uint8Array(steps * numEnvs),
      truncated: new Uint8Array(steps * numEnvs),
      episodeStart: new Uint8Array(steps * numEnvs),
      finalValues: new Float32Array(steps * numEnvs),
      lastValues: new Float32Array(numEnvs),
    }
  }

  async start(): Promise<void> {
    // One draw gives the base seed; environment i is seeded with base + i.
    await this.#env.reset({ seeds: this.#context.rng.environments.integers(2 ** 31) })
  }

  async iterate(progress: number): Promise<{ steps: number; metrics: Record<string, number> }> {
    const { options, rng, spaces, timer } = this.#context
    await this.#collect()
    const before = performance.now()
    const prepared = this.#algorithm.prepare(this.#rollout, { options, rng: rng.minibatches, progress, spaces })
    const metrics = await learn(this.#context, prepared)
    timer.add('learn', performance.now() - before)
    return { steps: this.#steps * this.#env.numEnvs, metrics }
  }

  async #collect(): Promise<void> {
    const { policy, executor, rng, timer, episodes } = this.#context
    const env = this.#env
    const { columns } = env
    const n = env.numEnvs
    const inputs = this.#inputs
    const observation = inputs.arrays['observation'] as Float32Array
    const { rewards, terminated, truncated, episodeStart, finalValues, lastValues, memory } = this.#rollout
    finalValues.fill(0)

    for (let t = 0; t < this.#steps; t++) {
      const began = performance.now()
      // The last step ended the row's episode, or it has made none since its reset: restored columns say so too.
      for (let i = 0; i < n; i++) {
        const first = columns.terminated[i] || columns.truncated[i] || columns.episodeLengths[i] === 0
        episodeStart[t * n + i] = first ? 1 : 0
      }
      inputs.forgetRows(episodeStart, t * n)
      if (t === 0 && memory) inputs.readMemory(memory)
      policy.encode(columns.observations, observation)
      inputs.readMask(columns.actionMasks)
      inputs.drawNoise(rng.actions)
      let out = executor.act(inputs.arrays)
      if (out instanceof Promise) out = await out
      this.#store('observation', observation, t)
      if (columns.actionMasks) this.#store('mask', inputs.arrays['mask']!, t)
      inputs.remember(out)
      for (const name in out) if (name !== 'memory') this.#store(name, out[name]!, t)
      policy.writeActions(out['action']!, columns.actions)
      const acted = performance.now()
      const stepped = env.step()
      if (stepped instanceof Promise) await stepped
      const done = performance.now()
      timer.add('policy', acted - began)
      timer.add('env', done - acted)
      const turn = this.#breather.turn()
      if (turn) await turn

      const base = t * n
      rewards.set(columns.rewards, base)
      terminated.set(columns.terminated, base)
      truncated.set(columns.truncated, base)
      let cut = false
      for (let i = 0; i < n; i++) {
        if (columns.terminated[i] || columns.truncated[i]) {
          episodes.add(columns.episodeReturns[i]!, columns.episodeLengths[i]!, columns.outcomes[i]!)
          if (!columns.terminated[i]) cut = true
        }
      }
      if (cut) {
        const values = await this.#values(columns.finalObservations, columns.finalActionMasks)
        if (values) {
          for (let i = 0; i < n; i++)
            if (truncated[base + i] && !terminated[base + i]) finalValues[base + i] = values[i]!
        }
      }
    }
    const values = await this.#values(columns.observations, columns.actionMasks)
    if (values) lastValues.set(values)
  }

  /** Values of given observations, of rows that go on. Noise and memory are left as they were: only `value` is read. */
  async #values(
    observations: VectorEnv['columns']['observations'],
    masks: Uint8Array | undefined,
  ): Promise<Float32Array | undefined> {
    const { policy, executor, timer } = this.#context
    const began = performance.now()
    policy.encode(observations, this.#inputs.arrays['observation'] as Float32Array)
    this.#inputs.readMask(masks)
    const out: HostRecord = await executor.act(this.#inputs.arrays)
    timer.add('policy', performance.now() - began)
    return out['value'] as Float32Array | undefined
  }

  #store(name: string, values: HostArray, t: number): void {
    let column = this.#columns[name]
    if (!column) {
      const Type = values.constructor as new (length: number) => HostArray
      column = this.#columns[name] = new Type(this.#steps * values.length)
    }
    column.set(values, t * values.length)
  }

  statistics(): Serializable {
    return this.#training.statistics()
  }

  save(): Serializable {
    const memory = this.#inputs.memory()
    return {
      env: this.#env.canSnapshot ? this.#env.snapshot() : null,
      statistics: this.statistics(),
      ...(memory ? { memory } : {}),
    }
  }

  async load(saved: Serializable): Promise<void> {
    const { env, statistics, memory } = saved as { env: Serializable; statistics: Serializable; memory?: Float32Array }
    if (env !== null && this.#env.canSnapshot) {
      this.#env.restore(env)
      if (memory) this.#inputs.setMemory(memory)
    } else {
      await this.start()
      this.#training.setStatistics(statistics)
    }
  }

  async close(): Promise<void> {
    await this.#env.close()
  }
}
