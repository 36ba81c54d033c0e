/** The environment that `new-env` writes: the same text is TypeScript and JavaScript, its types follow from the spaces. */

export function envTemplate(id: string, file: string, command: string): string {
  return `// A small environment: walk along a line to the target, which lies elsewhere in every episode.
// Test it:   ${command} check-env ${file}
// Train it:  ${command} train --algo ppo --env ./${file} --steps 20000
import { box, defineEnv, discrete, option } from '@reprise/core'

export default defineEnv({
  id: '${id}',
  summary: 'Walk along a line to the target',
  // An episode that takes longer is cut off (truncated). The task itself ends where \`step\` says terminated.
  maxEpisodeSteps: 50,
  // Set with --env-set size=20. Every option has a default, a legal range and a line of help.
  options: { size: option.integer({ default: 10, min: 2, max: 1000, doc: 'Cells of the line' }) },
  // What the policy sees: where it stands and where the target is, both scaled to [0, 1].
  observationSpace: box({ low: 0, high: 1, shape: [2] }),
  // What it can do: 0 left, 1 stay, 2 right.
  actionSpace: discrete(3),

  // The first state of an episode: plain data. Draw all that is random from \`rng\`: equal seeds give equal episodes.
  reset({ rng, options }) {
    return { position: rng.integers(options.size), target: rng.integers(options.size) }
  },

  // One step: the next state, its reward, and whether the task ended. \`outcome\`: success in [0, 1].
  step({ state, action, options }) {
    const position = Math.min(options.size - 1, Math.max(0, state.position + action - 1))
    const terminated = position === state.target
    return { state: { ...state, position }, reward: terminated ? 1 : -0.05, terminated, outcome: terminated ? 1 : 0 }
  },

  observe({ state, options }) {
    return [state.position / (options.size - 1), state.target / (options.size - 1)]
  },
})
`
}
