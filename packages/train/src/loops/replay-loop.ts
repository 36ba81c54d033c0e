/** Transitions into a replay, then bursts of updates on batches drawn from it. */
import type { ReplayAlgorithm, ReplayCollection } from '@reprise/algorithms'
import type { HostArray, HostRecord } from '@reprise/backend'
import {
  allocateColumns,
  type Columns,
  copyColumns,
  type MaybePromise,
  type Serializable,
  type VectorEnv,
} from '@reprise/core'
import { createReplay, type Replay, type StoreSchema, type VectorStep } from '@reprise/replay'
import type { TrainingEnv } from '../environments.ts'
import { Breather } from './breather.ts'
import { BurstSize } from './burst-size.ts'
import type { Loop, LoopContext } from './loop.ts'
import { PolicyInputs } from './policy.ts'
import { UpdateBurst } from './update-burst.ts'

/** An iteration makes at least this many environment steps: what happens once per iteration costs nothing then. */
const ITERATION_STEPS = 250

export class ReplayLoop implements Loop {
  readonly #context: LoopContext
  readonly #algorithm: ReplayAlgorithm
  readonly #collection: ReplayCollection
  readonly #training: TrainingEnv
  readonly #env: VectorEnv
  readonly #inputs: PolicyInputs
  readonly #breather = new Breather()
  readonly #replay: Replay
  readonly #burst: UpdateBurst
  readonly #ratio: BurstSize
  /** What the policy saw: a step overwrites the environment's own columns. */
  readonly #observation: Columns
  readonly #mask: Uint8Array | undefined
  /** Views of the environment's columns and of the policy's outputs: what each step hands to the replay. */
  readonly #transition: VectorStep & { readonly fields: Record<string, HostArray> }
  readonly #stored: readonly string[]
  #step = 0
  #vectorSteps = 0
  #previousStep = 0

