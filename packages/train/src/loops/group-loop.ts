/** Groups of whole episodes from a shared reset seed, then the algorithm's updates on them. */
import type { EpisodeGroups, GroupAlgorithm } from '@reprise/algorithms'
import { RepriseError, type Serializable, type VectorEnv } from '@reprise/core'
import type { TrainingEnv } from '../environments.ts'
import { Breather } from './breather.ts'
import { joinEpisodes, StepColumns } from './episode-packing.ts'
import { describeThrown, rowErrors } from './failures.ts'
import { type Loop, type LoopContext, learn } from './loop.ts'
import { PolicyInputs } from './policy.ts'
import { type Task, type TaskSource, taskIdOf, taskSource } from './tasks.ts'

export class GroupLoop implements Loop {
  readonly #context: LoopContext
  readonly #algorithm: GroupAlgorithm
  readonly #training: TrainingEnv
  readonly #env: VectorEnv
  readonly #groups: number
  readonly #groupSize: number
  readonly #maxBatches: number
  readonly #inputs: PolicyInputs
  readonly #breather = new Breather()
  readonly #storage: StepColumns
  readonly #tasks: TaskSource
  /** [groups] ids of the tasks that the groups play now. */
  #taskIds: readonly number[] = []

  constructor(context: LoopContext, algorithm: GroupAlgorithm, tasks: string) {
    this.#context = context
    this.#algorithm = algorithm
    const { groups, groupSize, maxBatches } = algorithm.collection(context.options)
    this.#groups = groups
    this.#groupSize = groupSize
    this.#maxBatches = maxBatches
    this.#training = context.environments.training(groups * groupSize, { autoresetMode: 'Disabled', onError: 'fail' })
    this.#env = this.#training.env
    this.#inputs = new PolicyInputs(context.program.inputs.act, this.#env.numEnvs)
    this.#storage = new StepColumns(this.#env.numEnvs)
    this.#tasks = taskSource(tasks, context.rng.environments)
  }

  async start(): Promise<void> {}

