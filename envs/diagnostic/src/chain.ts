/**
 * Chain-v0: a corridor of states, walked left (0) or right (1) from its left end; reaching the right end gives the only
 * reward, 1, and ends the episode. The NChain of replay-order studies (Hong et al. 2022, topological experience replay):
 * value has to travel back one state per update, so the order of updates is all that counts.
 */
import { defineNativeEnv, discrete, option } from '@reprise/core'

const LENGTH = 20
const STEPS_PER_STATE = 10

export const chain = defineNativeEnv({
  id: 'Chain-v0',
  maxEpisodeSteps: STEPS_PER_STATE * LENGTH,
  summary: 'Walk a corridor to its far end, the only reward.',
  options: { length: option.integer({ default: LENGTH, min: 2, max: 100_000, doc: 'States, both ends included.' }) },
  limit: ({ length }) => STEPS_PER_STATE * length,
  layout: ({ length }) => ({ observationSpace: discrete(length), actionSpace: discrete(2), stateSize: 1 }),
  create: ({ state, actions, observations, rewards, terminated, options: { length } }) => {
    const action = actions[0]!.data as Int32Array
    const observation = observations[0]!.data as Int32Array
    return {
      reset(row) {
        state[row] = 0
        observation[row] = 0
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const at = Math.max(0, state[row]! + 2 * action[row]! - 1)
          state[row] = at
          observation[row] = at
          const done = at === length - 1 ? 1 : 0
          rewards[row] = done
          terminated[row] = done
        }
      },
      outcome: (row) => terminated[row]!,
      render: (row) => `${'.'.repeat(state[row]!)}x${'.'.repeat(length - 1 - state[row]!)}\n`,
    }
  },
})