  constructor(context: LoopContext, algorithm: ReplayAlgorithm) {
    const { options, program, environments, rng } = context
    this.#context = context
    this.#algorithm = algorithm
    this.#collection = algorithm.collection(options)
    this.#stored = algorithm.stored(options)
    const { numEnvs } = this.#collection
    this.#training = environments.training(numEnvs, { autoresetMode: 'SameStep' })
    this.#env = this.#training.env
    this.#inputs = new PolicyInputs(program.inputs.act, numEnvs)
    const { leaves } = this.#env.singleObservationSpace
    this.#observation = allocateColumns(leaves, numEnvs)
    this.#mask = context.spaces.maskSize > 0 ? new Uint8Array(numEnvs * context.spaces.maskSize) : undefined
    this.#replay = createReplay(algorithm.replay(options), this.#schema(), numEnvs, rng.replay, {
      goals: environments.goals,
    })
    this.#ratio = new BurstSize(this.#collection)
    this.#burst = new UpdateBurst(context, algorithm, this.#replay, {
      batchSize: this.#collection.batchSize,
      onMetrics: (metrics) => this.#ratio.observe(metrics),
    })
    const { columns } = this.#env
    this.#transition = {
      observation: this.#observation,
      fields: this.#mask ? { mask: this.#mask } : {},
      reward: columns.rewards,
      terminated: columns.terminated,
      truncated: columns.truncated,
      skipped: columns.skipped,
      nextObservation: columns.observations,
      finalObservation: columns.finalObservations,
      ...(this.#mask
        ? { nextFields: { mask: columns.actionMasks! }, finalFields: { mask: columns.finalActionMasks! } }
        : {}),
    }
  }

  /** Columns of the replay: what the update reads of the observation's own and of the policy's outputs. */
  #schema(): StoreSchema {
    const { program, spaces } = this.#context
    const { batch } = program.inputs
    const fields: Record<string, StoreSchema['fields'][string]> = {}
    for (const name of this.#stored) {
      const spec = batch[name]
      if (spec) fields[name] = { dtype: spec.dtype, shape: spec.shape }
    }
    if (spaces.maskSize > 0) fields['mask'] = { dtype: 'bool', shape: [spaces.maskSize], ofObservation: true }
    return { observation: this.#env.singleObservationSpace.leaves, fields }
  }

  async start(): Promise<void> {
    // One draw gives the base seed; environment i is seeded with base + i.
    await this.#env.reset({ seeds: this.#context.rng.environments.integers(2 ** 31) })
    this.#inputs.drawHeld(this.#context.rng.actions)
  }

  async iterate(): Promise<{ steps: number; metrics: Record<string, number> }> {
    const { learningStarts, trainEvery } = this.#collection
    const { totalSteps, timer } = this.#context
    const first = this.#step
    this.#burst.clear()
    while (this.#step < totalSteps && this.#step - first < ITERATION_STEPS) {
      const began = performance.now()
      const acting = this.#act()
      if (acting instanceof Promise) await acting
      const acted = performance.now()
      const stepping = this.#env.step()
      if (stepping instanceof Promise) await stepping
      this.#record()
      const stepped = performance.now()
      timer.add('policy', acted - began)
      timer.add('env', stepped - acted)
      const turn = this.#breather.turn()
      if (turn) await turn
      if (this.#step < learningStarts || this.#vectorSteps % trainEvery !== 0) continue
      const learning = this.#learn()
      if (learning instanceof Promise) await learning
      timer.add('learn', performance.now() - stepped)
    }
    return { steps: this.#step - first, metrics: { ...this.#burst.report(), ...this.#explored() } }
  }

  #act(): MaybePromise<void> {
    const { policy, executor, rng } = this.#context
    const { trainEvery, noiseEvery = trainEvery } = this.#collection
    const { columns } = this.#env
    copyColumns(columns.observations, this.#observation)
    if (this.#mask) this.#mask.set(columns.actionMasks!)
    policy.encode(columns.observations, this.#inputs.arrays['observation'] as Float32Array)
    this.#inputs.readMask(columns.actionMasks)
    this.#inputs.drawNoise(rng.actions)
    if (this.#vectorSteps % noiseEvery === 0) this.#inputs.drawHeld(rng.actions)
    this.#inputs.setScalars(this.#exploration())
    const out = executor.act(this.#inputs.arrays)
    // Its outputs hold until its next call, which comes after they were stored.
    return out instanceof Promise ? out.then(this.#take) : this.#take(out)
  }

  readonly #take = (out: HostRecord): void => {
    for (const name of this.#stored) this.#transition.fields[name] = out[name]!
    this.#context.policy.writeActions(out['action']!, this.#env.columns.actions)
  }

  /** Stores what the step gave. */
  #record(): void {
    const { numEnvs, columns } = this.#env
    this.#replay.add(this.#transition)
    this.#step += numEnvs
    this.#vectorSteps++
    for (let i = 0; i < numEnvs; i++) {
      if (!columns.terminated[i] && !columns.truncated[i]) continue
      this.#context.episodes.add(columns.episodeReturns[i]!, columns.episodeLengths[i]!, columns.outcomes[i]!)
      this.#ratio.endEpisode()
    }
  }

  #learn(): MaybePromise<void> {
    const count = this.#ratio.take()
    if (count === 0) return
    const previousStep = this.#previousStep
    this.#previousStep = this.#step
    return this.#burst.run(count, { progress: this.#progress(), step: this.#step, previousStep })
  }

  #progress(): number {
    return Math.min(1, this.#step / this.#context.totalSteps)
  }

  #exploration(): Record<string, number> {
    const warmup = this.#step < this.#collection.learningStarts
    return this.#algorithm.exploration({ options: this.#context.options, progress: this.#progress(), warmup })
  }

  #explored(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.#exploration()).map(([name, value]) => [`rollout/${name}`, value]))
  }

  /** What the log says of the replay: asked for only when a row is due. */
  logMetrics(): Record<string, number> {
    const context = { progress: this.#progress(), burst: { index: 0, count: 1 } }
    const steps = this.#collection.trainEvery * this.#collection.numEnvs
    const metrics = { ...this.#replay.metrics(context), ...this.#ratio.metrics(steps) }
    return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`replay/${name}`, value]))
  }

  statistics(): Serializable {
    return this.#training.statistics()
  }

  save(): Serializable {
    return {
      env: this.#env.canSnapshot ? this.#env.snapshot() : null,
      statistics: this.statistics(),
      replay: this.#replay.state(),
      ratio: this.#ratio.state(),
      held: this.#inputs.held(),
      step: this.#step,
      vectorSteps: this.#vectorSteps,
      previousStep: this.#previousStep,
      updates: this.#burst.updates,
    }
  }

  async load(saved: Serializable): Promise<void> {
    const state = saved as unknown as SavedLoop
    this.#replay.load(state.replay)
    this.#ratio.load(state.ratio)
    this.#step = state.step
    this.#vectorSteps = state.vectorSteps
    this.#previousStep = state.previousStep
    this.#burst.updates = state.updates
    if (state.env !== null && this.#env.canSnapshot) {
      this.#env.restore(state.env)
    } else {
      // New episodes: those under way end here, cut off.
      this.#replay.interrupt()
      await this.start()
      this.#training.setStatistics(state.statistics)
    }
    this.#inputs.setHeld(state.held)
  }

  async close(): Promise<void> {
    await this.#env.close()
  }
}

interface SavedLoop {
  readonly [key: string]: Serializable
  readonly env: Serializable
  readonly statistics: Serializable
  readonly replay: Serializable
  readonly ratio: Serializable
  readonly held: readonly Float32Array[]
  readonly step: number
  readonly vectorSteps: number
  readonly previousStep: number
  readonly updates: number
}