  async iterate(progress: number): Promise<{ steps: number; metrics: Record<string, number> }> {
    const { options, rng, spaces, timer } = this.#context
    const batches: EpisodeGroups[] = []
    const informative: Uint8Array[] = []
    let steps = 0
    let informativeGroups = 0
    while (batches.length < this.#maxBatches && informativeGroups < this.#groups) {
      const batch = await this.#collect()
      batches.push(batch.episodes)
      steps += batch.steps
      const flags = this.#algorithm.informative(batch.episodes, options)
      informative.push(flags)
      informativeGroups += new Set(batch.episodes.group.filter((_, e) => flags[e])).size
    }
    const before = performance.now()
    const dynamic = this.#maxBatches > 1
    const episodes = dynamic ? joinEpisodes(batches, informative, this.#groups) : batches[0]!
    const prepared = this.#algorithm.prepare(episodes, { options, rng: rng.minibatches, progress, spaces })
    const metrics = await learn(this.#context, prepared)
    timer.add('learn', performance.now() - before)
    if (dynamic) {
      // Kept groups alone would look as if every task taught something.
      const sampled = joinEpisodes(
        batches.map((batch) => ({ ...batch, columns: {} })),
        batches.map(({ numEpisodes }) => new Uint8Array(numEpisodes).fill(1)),
        Number.POSITIVE_INFINITY,
      )
      Object.assign(metrics, this.#algorithm.describe(sampled, options))
      metrics['group/batches_sampled'] = batches.length
      metrics['group/informative_groups'] = Math.min(informativeGroups, this.#groups)
    }
    return { steps, metrics }
  }

  /** One episode per row. */
  async #collect(): Promise<{ episodes: EpisodeGroups; steps: number }> {
    const { policy, executor, rng, timer, episodes, failures } = this.#context
    const env = this.#env
    const { columns } = env
    const n = env.numEnvs
    const inputs = this.#inputs
    const observation = inputs.arrays['observation'] as Float32Array
    await this.#reset()

    const lengths = new Int32Array(n)
    const finished = new Uint8Array(n)
    let running = n
    for (let i = 0; i < n; i++) {
      if (columns.failed[i]) {
        finished[i] = 1
        running--
        failures.note(rowErrors(env)[i])
      }
    }
    for (let t = 0; running > 0; t++) {
      const began = performance.now()
      policy.encode(columns.observations, observation)
      if (t === 0) this.#assertSharedStart(observation)
      inputs.readMask(columns.actionMasks)
      inputs.drawNoise(rng.actions)
      let out = executor.act(inputs.arrays)
      if (out instanceof Promise) out = await out
      this.#storage.store('observation', observation, t)
      if (columns.actionMasks) this.#storage.store('mask', inputs.arrays['mask']!, t)
      for (const name in out) this.#storage.store(name, out[name]!, t)
      policy.writeActions(out['action']!, columns.actions)
      const acted = performance.now()
      const stepped = env.step()
      if (stepped instanceof Promise) await stepped
      timer.add('policy', acted - began)
      timer.add('env', performance.now() - acted)
      const turn = this.#breather.turn()
      if (turn) await turn
      for (let i = 0; i < n; i++) {
        if (finished[i]) continue
        lengths[i] = t + 1
        if (columns.terminated[i] || columns.truncated[i] || columns.failed[i]) {
          finished[i] = 1
          running--
          if (columns.failed[i]) failures.note(rowErrors(env)[i])
          else episodes.add(columns.episodeReturns[i]!, columns.episodeLengths[i]!, columns.outcomes[i]!)
        }
      }
    }
    return this.#pack(lengths)
  }

  /** One task per group: all its rows are reset with the same seed and options. */
  async #reset(): Promise<void> {
    const tasks: Task[] = Array.from({ length: this.#groups }, () => this.#tasks.next())
    this.#taskIds = tasks.map(taskIdOf)
    const seeds = Float64Array.from(
      { length: this.#env.numEnvs },
      (_, i) => tasks[Math.floor(i / this.#groupSize)]!.seed,
    )
    if (tasks.every((task) => task.options === undefined)) {
      await this.#env.reset({ seeds })
      return
    }
    for (let g = 0; g < this.#groups; g++) {
      const mask = Uint8Array.from(seeds, (_, i) => (Math.floor(i / this.#groupSize) === g ? 1 : 0))
      await this.#env.reset({ seeds, mask, options: tasks[g]!.options })
    }
  }

  /** Comparing returns inside a group means something only if all its episodes began alike. */
  #assertSharedStart(observation: Float32Array): void {
    const size = observation.length / this.#env.numEnvs
    const { failed } = this.#env.columns
    let first = 0
    for (let i = 0; i < this.#env.numEnvs; i++) {
      // The first row of the group that began at all is what the others are compared with.
      if (i % this.#groupSize === 0) first = i
      if (failed[first]) first = i
      if (failed[i]) continue
      for (let k = 0; k < size; k++) {
        if (Object.is(observation[i * size + k], observation[first * size + k])) continue
        throw new RepriseError(
          'RPR_ENV_CONTRACT',
          `'${this.#env.spec.id}' began differently in rows ${first} and ${i}, which were reset with the same seed (first observation, element ${k}: ${observation[first * size + k]} and ${observation[i * size + k]}).`,
          {
            hint: 'Draw everything random in reset from the generator that the seed seeds; check-env finds such faults.',
          },
        )
      }
    }
  }

  #pack(lengths: Int32Array): { episodes: EpisodeGroups; steps: number } {
    const { columns, numEnvs } = this.#env
    const rows: number[] = []
    let steps = 0
    for (let i = 0; i < numEnvs; i++) {
      steps += lengths[i]!
      if (!columns.failed[i]) rows.push(i)
    }
    if (rows.length === 0) {
      const error = rowErrors(this.#env).find((thrown) => thrown !== undefined)
      throw new RepriseError(
        'RPR_ENV_FAILED',
        `All ${numEnvs} episodes of '${this.#env.spec.id}' in one batch failed${error === undefined ? '' : `; one threw ${describeThrown(error)}`}.`,
        {
          value: error,
          hint: 'Run check-env on it.',
          cause: error,
        },
      )
    }
    const offsets = new Int32Array(rows.length + 1)
    rows.forEach((row, e) => {
      offsets[e + 1] = offsets[e]! + lengths[row]!
    })
    const read = (column: ArrayLike<number>) => rows.map((row) => column[row]!)
    const groupOf = rows.map((row) => Math.floor(row / this.#groupSize))
    const numbering = [...new Set(groupOf)]
    return {
      steps,
      episodes: {
        numEpisodes: rows.length,
        columns: this.#storage.pack(rows, lengths),
        offsets,
        group: Int32Array.from(groupOf, (group) => numbering.indexOf(group)),
        returns: Float64Array.from(read(columns.episodeReturns)),
        outcomes: Float64Array.from(read(columns.outcomes)),
        truncated: Uint8Array.from(rows, (row) => (columns.truncated[row] && !columns.terminated[row] ? 1 : 0)),
        taskIds: Float64Array.from(rows, (row) => {
          const named = columns.taskIds[row]!
          return Number.isNaN(named) ? this.#taskIds[Math.floor(row / this.#groupSize)]! : named
        }),
        failedEpisodes: numEnvs - rows.length,
      },
    }
  }

  statistics(): Serializable {
    return this.#training.statistics()
  }

  /** An iteration begins with fresh episodes: nothing else of an environment outlives it. */
  save(): Serializable {
    return { tasks: this.#tasks.save(), statistics: this.statistics() }
  }

  async load(saved: Serializable): Promise<void> {
    const { tasks, statistics } = saved as { tasks: Serializable; statistics: Serializable }
    this.#tasks.load(tasks)
    this.#training.setStatistics(statistics)
  }

  async close(): Promise<void> {
    await this.#env.close()
  }
}
