/**
 * SparseGrid-v0: walk from the top left corner of a square to the bottom right one. The goal gives the only reward, 1.
 * Actions up, right, down, left = 0 to 3; a move into a wall or over the edge goes nowhere.
 */
import { box, defineNativeEnv, discrete, option, RepriseError, type Space } from '@reprise/core'
import { movesOf, wallsOf } from './grid.ts'

const SIZE = 8
/** Steps per row of the grid: over eight times the shortest way of the open grid. */
const STEPS_PER_ROW = 16

export const sparseGrid = defineNativeEnv({
  id: 'SparseGrid-v0',
  maxEpisodeSteps: STEPS_PER_ROW * SIZE,
  summary: 'Find the far corner of a grid whose only reward lies there.',
  options: {
    size: option.integer({ default: SIZE, min: 2, max: 256, doc: 'Rows and columns.' }),
    walls: option.choice({
      values: ['none', 'rooms'],
      default: 'none',
      doc: "'rooms': four rooms with a door between neighbours; takes size >= 5.",
    }),
    slip: option.number({ default: 0, min: 0, max: 1, doc: 'Probability that a random move is made instead.' }),
    observation: option.choice({
      values: ['cell', 'position'],
      default: 'cell',
      doc: "'cell': its number, which networks read as one-hot; 'position': row and column in [0, 1].",
    }),
  },
  checkOptions: ({ walls, size }) => {
    if (walls === 'none' || size >= 5) return
    throw new RepriseError('RPR_OPTION_CONFLICT', `walls = rooms does not fit size = ${size}.`, {
      value: size,
      hint: 'Four rooms need size >= 5.',
    })
  },
  limit: ({ size }) => STEPS_PER_ROW * size,
  layout: ({ size, observation }) => ({
    observationSpace: (observation === 'cell' ? discrete(size * size) : box({ low: 0, high: 1, shape: [2] })) as Space<
      number | ArrayLike<number>
    >,
    actionSpace: discrete(4),
    stateSize: 1,
  }),
  create: ({ state, actions, observations, rewards, terminated, random, options }) => {
    const { size, slip } = options
    const walls = wallsOf(options.walls, size)
    const moves = movesOf(walls, size)
    const goal = size * size - 1
    const action = actions[0]!.data as Int32Array
    const { data } = observations[0]!
    const draws = new Float64Array(2)
    const moveOf = (row: number): number => {
      if (slip === 0) return action[row]!
      random[row]!.fillUniform(draws)
      return draws[0]! < slip ? Math.floor(4 * draws[1]!) : action[row]!
    }
    const observe =
      options.observation === 'cell'
        ? (row: number): void => {
            data[row] = state[row]!
          }
        : (row: number): void => {
            data[row * 2] = Math.floor(state[row]! / size) / (size - 1)
            data[row * 2 + 1] = (state[row]! % size) / (size - 1)
          }
    return {
      reset(row) {
        state[row] = 0
        observe(row)
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const cell = moves[state[row]! * 4 + moveOf(row)]!
          state[row] = cell
          observe(row)
          const done = cell === goal ? 1 : 0
          rewards[row] = done
          terminated[row] = done
        }
      },
      outcome: (row) => terminated[row]!,
      render: (row) => {
        const mark = (cell: number) => (cell === state[row] ? 'x' : walls[cell] ? '#' : cell === goal ? 'G' : '.')
        const line = (r: number) => Array.from({ length: size }, (_, c) => mark(r * size + c)).join(' ')
        return `${Array.from({ length: size }, (_, r) => line(r)).join('\n')}\n`
      },
    }
  },
})
