/**
 * Sokoban-v0 and Sokoban8x8-v0: push boxes onto targets, by the rules of gym-sokoban. Actions up, down, left, right = 0 to
 * 3 (RAGEN's 1 to 4); walking into a box pushes it where the cell behind is free, any other obstacle stops the step. -0.1
 * per step, +1 for a box that gets onto a target, -1 for one that leaves, +10 when all are on, which ends the episode. Every
 * level has a solution within the step limit.
 */
import { defineNativeEnv, discrete, multiDiscrete, option, RepriseError } from '@reprise/core'
import { BOX, BOX_ON_TARGET, FLOOR, PLAYER, PLAYER_ON_TARGET, SokobanMaker, TARGET, WALL } from './sokoban-maker.ts'
import { SokobanSolver } from './sokoban-solver.ts'
import { TaskSeeds, taskOption } from './task-seeds.ts'

/** Task, steps of the shortest solution, player; then the cells. */
const HEAD = 3
const GLYPHS = '#_O√XPS'
/** States of the largest search: a few milliseconds per level. */
const MOST_STATES = 2 ** 21

export interface SokobanOptions {
  readonly size: number
  readonly boxes: number
}

interface Defaults {
  readonly id: string
  readonly size: number
  readonly boxes: number
  readonly steps: number
  readonly minMoves: number
}

function defineSokoban({
  id,
  size: defaultSize,
  boxes: defaultBoxes,
  steps: defaultSteps,
  minMoves: defaultLeast,
}: Defaults) {
  return defineNativeEnv({
    id,
    maxEpisodeSteps: defaultSteps,
    summary: 'Push every box onto a target, in a room of its own for every task.',
    options: {
      size: option.integer({ default: defaultSize, min: 5, max: 10, doc: 'Rows and columns, border included.' }),
      boxes: option.integer({ default: defaultBoxes, min: 1, max: 3, doc: 'Boxes and targets.' }),
      steps: option.integer({ default: defaultSteps, min: 1, max: 10_000, doc: 'Steps of an episode.' }),
      minMoves: option.integer({
        default: defaultLeast,
        min: 1,
        max: 1000,
        doc: 'Least steps of the shortest solution.',
      }),
      maxMoves: option.optionalInteger({
        default: null,
        min: 1,
        max: 1000,
        doc: 'Most steps of the shortest solution. none: as many as an episode has.',
      }),
    },
    checkOptions: ({ size, boxes, steps, minMoves, maxMoves }) => {
      if ((size - 2) ** (2 * (boxes + 1)) > MOST_STATES) {
        throw new RepriseError('RPR_OPTION_CONFLICT', `boxes = ${boxes} does not fit size = ${size}.`, {
          value: boxes,
          hint: 'Three boxes take size <= 8, so that every level can be searched whole.',
        })
      }
      const most = maxMoves ?? steps
      if (minMoves > most || most > steps) {
        throw new RepriseError('RPR_OPTION_CONFLICT', `minMoves = ${minMoves} and maxMoves = ${most} do not fit.`, {
          value: [minMoves, most],
          hint: `It takes minMoves <= maxMoves <= steps = ${steps}: every level can be solved in an episode.`,
        })
      }
    },
    resetOptions: taskOption,
    limit: ({ steps }) => steps,
    layout: ({ size }) => ({
      observationSpace: multiDiscrete(new Array<number>(size * size).fill(GLYPHS.length)),
      actionSpace: discrete(4),
      stateSize: HEAD + size * size,
    }),
    create: ({ state, actions, observations, rewards, terminated, random, options }) => {
      const { size, boxes, steps, minMoves, maxMoves } = options
      const cells = size * size
      const stride = HEAD + cells
      const seeds = new TaskSeeds(`${id} ${JSON.stringify(options)}`, state, stride)
      const maker = new SokobanMaker({ size, boxes, minMoves, maxMoves: maxMoves ?? steps })
      const action = actions[0]!.data as Int32Array
      const observation = observations[0]!.data as Int32Array
      const offsets = [-size, size, -1, 1]
      const observe = (row: number): void => {
        for (let i = 0; i < cells; i++) observation[row * cells + i] = state[row * stride + HEAD + i]!
      }
      return {
        reset(row, { task }) {
          const at = row * stride
          seeds.choose(row, random[row]!, task)
          maker.make(seeds.random, state, at + HEAD)
          state[at + 1] = maker.moves
          state[at + 2] = maker.player
          observe(row)
        },
        step(begin, end) {
          for (let row = begin; row < end; row++) {
            const base = row * stride + HEAD
            const offset = offsets[action[row]!]!
            const player = base + state[base - 1]!
            const ahead = player + offset
            let reward = -0.1
            let solved = 0
            let free = state[ahead]! === FLOOR || state[ahead]! === TARGET
            const box = state[ahead]!
            if (box === BOX || box === BOX_ON_TARGET) {
              const beyond = state[ahead + offset]!
              if (beyond === FLOOR || beyond === TARGET) {
                state[ahead + offset] = beyond === TARGET ? BOX_ON_TARGET : BOX
                state[ahead] = box === BOX_ON_TARGET ? TARGET : FLOOR
                if (beyond === TARGET) reward += 1
                if (box === BOX_ON_TARGET) reward -= 1
                free = true
                solved = 1
                for (let i = base; i < base + cells; i++) if (state[i] === BOX) solved = 0
                if (solved === 1) reward += 10
              }
            }
            if (free) {
              state[player] = state[player] === PLAYER_ON_TARGET ? TARGET : FLOOR
              state[ahead] = state[ahead] === TARGET ? PLAYER_ON_TARGET : PLAYER
              state[base - 1] = ahead - base
            }
            rewards[row] = reward
            terminated[row] = solved
            observe(row)
          }
        },
        outcome: (row) => terminated[row]!,
        taskId: (row) => seeds.id(row),
        render: (row) => {
          const at = row * stride + HEAD
          const line = (r: number) =>
            Array.from({ length: size }, (_, c) => GLYPHS[state[at + r * size + c]!]!).join('')
          return `${Array.from({ length: size }, (_, r) => line(r)).join('\n')}\n`
        },
      }
    },
  })
}

