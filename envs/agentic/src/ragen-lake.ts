/**
 * RagenFrozenLake-v0: FrozenLake as the RAGEN suite plays it: a fresh map for every task, start and goal anywhere, few
 * moves. Actions left, down, right, up = 0 to 3 (RAGEN's 1 to 4); on slippery ice a move goes where it should or to either
 * side, a third each. Reward 1 at the goal, else 0; goal and holes end the episode. The observation is the grid, one of
 * six glyphs per cell. Compare with the optimum (50 % over 10 slippery moves) and random moves (22 %), not with 100 %.
 */
import { defineNativeEnv, discrete, multiDiscrete, option } from '@reprise/core'
import { FROZEN, GOAL, LakeMaker, lakeMoves, lakeValues } from './lake-map.ts'
import { TaskSeeds, taskOption } from './task-seeds.ts'

const ID = 'RagenFrozenLake-v0'
const STEPS = 10
/** Task, steps done, player; then the tiles. */
const HEAD = 3
/** frozen, hole, goal, player, player in a hole, player on the goal */
const GLYPHS = ['_', 'O', 'G', 'P', 'X', '√']
const PLAYER = 3

export interface LakeOptions {
  readonly size: number
  readonly slippery: boolean
  readonly steps: number
}

export const ragenFrozenLake = defineNativeEnv({
  id: ID,
  maxEpisodeSteps: STEPS,
  summary: 'Cross a frozen lake with a map of its own for every task, in few moves.',
  options: {
    size: option.integer({ default: 4, min: 2, max: 16, doc: 'Rows and columns.' }),
    frozen: option.number({ default: 0.8, min: 0.5, max: 1, doc: 'Probability that a cell is frozen.' }),
    slippery: option.boolean({ default: true, doc: 'Whether moves can go to the side.' }),
    steps: option.integer({ default: STEPS, min: 1, max: 10_000, doc: 'Moves of an episode.' }),
  },
  resetOptions: taskOption,
  limit: ({ steps }) => steps,
  layout: ({ size }) => ({
    observationSpace: multiDiscrete(new Array<number>(size * size).fill(GLYPHS.length)),
    actionSpace: discrete(4),
    stateSize: HEAD + size * size,
  }),
  create: ({ state, actions, observations, rewards, terminated, random, options }) => {
    const { size, frozen, slippery } = options
    const cells = size * size
    const stride = HEAD + cells
    const seeds = new TaskSeeds(`${ID} ${JSON.stringify(options)}`, state, stride)
    const maker = new LakeMaker(size, frozen)
    const moves = lakeMoves(size)
    const action = actions[0]!.data as Int32Array
    const observation = observations[0]!.data as Int32Array
    const draw = new Float64Array(1)
    const observe = (row: number): void => {
      const at = row * stride
      for (let i = 0; i < cells; i++) observation[row * cells + i] = state[at + HEAD + i]!
      observation[row * cells + state[at + 2]!]! += PLAYER
    }
    return {
      reset(row, { task }) {
        const at = row * stride
        seeds.choose(row, random[row]!, task)
        state[at + 1] = 0
        state[at + 2] = maker.make(seeds.random, state, at + HEAD)
        observe(row)
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const at = row * stride
          let direction = action[row]!
          if (slippery) {
            random[row]!.fillUniform(draw)
            direction = (direction + 3 + Math.floor(3 * draw[0]!)) & 3
          }
          const cell = moves[state[at + 2]! * 4 + direction]!
          const tile = state[at + HEAD + cell]!
          state[at + 1]! += 1
          state[at + 2] = cell
          rewards[row] = tile === GOAL ? 1 : 0
          terminated[row] = tile === FROZEN ? 0 : 1
          observe(row)
        }
      },
      outcome: (row) => rewards[row]!,
      taskId: (row) => seeds.id(row),
      render: (row) => {
        const at = row * stride
        const glyph = (cell: number) => GLYPHS[state[at + HEAD + cell]! + (state[at + 2] === cell ? PLAYER : 0)]!
        const line = (r: number) => Array.from({ length: size }, (_, c) => glyph(r * size + c)).join('')
        return `${Array.from({ length: size }, (_, r) => line(r)).join('\n')}\n`
      },
    }
  },
})

/** The best action by dynamic programming over the steps that are left. */
export function ragenFrozenLakeExpert({ size, slippery, steps }: LakeOptions): (state: Float64Array) => number {
  const cells = size * size
  let key = ''
  let actions = new Uint8Array(0)
  return (state) => {
    const tiles = state.slice(HEAD, HEAD + cells)
    const map = tiles.join('')
    if (map !== key) {
      key = map
      actions = lakeValues(tiles, steps, slippery).action as Uint8Array<ArrayBuffer>
    }
    return actions[(steps - state[1]!) * cells + state[2]!]!
  }
}
