/**
 * CliffWalking-v1 and CliffWalkingSlippery-v1: walk along a cliff (Sutton and Barto, example 6.6), as in Gymnasium 1.4.
 * 4 x 12 tiles, actions up, right, down, left = 0 to 3. Reward -1 per step; stepping off the cliff costs 100 and leads
 * back to the start without ending the episode. There is no time limit. Every reset and step draws one number.
 */
import { defineNativeEnv, discrete, option } from '@reprise/core'
import { GridTable, type Turn } from './grid-table.ts'

const ROWS = 4
const COLUMNS = 12
const START = 36
const GOAL = 47
const ROW_STEP = [-1, 0, 1, 0]
const COLUMN_STEP = [0, 1, 0, -1]

function turn(from: number, direction: number): Turn {
  const row = Math.min(ROWS - 1, Math.max(0, Math.floor(from / COLUMNS) + ROW_STEP[direction]!))
  const column = Math.min(COLUMNS - 1, Math.max(0, (from % COLUMNS) + COLUMN_STEP[direction]!))
  const next = row * COLUMNS + column
  if (next > START && next < GOAL) return { next: START, reward: -100, terminated: false }
  return { next, reward: -1, terminated: next === GOAL }
}

function defineCliff(id: string, slippery: boolean) {
  return defineNativeEnv({
    id,
    summary: slippery
      ? 'Walk along a cliff to the goal on slippery ground; no time limit.'
      : 'Walk along a cliff to the goal; no time limit.',
    options: {
      isSlippery: option.boolean({
        default: slippery,
        doc: 'Whether a move goes to either side with probability 1/3 each.',
        aliases: ['is_slippery'],
      }),
    },
    layout: () => ({ observationSpace: discrete(ROWS * COLUMNS), actionSpace: discrete(4), stateSize: 1 }),
    create: ({ state, actions, observations, rewards, terminated, random, options }) => {
      const sides = options.isSlippery ? [3, 0, 1] : [0]
      const turns = (from: number, direction: number) => sides.map((side) => turn(from, (direction + side) % 4))
      const table = new GridTable(ROWS * COLUMNS, 4, turns, [1 / 3, 1 / 3, 1 / 3])
      const action = actions[0]!.data as Int32Array
      const observation = observations[0]!.data as Int32Array
      const draw = new Float64Array(1)
      return {
        reset(row) {
          // Gymnasium draws the start from a distribution that has one tile.
          random[row]!.fillUniform(draw)
          state[row] = START
          observation[row] = START
        },
        step(begin, end) {
          for (let row = begin; row < end; row++) {
            random[row]!.fillUniform(draw)
            const entry = table.entry(state[row]!, action[row]!, draw)
            const tile = table.next[entry]!
            state[row] = tile
            observation[row] = tile
            rewards[row] = table.reward[entry]!
            terminated[row] = table.terminated[entry]!
          }
        },
        outcome: (row) => terminated[row]!,
        render: (row) => drawCliff(state[row]!),
      }
    },
  })
}

function drawCliff(at: number): string {
  const mark = (tile: number) => (tile === at ? 'x' : tile === GOAL ? 'T' : tile > START && tile < GOAL ? 'C' : 'o')
  const lines = Array.from({ length: ROWS }, (_, r) =>
    Array.from({ length: COLUMNS }, (_, c) => mark(r * COLUMNS + c)).join('  '),
  )
  return `${lines.join('\n')}\n`
}

export const cliffWalking = defineCliff('CliffWalking-v1', false)
export const cliffWalkingSlippery = defineCliff('CliffWalkingSlippery-v1', true)
