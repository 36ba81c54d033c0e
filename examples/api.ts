import { evaluate, loadAgent, resume, train } from '@reprise/train'

const { folder, result } = await train({
  algo: 'ppo',
  env: 'CartPole-v1', // an id, a file, or an object made by defineEnv
  steps: 50_000,
  set: { learningRate: 1e-3 },
  ui: 'lines',
})
console.log(result?.score)

await resume(folder, { steps: 100_000 })
const { meanReward } = await evaluate(folder, { episodes: 20, checkpoint: 'best' })

const agent = await loadAgent<ArrayLike<number>, number>(folder)
const action = await agent.decide([0.01, -0.02, 0.03, 0.04])
console.log(meanReward, action)
agent.dispose()
