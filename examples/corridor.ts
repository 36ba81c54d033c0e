import { box, defineEnv, discrete, option } from '@reprise/core'

export default defineEnv({
  id: 'Corridor-v0',
  maxEpisodeSteps: 50, // an episode that takes longer is truncated
  options: { length: option.integer({ default: 10, min: 2, doc: 'Cells to walk' }) }, // --env-set length=20
  observationSpace: box({ low: 0, high: 1, shape: [1] }),
  actionSpace: discrete(2), // 0 left, 1 right
  reset: ({ rng, options }) => ({ position: rng.integers(options.length) }),
  step: ({ state, action, options }) => {
    const position = Math.max(0, state.position + (action === 1 ? 1 : -1))
    const terminated = position >= options.length
    return { state: { position }, reward: terminated ? 1 : -0.01, terminated, outcome: terminated ? 1 : 0 }
  },
  observe: ({ state, options }) => [state.position / options.length],
})
