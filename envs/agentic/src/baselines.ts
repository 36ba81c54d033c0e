/** What random moves and the expert score: the two numbers that every result is read between. */
import type { AnyEnvDefinition, EnvOptions, VectorEnv } from '@reprise/core'
import { expertFor } from './experts.ts'

export interface BaselineOptions {
  /** Environment options. */
  readonly options?: EnvOptions
  /** Episodes at least; default 1000. */
  readonly episodes?: number
  /** Row i plays the tasks that follow seed + i. Default 1000. */
  readonly seed?: number
}

/** Means over episodes; `error` is the standard error of the outcome. */
export interface Baseline {
  readonly episodes: number
  readonly outcome: number
  readonly error: number
  readonly return: number
  readonly steps: number
}

const ROWS = 64

/** Plays `player`: uniform over the legal actions, or the expert. The first episodes of each row are counted, equally many. */
export function measureBaseline(
  definition: AnyEnvDefinition,
  player: 'random' | 'expert',
  { options = {}, episodes = 1000, seed = 1000 }: BaselineOptions = {},
): Baseline {
  const vector = definition.makeVector!(ROWS, { options })
  void vector.reset({ seeds: seed })
  vector.singleActionSpace.seed(seed)
  const choose = player === 'random' ? randomPlayer(vector) : expertPlayer(vector, definition, options)
  const { terminated, truncated, outcomes, episodeReturns, episodeLengths } = vector.columns
  // As many from every row: short episodes would be counted too often otherwise.
  const perRow = Math.ceil(episodes / ROWS)
  const counts = new Int32Array(ROWS)
  let sum = 0
  let squares = 0
  let returns = 0
  let steps = 0
  for (let left = perRow * ROWS; left > 0; ) {
    choose()
    void vector.step()
    for (let row = 0; row < ROWS; row++) {
      if ((terminated[row] === 0 && truncated[row] === 0) || counts[row] === perRow) continue
      counts[row]!++
      left--
      sum += outcomes[row]!
      squares += outcomes[row]! ** 2
      returns += episodeReturns[row]!
      steps += episodeLengths[row]!
    }
  }
  const n = perRow * ROWS
  const outcome = sum / n
  const error = Math.sqrt(Math.max(0, squares / n - outcome * outcome) / n)
  return { episodes: n, outcome, error, return: returns / n, steps: steps / n }
}

function randomPlayer({ singleActionSpace: space, columns, maskSize, numEnvs }: VectorEnv): () => void {
  return () => {
    for (let row = 0; row < numEnvs; row++) {
      const mask = columns.actionMasks?.subarray(row * maskSize, (row + 1) * maskSize)
      space.write(space.sample(mask), columns.actions, row)
    }
  }
}

function expertPlayer(vector: VectorEnv, definition: AnyEnvDefinition, options: EnvOptions): () => void {
  const experts = Array.from({ length: vector.numEnvs }, () => expertFor(definition, options))
  return () => {
    const { state } = vector.snapshot() as { state: Float64Array }
    const size = state.length / vector.numEnvs
    for (const [row, expert] of experts.entries())
      vector.columns.actions[0]!.data[row] = expert(state.subarray(row * size, (row + 1) * size))
  }
}
