/** Plays given actions in an environment of its own: demonstrations, and stored episodes that are to be checked. */
import type { HostArray, LearnerProgram } from '@reprise/backend'
import { asAnySpace, type Serializable } from '@reprise/core'
import type { StoredEpisode } from '@reprise/replay'
import type { EnvironmentMaker, TrainingEnv } from '../environments.ts'
import type { Policy } from './policy.ts'
import { type Task, taskIdOf } from './tasks.ts'

export type Demonstration = Omit<StoredEpisode, 'key' | 'iteration' | 'policyVersion'>

export class ActionPlayer {
  readonly #environments: EnvironmentMaker
  readonly #program: LearnerProgram
  readonly #policy: Policy
  #made: TrainingEnv | undefined

  constructor(environments: EnvironmentMaker, program: LearnerProgram, policy: Policy) {
    this.#environments = environments
    this.#program = program
    this.#policy = policy
  }

  /**
   * The episode that an environment's own actions make of a task; undefined where they end before it does, or after.
   * `statistics`: of the normalisers, which do not move.
   * @throws RPR_ENV_ACTION, RPR_SPACE_VALUE for what is no action
   */
  async play(
    task: Task,
    actions: readonly unknown[],
    statistics: Serializable,
  ): Promise<{ task: number; episode: Demonstration } | undefined> {
    const { env, setStatistics } = this.#environment()
    setStatistics(statistics)
    const { columns, singleActionSpace } = env
    const { dtype, shape } = this.#program.inputs.batch['action']!
    const size = shape.reduce((a, b) => a * b, 1)
    const action = dtype === 'int32' ? new Int32Array(actions.length * size) : new Float32Array(actions.length * size)
    const space = asAnySpace(singleActionSpace)
    const start = space.kind === 'Discrete' ? space.start : 0
    const seen: HostArray[] = []
    const masks: Uint8Array[] = []
    const width = this.#program.inputs.act['observation']!.shape[0]!
    const ended = await this.#run(task, actions.length, (t) => {
      const observation = new Float32Array(width)
      this.#policy.encode(columns.observations, observation)
      seen.push(observation)
      if (columns.actionMasks) masks.push(columns.actionMasks.slice())
      singleActionSpace.write(actions[t] as never, columns.actions, 0)
      const { data } = columns.actions[0]!
      for (let k = 0; k < size; k++) action[t * size + k] = Number(data[k]) - start
    })
    if (!ended) return undefined
    const named = columns.taskIds[0]!
    return {
      task: Number.isNaN(named) ? taskIdOf(task) : named,
      episode: {
        columns: {
          observation: joined(seen, Float32Array),
          ...(masks.length > 0 ? { mask: joined(masks, Uint8Array) } : {}),
          action,
        },
        length: actions.length,
        return: columns.episodeReturns[0]!,
        outcome: this.#outcomeNow(),
        ...(columns.truncated[0] && !columns.terminated[0] ? { truncated: true } : {}),
        origin: JSON.stringify(task),
      },
    }
  }

  /** Whether a stored episode plays again to the same end: as long, and with the same outcome or, without one, return. */
  async verify({ origin, columns, length, outcome, return: expected }: StoredEpisode): Promise<boolean> {
    if (!origin) return false
    const { env } = this.#environment()
    const action = columns['action']!
    const size = action.length / length
    const ended = await this.#run(JSON.parse(origin) as Task, length, (t) => {
      this.#policy.writeActions(action.subarray(t * size, (t + 1) * size) as never, env.columns.actions)
    })
    if (!ended) return false
    const now = this.#outcomeNow()
    return Number.isNaN(outcome) ? env.columns.episodeReturns[0] === expected : now === outcome
  }

  #environment(): TrainingEnv {
    this.#made ??= this.#environments.evaluation(1)
    return this.#made
  }

  #outcomeNow(): number {
    return this.#environments.outcomeOf(this.#made!.env, 0)
  }

  /** Steps `length` times. False where the episode then has not ended, or ended before. */
  async #run(task: Task, length: number, write: (t: number) => void): Promise<boolean> {
    const { env } = this.#made!
    const { terminated, truncated } = env.columns
    await env.reset({ seeds: [task.seed], ...(task.options === undefined ? {} : { options: task.options }) })
    for (let t = 0; t < length; t++) {
      if (terminated[0] || truncated[0]) return false
      write(t)
      const stepped = env.step()
      if (stepped instanceof Promise) await stepped
    }
    return terminated[0] === 1 || truncated[0] === 1
  }

  async close(): Promise<void> {
    await this.#made?.env.close()
  }
}

function joined<A extends HostArray>(parts: readonly HostArray[], Type: new (length: number) => A): A {
  const out = new Type(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
