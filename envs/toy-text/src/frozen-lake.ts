/**
 * FrozenLake-v1 and FrozenLake8x8-v1: cross slippery ice without falling into a hole, as in Gymnasium 1.4.
 * Actions left, down, right, up = 0 to 3. On slippery ice a move goes where it should with probability `successRate`, else
 * to either side. Every step draws one number, also where nothing is random. Outcome: 1 at the goal.
 */
import { defineNativeEnv, discrete, option, RepriseError } from '@reprise/core'
import { cumulative, firstAbove } from './categorical.ts'
import { checkMap, generateRandomMap, MAPS } from './frozen-lake-map.ts'
import { GridTable, type Turn } from './grid-table.ts'

type MapName = keyof typeof MAPS | 'random'
interface Mapped {
  readonly desc: readonly string[]
  readonly mapName: MapName
  readonly mapSize: number
  readonly mapFrozen: number
  readonly mapSeed: number
}

const notRandom = ({ desc, mapName }: Mapped) =>
  desc.length > 0 || mapName !== 'random' ? "no map is generated: that takes mapName = 'random' and no desc" : undefined

function options(mapName: MapName) {
  return {
    mapName: option.choice({
      values: ['4x4', '8x8', 'random'],
      default: mapName,
      doc: "A fixed map, or 'random': generated from mapSize, mapFrozen and mapSeed.",
      aliases: ['map_name'],
      inert: ({ desc }: Mapped) => (desc.length > 0 ? 'desc gives the map' : undefined),
    }),
    desc: option.names({ default: [], doc: 'The map itself, e.g. SFFF,FHFH,FFFH,HFFG. Empty: see mapName.' }),
    mapSize: option.integer({
      default: 8,
      min: 2,
      max: 128,
      doc: 'Rows and columns of a generated map.',
      inert: notRandom,
    }),
    mapFrozen: option.number({
      default: 0.8,
      min: 0,
      above: true,
      max: 1,
      doc: 'Probability that a tile of a generated map is frozen.',
      inert: notRandom,
    }),
    mapSeed: option.integer({ default: 0, min: 0, doc: 'Seed of the generated map.', inert: notRandom }),
    isSlippery: option.boolean({
      default: true,
      doc: 'Whether moves can go to the side.',
      aliases: ['is_slippery'],
    }),
    successRate: option.number({
      default: 1 / 3,
      min: 0,
      max: 1,
      doc: 'Probability that a move on slippery ice goes where it should.',
      aliases: ['success_rate'],
      inert: ({ isSlippery }: { isSlippery: boolean }) => (isSlippery ? undefined : 'isSlippery is false'),
    }),
    rewardSchedule: option.numbers({
      default: [1, 0, 0],
      doc: 'Rewards for reaching the goal, a hole, and any other tile.',
      aliases: ['reward_schedule'],
    }),
  }
}

function mapOf({ desc, mapName, mapSize, mapFrozen, mapSeed }: Mapped): readonly string[] {
  if (desc.length > 0) return desc
  return mapName === 'random' ? generateRandomMap(mapSize, mapFrozen, mapSeed) : MAPS[mapName]
}

const ROW_STEP = [0, 1, 0, -1]
const COLUMN_STEP = [-1, 0, 1, 0]
const ACTION_NAMES = ['Left', 'Down', 'Right', 'Up']

function defineLake(id: string, mapName: MapName, maxEpisodeSteps: number, rewardThreshold: number) {
  return defineNativeEnv({
    id,
    maxEpisodeSteps,
    rewardThreshold,
    summary: 'Cross a slippery frozen lake to the goal without falling into a hole.',
    options: options(mapName),
    checkOptions: ({ desc, rewardSchedule }) => {
      if (desc.length > 0) checkMap(desc)
      if (rewardSchedule.length === 3) return
      throw new RepriseError('RPR_OPTION_RANGE', `Option 'rewardSchedule' = [${rewardSchedule}] is not legal.`, {
        value: rewardSchedule,
        hint: 'It takes three numbers: goal, hole, other tile.',
      })
    },
    layout: (values) => {
      const map = mapOf(values)
      return {
        observationSpace: discrete(map.length * map[0]!.length),
        actionSpace: discrete(4),
        // Tile, and the last action + 1 for render.
        stateSize: 2,
      }
    },
    create: ({ state, actions, observations, rewards, terminated, random, options: values }) => {
      const map = mapOf(values)
      const columns = map[0]!.length
      const tiles = map.join('')
      const { isSlippery, successRate, rewardSchedule } = values
      const turn = (from: number, direction: number): Turn => {
        const row = Math.min(map.length - 1, Math.max(0, Math.floor(from / columns) + ROW_STEP[direction]!))
        const column = Math.min(columns - 1, Math.max(0, (from % columns) + COLUMN_STEP[direction]!))
        const next = row * columns + column
        const kind = 'GH'.indexOf(tiles[next]!)
        return { next, reward: rewardSchedule[kind < 0 ? 2 : kind]!, terminated: kind >= 0 }
      }
      const turns = (from: number, direction: number): Turn[] => {
        if ('GH'.includes(tiles[from]!)) return [{ next: from, reward: 0, terminated: true }]
        if (!isSlippery) return [turn(from, direction)]
        return [3, 0, 1].map((side) => turn(from, (direction + side) % 4))
      }
      const failRate = (1 - successRate) / 2
      const table = new GridTable(tiles.length, 4, turns, [failRate, successRate, failRate])
      const starts = [...tiles].filter((tile) => tile === 'S').length
      const startSums = cumulative([...tiles].map((tile) => (tile === 'S' ? 1 / starts : 0)))
      const action = actions[0]!.data as Int32Array
      const observation = observations[0]!.data as Int32Array
      const draw = new Float64Array(1)
      return {
        reset(row) {
          random[row]!.fillUniform(draw)
          const tile = firstAbove(startSums, draw)
          state[row * 2] = tile
          state[row * 2 + 1] = 0
          observation[row] = tile
        },
        step(begin, end) {
          for (let row = begin; row < end; row++) {
            random[row]!.fillUniform(draw)
            const entry = table.entry(state[row * 2]!, action[row]!, draw)
            const tile = table.next[entry]!
            state[row * 2] = tile
            state[row * 2 + 1] = action[row]! + 1
            observation[row] = tile
            rewards[row] = table.reward[entry]!
            terminated[row] = table.terminated[entry]!
          }
        },
        outcome: (row) => (tiles[state[row * 2]!] === 'G' ? 1 : 0),
        render: (row) => {
          const at = state[row * 2]!
          const last = state[row * 2 + 1]!
          const lines = map.map((line, r) =>
            [...line].map((tile, c) => (r * columns + c === at ? `[${tile}]` : ` ${tile} `)).join(''),
          )
          return `${last > 0 ? `  (${ACTION_NAMES[last - 1]})` : ''}\n${lines.join('\n')}\n`
        },
      }
    },
  })
}

export const frozenLake = defineLake('FrozenLake-v1', '4x4', 100, 0.7)
export const frozenLake8x8 = defineLake('FrozenLake8x8-v1', '8x8', 200, 0.85)
