/**
 * CueRecall-v0: a cue is shown once, nothing is shown for `delay` steps, then the cue is asked for; the right answer gives 1.
 * Observations of the question are all alike, so that a policy without memory is right once in `cues` episodes: the T-maze
 * (Bakker 2001) and the memory chain of bsuite (Osband et al. 2020), cut down to what must be remembered.
 */
import { defineNativeEnv, discrete, option } from '@reprise/core'

const CUES = 4
const DELAY = 4
const NOTHING = 0

export const cueRecall = defineNativeEnv({
  id: 'CueRecall-v0',
  maxEpisodeSteps: DELAY + 2,
  summary: 'Name the cue that was shown at the start: only a policy with memory can.',
  options: {
    cues: option.integer({ default: CUES, min: 2, max: 1000, doc: 'Cues, one of which is shown.' }),
    delay: option.integer({ default: DELAY, min: 0, max: 10_000, doc: 'Steps between cue and question.' }),
  },
  limit: ({ delay }) => delay + 2,
  // Seen: 0 nothing, 1 to `cues` a cue, `cues` + 1 the question.
  layout: ({ cues }) => ({ observationSpace: discrete(cues + 2), actionSpace: discrete(cues), stateSize: 2 }),
  create: ({ state, random, actions, observations, rewards, terminated, options: { cues, delay } }) => {
    const action = actions[0]!.data as Int32Array
    const observation = observations[0]!.data as Int32Array
    return {
      // State: the cue, and steps made.
      reset(row) {
        const cue = random[row]!.integers(cues)
        state[row * 2] = cue
        state[row * 2 + 1] = 0
        observation[row] = cue + 1
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const step = state[row * 2 + 1]! + 1
          state[row * 2 + 1] = step
          const asked = step > delay + 1
          rewards[row] = asked && action[row] === state[row * 2] ? 1 : 0
          terminated[row] = asked ? 1 : 0
          observation[row] = step > delay ? cues + 1 : NOTHING
        }
      },
      outcome: (row) => rewards[row]!,
      render(row) {
        const step = state[row * 2 + 1]!
        return `${step === 0 ? `cue ${state[row * 2]}` : step > delay ? '?' : '...'}\n`
      },
    }
  },
})
