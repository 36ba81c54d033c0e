/**
 * Taxi-v4: fetch a passenger and bring him to his destination (Dietterich 2000), as in Gymnasium 1.4.
 * Actions south, north, east, west, pick up, drop off = 0 to 5. Observation ((row 5 + column) 5 + passenger) 4 +
 * destination, passenger 4 meaning in the taxi. -1 per step, +20 for the delivery, -10 for a pick-up or drop-off that is
 * out of place; dropping off at another landmark is legal. The mask marks actions that can change the state.
 */
import { defineNativeEnv, discrete, option } from '@reprise/core'
import { cumulative, firstAbove } from './categorical.ts'
import { GridTable, type Turn } from './grid-table.ts'
import { ACTION_NAMES, drawTaxi, eastOpen, LANDMARKS, place, westOpen } from './taxi-town.ts'

const STATES = 500
const ACTIONS = 6
const IN_TAXI = 4

/** Where a move leads; the square itself where a wall or the border is in the way. */
function move(square: number, action: number): number {
  const row = Math.floor(square / 5)
  const column = square % 5
  if (action === 0) return row < 4 ? square + 5 : square
  if (action === 1) return row > 0 ? square - 5 : square
  if (action === 2) return eastOpen(row, column) ? square + 1 : square
  return westOpen(row, column) ? square - 1 : square
}

// The actions to the left and right of each heading.
const LEFT_OF = [2, 3, 1, 0]
const RIGHT_OF = [3, 2, 0, 1]

function turns(state: number, action: number, rainy: boolean): Turn[] {
  const destination = state % 4
  const passenger = Math.floor(state / 4) % 5
  const square = Math.floor(state / 20)
  const to = (nextSquare: number, nextPassenger = passenger, reward = -1, terminated = false): Turn => ({
    next: (nextSquare * 5 + nextPassenger) * 4 + destination,
    reward,
    terminated,
  })
  if (action < 4) {
    const ahead = move(square, action)
    if (!rainy) return [to(ahead)]
    // Where the way ahead is shut, the taxi does not drift either.
    if (ahead === square) return [to(square), to(square), to(square)]
    return [to(ahead), to(move(square, LEFT_OF[action]!)), to(move(square, RIGHT_OF[action]!))]
  }
  const landmark = LANDMARKS.indexOf(square)
  if (action === 4) {
    return passenger < IN_TAXI && landmark === passenger ? [to(square, IN_TAXI)] : [to(square, passenger, -10)]
  }
  if (passenger !== IN_TAXI || landmark < 0) return [to(square, passenger, -10)]
  return landmark === destination ? [to(square, destination, 20, true)] : [to(square, landmark)]
}

/** [500, 6] */
function masks(): Uint8Array {
  const out = new Uint8Array(STATES * ACTIONS)
  for (let state = 0; state < STATES; state++) {
    const passenger = Math.floor(state / 4) % 5
    const square = Math.floor(state / 20)
    const landmark = LANDMARKS.indexOf(square)
    for (let action = 0; action < 4; action++) out[state * ACTIONS + action] = move(square, action) === square ? 0 : 1
    out[state * ACTIONS + 4] = passenger < IN_TAXI && landmark === passenger ? 1 : 0
    out[state * ACTIONS + 5] = passenger === IN_TAXI && landmark >= 0 ? 1 : 0
  }
  return out
}

const startSums = cumulative(
  Array.from({ length: STATES }, (_, state) => {
    const passenger = Math.floor(state / 4) % 5
    return passenger < IN_TAXI && passenger !== state % 4 ? 1 / 300 : 0
  }),
)

export const taxi = defineNativeEnv({
  id: 'Taxi-v4',
  maxEpisodeSteps: 200,
  rewardThreshold: 8,
  actionMasks: true,
  summary: 'Fetch a passenger and bring him to his destination in a small town with walls.',
  options: {
    isRainy: option.boolean({
      default: false,
      doc: 'Whether moves can drift to the side.',
      aliases: ['is_rainy'],
    }),
    rainyProbability: option.number({
      default: 0.8,
      min: 0,
      max: 1,
      doc: 'Probability that a move in the rain goes where it should.',
      aliases: ['rainy_probability'],
      inert: ({ isRainy }: { isRainy: boolean }) => (isRainy ? undefined : 'isRainy is false'),
    }),
    ficklePassenger: option.boolean({
      default: false,
      doc: 'Whether the passenger may change his mind once, at the first move after the first pick-up.',
      aliases: ['fickle_passenger'],
    }),
    fickleProbability: option.number({
      default: 0.3,
      min: 0,
      max: 1,
      doc: 'Probability that the passenger of an episode changes his mind.',
      aliases: ['fickle_probability'],
      inert: ({ ficklePassenger }: { ficklePassenger: boolean }) =>
        ficklePassenger ? undefined : 'ficklePassenger is false',
    }),
  },
  // State number, whether the passenger will still change his mind, and the last action + 1 for render.
  layout: () => ({
    observationSpace: discrete(STATES),
    actionSpace: discrete(ACTIONS),
    stateSize: 3,
  }),
  create: ({ state, actions, actionMasks, observations, rewards, terminated, random, options }) => {
    const { isRainy, rainyProbability, ficklePassenger, fickleProbability } = options
    const drift = (1 - rainyProbability) / 2
    const table = new GridTable(STATES, ACTIONS, (s, a) => turns(s, a, isRainy), [rainyProbability, drift, drift])
    const maskTable = masks()
    const action = actions[0]!.data as Int32Array
    const observation = observations[0]!.data as Int32Array
    const draw = new Float64Array(1)

    const show = (row: number, s: number) => {
      state[row * 3] = s
      observation[row] = s
      for (let i = 0; i < ACTIONS; i++) actionMasks[row * ACTIONS + i] = maskTable[s * ACTIONS + i]!
    }
    return {
      reset(row) {
        const generator = random[row]!
        generator.fillUniform(draw)
        const start = firstAbove(startSums, draw)
        if (ficklePassenger) generator.fillUniform(draw)
        state[row * 3 + 1] = ficklePassenger && draw[0]! < fickleProbability ? 1 : 0
        state[row * 3 + 2] = 0
        show(row, start)
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const before = state[row * 3]!
          random[row]!.fillUniform(draw)
          const entry = table.entry(before, action[row]!, draw)
          let after = table.next[entry]!
          // A fickle passenger in the taxi names another destination when the taxi first moves.
          const rides = Math.floor(before / 4) % 5 === IN_TAXI
          if (state[row * 3 + 1] === 1 && rides && Math.floor(after / 20) !== Math.floor(before / 20)) {
            const pick = random[row]!.integers(3)
            state[row * 3 + 1] = 0
            after += (pick < before % 4 ? pick : pick + 1) - (after % 4)
          }
          state[row * 3 + 2] = action[row]! + 1
          show(row, after)
          rewards[row] = table.reward[entry]!
          terminated[row] = table.terminated[entry]!
        }
      },
      outcome: (row) => terminated[row]!,
      render: (row) => {
        const s = state[row * 3]!
        const last = state[row * 3 + 2]!
        const name = last > 0 ? `  (${ACTION_NAMES[last - 1]})` : ''
        return `${drawTaxi(place(s))}${name}\n`
      },
    }
  },
})
