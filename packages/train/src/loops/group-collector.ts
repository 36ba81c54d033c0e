/** Plays groups of whole episodes: rows of one environment, each one episode, reset as their task says. */
import type { EpisodeGroups } from '@reprise/algorithms'
import { RepriseError, type VectorEnv } from '@reprise/core'
import { Breather } from './breather.ts'
import { StepColumns } from './episode-packing.ts'
import { describeThrown, rowErrors } from './failures.ts'
import type { LoopContext } from './loop.ts'
import { PolicyInputs } from './policy.ts'
import { resetRows } from './reset-rows.ts'
import { type Task, taskIdOf } from './tasks.ts'

export interface Played {
  readonly episodes: EpisodeGroups
  readonly steps: number
  /** Task of each group in `episodes`, and its number among the tasks that were given. */
  readonly tasks: readonly Task[]
  readonly numbers: readonly number[]
}

/** What plays the groups of a batch. */
export interface EpisodeCollector {
  /**
   * `size` episodes of each task: at most as many in all as there are rows; other rows stand still. `mayFail`: whether it
   * is no error where all of them fail, and none is left.
   * @throws RepriseError RPR_ENV_FAILED
   */
  play(tasks: readonly Task[], size: number, mayFail?: boolean): Promise<Played>
}

/** What a collector needs of its run, and whom it tells of episodes that ended or failed. */
export type CollectorContext = Pick<LoopContext, 'program' | 'executor' | 'policy' | 'environments' | 'timer'> & {
  readonly rng: Pick<LoopContext['rng'], 'actions'>
  readonly episodes: Pick<LoopContext['episodes'], 'add'>
  readonly failures: Pick<LoopContext['failures'], 'note'>
}

export class GroupCollector implements EpisodeCollector {
  readonly #context: CollectorContext
  readonly #env: VectorEnv
  readonly #inputs: PolicyInputs
  readonly #breather = new Breather()
  readonly #storage: StepColumns
  #started = false

  constructor(context: CollectorContext, env: VectorEnv) {
    this.#context = context
    this.#env = env
    this.#inputs = new PolicyInputs(context.program.inputs.act, env.numEnvs)
    this.#storage = new StepColumns(env.numEnvs)
  }

  async play(tasks: readonly Task[], size: number, mayFail = false): Promise<Played> {
    const { environments, policy, executor, rng, timer, episodes, failures } = this.#context
    const env = this.#env
    const { columns } = env
    const used = tasks.length * size
    const inputs = this.#inputs
    const observation = inputs.arrays['observation'] as Float32Array
    // Rows may stay idle, but each must have been reset once.
    if (!this.#started && used < env.numEnvs) await env.reset({ seeds: 0 })
    this.#started = true
    await resetRows(env, used, (row) => tasks[Math.floor(row / size)]!)
    inputs.forget()

    const lengths = new Int32Array(used)
    const finished = new Uint8Array(used)
    let running = used
    for (let i = 0; i < used; i++) {
      if (columns.failed[i]) {
        finished[i] = 1
        running--
        failures.note(rowErrors(env)[i])
      }
    }
    for (let t = 0; running > 0; t++) {
      const began = performance.now()
      policy.encode(columns.observations, observation)
      if (t === 0) this.#assertSharedStart(observation, used, size)
      inputs.readMask(columns.actionMasks)
      inputs.drawNoise(rng.actions)
      let out = executor.act(inputs.arrays)
      if (out instanceof Promise) out = await out
      this.#storage.store('observation', observation, t)
      if (columns.actionMasks) this.#storage.store('mask', inputs.arrays['mask']!, t)
      inputs.remember(out)
      // What was remembered is made anew from the whole episode where it is needed.
      for (const name in out) if (name !== 'memory') this.#storage.store(name, out[name]!, t)
      policy.writeActions(out['action']!, columns.actions)
      const acted = performance.now()
      const stepped = env.step()
      if (stepped instanceof Promise) await stepped
      timer.add('policy', acted - began)
      timer.add('env', performance.now() - acted)
      const turn = this.#breather.turn()
      if (turn) await turn
      for (let i = 0; i < used; i++) {
        if (finished[i]) continue
        lengths[i] = t + 1
        if (columns.terminated[i] || columns.truncated[i] || columns.failed[i]) {
          finished[i] = 1
          running--
          if (columns.failed[i]) failures.note(rowErrors(env)[i])
          else episodes.add(columns.episodeReturns[i]!, columns.episodeLengths[i]!, environments.outcomeOf(env, i))
        }
      }
    }
    return this.#pack(tasks, size, lengths, mayFail)
  }

  /** Comparing returns inside a group means something only if all its episodes began alike. */
  #assertSharedStart(observation: Float32Array, used: number, groupSize: number): void {
    const size = observation.length / this.#env.numEnvs
    const { failed } = this.#env.columns
    let first = 0
    for (let i = 0; i < used; i++) {
      // The first row of the group that began at all is what the others are compared with.
      if (i % groupSize === 0) first = i
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

  #pack(tasks: readonly Task[], size: number, lengths: Int32Array, mayFail: boolean): Played {
    const { columns } = this.#env
    const used = lengths.length
    const rows: number[] = []
    let steps = 0
    for (let i = 0; i < used; i++) {
      steps += lengths[i]!
      if (!columns.failed[i]) rows.push(i)
    }
    if (rows.length === 0 && !mayFail) {
      const error = rowErrors(this.#env).find((thrown) => thrown !== undefined)
      throw allFailed(this.#env.spec.id, used, error)
    }
    const offsets = new Int32Array(rows.length + 1)
    rows.forEach((row, e) => {
      offsets[e + 1] = offsets[e]! + lengths[row]!
    })
    const groupOf = rows.map((row) => Math.floor(row / size))
    const numbers = [...new Set(groupOf)]
    const ids = tasks.map(taskIdOf)
    return {
      steps,
      tasks: numbers.map((number) => tasks[number]!),
      numbers,
      episodes: {
        numEpisodes: rows.length,
        columns: this.#storage.pack(rows, lengths),
        offsets,
        group: Int32Array.from(groupOf, (group) => numbers.indexOf(group)),
        returns: Float64Array.from(rows, (row) => columns.episodeReturns[row]!),
        outcomes: Float64Array.from(rows, (row) => this.#context.environments.outcomeOf(this.#env, row)),
        truncated: Uint8Array.from(rows, (row) => (columns.truncated[row] && !columns.terminated[row] ? 1 : 0)),
        taskIds: Float64Array.from(rows, (row) => {
          const named = columns.taskIds[row]!
          return Number.isNaN(named) ? ids[Math.floor(row / size)]! : named
        }),
        failedEpisodes: used - rows.length,
      },
    }
  }
}

/** `error`: what one of them threw, where that is known. */
export function allFailed(id: string, episodes: number, error: unknown): RepriseError {
  const thrown = error === undefined ? '' : `; one threw ${describeThrown(error)}`
  return new RepriseError('RPR_ENV_FAILED', `All ${episodes} episodes of '${id}' in one batch failed${thrown}.`, {
    value: error,
    hint: 'Run check-env on it.',
    cause: error,
  })
}
