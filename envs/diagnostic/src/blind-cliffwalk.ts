/**
 * BlindCliffwalk-v0: n states in a row with one right action each; the wrong one ends the episode with nothing, the right
 * one leads on, and out of the last state it gives 1 (Schaul et al. 2016, section 3.1). Random play succeeds once in 2^n
 * episodes. Action s mod 2 is right in state s, so that no constant policy succeeds.
 */
import { defineNativeEnv, discrete, option } from '@reprise/core'

const LENGTH = 8

export const blindCliffwalk = defineNativeEnv({
  id: 'BlindCliffwalk-v0',
  maxEpisodeSteps: LENGTH,
  summary: 'Guess the one right action in each of n states; a wrong one ends the episode.',
  options: {
    length: option.integer({ default: LENGTH, min: 2, max: 10_000, doc: 'States in the row.', aliases: ['n'] }),
  },
  limit: ({ length }) => length,
  layout: ({ length }) => ({ observationSpace: discrete(length), actionSpace: discrete(2), stateSize: 2 }),
  create: ({ state, actions, observations, rewards, terminated, options: { length } }) => {
    const action = actions[0]!.data as Int32Array
    const observation = observations[0]!.data as Int32Array
    return {
      // State: place, and whether the cliff was walked off.
      reset(row) {
        state[row * 2] = 0
        state[row * 2 + 1] = 0
        observation[row] = 0
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const at = state[row * 2]!
          const right = action[row] === (at & 1)
          const last = at === length - 1
          rewards[row] = right && last ? 1 : 0
          terminated[row] = !right || last ? 1 : 0
          const next = right && !last ? at + 1 : at
          state[row * 2] = next
          if (!right) state[row * 2 + 1] = 1
          observation[row] = next
        }
      },
      outcome: (row) => rewards[row]!,
      render: (row) => {
        const at = state[row * 2]!
        return `${'_'.repeat(at)}${state[row * 2 + 1] === 1 ? '*' : 'x'}${'_'.repeat(length - 1 - at)}\n`
      },
    }
  },
})
