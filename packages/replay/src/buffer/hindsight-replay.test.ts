import { allocateColumns, type GoalSpec, leaf, Pcg64 } from '@reprise/core'
import { expect, test } from 'vitest'
import { START } from '../draw-context.ts'
import { createReplay } from './create-replay.ts'

/** Each achieved goal is a number of its own, so that a goal tells the episode and the step that it comes from. */
const leaves = [leaf('achieved_goal', 'float64', [1]), leaf('desired_goal', 'float64', [1])]
const goals: GoalSpec = {
  reward: (achieved, desired) => (achieved[0] === desired[0] ? 0 : -1),
  terminated: (achieved, desired) => achieved[0] === desired[0],
}
const DESIRED = -5

const GAMMA = 0.9

function made(strategy: 'future' | 'final' | 'episode', nSteps: number) {
  const streams = 2
  const config = {
    capacity: 120,
    gamma: GAMMA,
    nSteps,
    withLatest: false,
    draw: { kind: 'uniform', replacement: true },
    hindsight: { strategy, perReal: 4 },
  } as const
  const replay = createReplay(config, { observation: leaves, fields: {} }, streams, new Pcg64(1), { goals })
  const lengths: number[] = []
  const rng = new Pcg64(2)
  const open = Array.from({ length: streams }, () => ({ episode: -1, step: 0, length: 0 }))
  const [first, next, final] = [0, 1, 2].map(() => allocateColumns(leaves, streams))
  const number = (episode: number, step: number) => episode * 100 + step
  const write = (columns: typeof first, row: number, goal: number) => {
    columns![0]!.data[row] = goal
    columns![1]!.data[row] = DESIRED
  }
  const add = () => {
    const truncated = new Uint8Array(streams)
    for (const [row, state] of open.entries()) {
      if (state.step === state.length) {
        state.episode = lengths.length
        state.step = 0
        state.length = 1 + rng.integers(12)
        lengths.push(state.length)
      }
      write(first, row, number(state.episode, state.step++))
      write(next, row, number(state.episode, state.step))
      write(final, row, number(state.episode, state.step))
      truncated[row] = state.step === state.length ? 1 : 0
    }
    const columns = { observation: first!, nextObservation: next!, finalObservation: final! }
    replay.add({ ...columns, fields: {}, reward: [-1, -1], terminated: [0, 0], truncated })
  }
  return { replay, lengths, add, open }
}

const cases = (['future', 'final', 'episode'] as const).flatMap((strategy) =>
  [1, 3].map((nSteps) => [strategy, nSteps] as const),
)

test.each(cases)('hindsight (%s, %i steps): goals of the own, finished and wholly live episode', (strategy, nSteps) => {
  const { replay, lengths, add, open } = made(strategy, nSteps)
  for (let i = 0; i < 20; i++) add()
  const batch = replay.allocate(64)
  let replaced = 0
  let rows = 0
  for (let i = 0; i < 400; i++) {
    add()
    replay.draw(batch, START)
    for (let row = 0; row < batch.rows; row++) {
      const achieved = batch.observation[0]!.data[row]!
      const [episode, step] = [Math.floor(achieved / 100), achieved % 100]
      const goal = batch.observation[1]!.data[row]!
      const after = batch.nextObservation[0]!.data[row]!
      const wrong: string[] = []
      // A row ends where its episode does, and where it reaches its goal.
      const toGoal = goal > achieved && goal !== DESIRED ? goal - achieved : Number.POSITIVE_INFINITY
      const steps = Math.min(nSteps, lengths[episode]! - step, toGoal)
      if (batch.steps[row] !== steps) wrong.push('steps')
      if (after !== achieved + steps) wrong.push('next observation')
      if (batch.nextObservation[1]!.data[row] !== goal) wrong.push('next goal')
      if (open.some((state) => state.episode === episode && state.step < state.length)) wrong.push('open episode')
      if (goal !== DESIRED) {
        const [from, at] = [Math.floor(goal / 100), goal % 100]
        if (from !== episode || at > lengths[episode]!) wrong.push('goal of another episode')
        if (strategy === 'future' && at <= step) wrong.push('goal of the past')
        if (strategy === 'final' && at !== lengths[episode]) wrong.push('goal not the last')
        replaced++
      }
      const reached = after === goal
      let [reward, discount] = [0, 1]
      for (let k = 1; k <= steps; k++) {
        if (k < steps || !reached) reward -= discount
        discount *= GAMMA
      }
      if (batch.reward[row] !== Math.fround(reward)) wrong.push('reward')
      if (batch.discount[row] !== (reached ? 0 : Math.fround(discount))) wrong.push('discount')
      if (wrong.length > 0) throw new Error(`episode ${episode}, step ${step}, goal ${goal}: ${wrong.join(', ')}`)
    }
    rows += batch.rows
  }
  expect(Math.abs(replaced / rows - 0.8)).toBeLessThan(0.01)
})
