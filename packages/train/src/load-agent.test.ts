import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { box, defineEnv, dict, discrete, multiDiscrete } from '@reprise/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evaluate, loadAgent } from './load-agent.ts'
import { resume } from './resume.ts'
import { train } from './train.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-agent-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const quick = {
  numEnvs: 2,
  numSteps: 32,
  batchSize: 64,
  hidden: [4],
  evalEvery: 0,
  finalEpisodes: 1,
  tensorboard: false,
}
const options = { algo: 'ppo', steps: 64, executor: 'eager:cpu' }

/** Legal is the action that equals the room; two of them under MultiDiscrete. */
const rooms = defineEnv({
  id: 'Rooms-v0',
  maxEpisodeSteps: 5,
  observationSpace: dict({ room: discrete(3), light: box({ low: 0, high: 1, shape: [2] }) }),
  actionSpace: multiDiscrete([3, 2]),
  reset: ({ rng }) => ({ room: rng.integers(3) }),
  step: ({ state, action }) => {
    if (action[0] !== state.room) throw new Error('an illegal action')
    return { state: { room: (state.room + 1) % 3 }, reward: 1, terminated: false }
  },
  observe: ({ state }) => ({ room: state.room, light: [0, 1] }),
  actionMask: ({ state }) => [0, 1, 2, 0, 1].map((room, i) => (i > 2 || room === state.room ? 1 : 0)),
})

/** Observes and acts far from [-1, 1], and keeps what it was given. */
const lever = defineEnv({
  id: 'Lever-v0',
  maxEpisodeSteps: 5,
  observationSpace: dict({ a: discrete(2, { start: 7 }), b: box({ low: 0, high: 1, shape: [1] }) }),
  actionSpace: box({ low: 100, high: 300, shape: [1] }),
  reset: () => ({ a: 8 }),
  step: ({ state, action }) => ({ state, reward: (action[0] as number) / 1000, terminated: false }),
  observe: ({ state }) => ({ a: state.a, b: [0.5] }),
})

describe('loadAgent', () => {
  it('takes nested observations, and the mask of each: none is left from the call before', async () => {
    const out = join(root, 'rooms')
    await train({ ...options, env: rooms, out, set: quick })
    const agent = await loadAgent<{ room: number; light: number[] }, ArrayLike<number>>(out, { env: rooms })
    const observation = { room: 1, light: [0, 1] }
    expect((await agent.decide(observation, [0, 1, 0, 0, 1]))[0]).toBe(1)
    const both = [agent.decide(observation, [0, 0, 1, 0, 1]), agent.decide(observation, [1, 0, 0, 1, 0])]
    expect((await Promise.all(both)).map((action) => Array.from(action))).toEqual([
      [2, 1],
      [0, 0],
    ])
    await expect(agent.decide(observation)).rejects.toMatchObject({ code: 'RPR_SHAPE', value: 0 })
    await expect(agent.decide(observation, [1, 1])).rejects.toMatchObject({ code: 'RPR_SHAPE', value: 2 })
    agent.dispose()
  })

  it('goes through the wrappers of the run: observations and actions are those of the environment', async () => {
    const out = join(root, 'lever')
    const wrappers = ['flattenObservation', 'rescaleAction']
    const { result } = await train({
      ...options,
      env: lever,
      out,
      set: { ...quick, wrappers, normalizeObservation: true, logStdInit: -3 },
    })
    const agent = await loadAgent<{ a: number; b: number[] }, ArrayLike<number>>(out, { env: lever })
    const env = lever.make()
    const { observation } = await env.reset({ seed: 1 })
    const action = await agent.decide(observation as { a: number; b: number[] })
    expect(env.actionSpace.contains(Float32Array.from(action))).toBe(true)
    // An untrained mean of about 0 in [-1, 1] is about 200 in [100, 300].
    expect(Math.abs(action[0]! - 200)).toBeLessThan(60)
    // Five times that over 1000 is what the evaluation got in an episode.
    expect(Math.abs(action[0]! - 200 * result!.score)).toBeLessThan(0.01)
    await expect(agent.decide(observation as never, [1])).rejects.toMatchObject({ code: 'RPR_SHAPE' })
    agent.dispose()
  })
})

describe('evaluation', () => {
  /** Never over; `ticks` of the event loop at each step. */
  let ticks = 0
  const seen = new Set<number>()
  const endless = defineEnv({
    id: 'Endless-v0',
    observationSpace: box({ low: 0, high: 1, shape: [1] }),
    actionSpace: discrete(2),
    reset: () => ({ t: 0 }),
    step: ({ state }) => {
      // Training is over before.
      if (state.t > 100) seen.add(ticks)
      return { state: { t: state.t + 1 }, reward: 1, terminated: false }
    },
    observe: () => [0],
  })

  it('ends where the environment does not, says so at the start, and lets the event loop turn', async () => {
    const out = join(root, 'endless')
    const messages: string[] = []
    const ui = {
      start() {},
      log() {},
      evaluation() {},
      message: (text: string) => messages.push(text),
      checkpoint() {},
      done() {},
    }
    const timer = setInterval(() => ticks++, 1)
    const { result } = await train({ ...options, env: endless, out, set: quick, ui })
    clearInterval(timer)
    expect(result!.returns).toEqual([10_000])
    expect(messages.join()).toMatch(/no time limit.* cut off after 10000 steps/)
    expect(seen.size).toBeGreaterThan(1)
  })

  it('is by default over as many episodes as the score, and refuses other counts than whole ones', async () => {
    const out = join(root, 'count')
    const { result } = await train({
      ...options,
      env: 'CartPole-v1',
      preset: false,
      out,
      set: { ...quick, finalEpisodes: 3 },
    })
    expect((await evaluate(out)).returns).toEqual(result!.returns)
    for (const episodes of [0, 1.5])
      await expect(evaluate(out, { episodes })).rejects.toMatchObject({ code: 'RPR_OPTION_RANGE' })
    await expect(resume(out)).rejects.toMatchObject({ code: 'RPR_USAGE' })
  })
})