/** RAGEN's SimpleSokoban: one box, ten moves. */
export const sokoban = defineSokoban({ id: 'Sokoban-v0', size: 6, boxes: 1, steps: 10, minMoves: 3 })
export const sokoban8x8 = defineSokoban({ id: 'Sokoban8x8-v0', size: 8, boxes: 2, steps: 40, minMoves: 8 })

/** A shortest solution. The number of steps that it needed from the start is the second element of the state. */
export function sokobanExpert({ size, boxes }: SokobanOptions): (state: Float64Array) => number {
  const solver = new SokobanSolver(size, boxes)
  const width = size - 2
  const places = new Int32Array(boxes)
  let known = ''
  return (state) => {
    const cells = state.subarray(HEAD, HEAD + size * size)
    const codes = Array.from({ length: width * width }, (_, i) => {
      return cells[(Math.floor(i / width) + 1) * size + (i % width) + 1]!
    })
    const isTarget = (code: number) => code === TARGET || code === BOX_ON_TARGET || code === PLAYER_ON_TARGET
    const room = codes.map((code) => (code === WALL ? '#' : isTarget(code) ? 'O' : '_')).join('')
    if (room !== known) {
      known = room
      solver.floor.set(codes.map((code) => (code === WALL ? 0 : 1)))
      solver.targets.set(codes.flatMap((code, i) => (isTarget(code) ? [i] : [])))
      solver.solve(32_000)
    }
    places.set(codes.flatMap((code, i) => (code === BOX || code === BOX_ON_TARGET ? [i] : [])))
    const player = codes.findIndex((code) => code === PLAYER || code === PLAYER_ON_TARGET)
    return Math.max(0, solver.action(player, places))
  }
}
