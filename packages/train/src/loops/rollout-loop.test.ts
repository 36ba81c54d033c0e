import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ppo, type Rollout, type RolloutAlgorithm } from '@reprise/algorithms'
import { box, discrete } from '@reprise/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { resolveRun } from '../config/resolve.ts'
import { buildLearner } from '../learner.ts'
import type { EnvLike } from '../load-env/index.ts'
import { EpisodeWindow } from '../run/episode-window.ts'
import { generatorOf } from '../run/seeds.ts'
import { rowsOf } from '../testing/kill.ts'
import { train } from '../train.ts'
import { Failures } from './failures.ts'
import { PhaseTimer } from './phase-timer.ts'
import { RolloutLoop } from './rollout-loop.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-rollouts-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

let snapshots = 0

/** Episodes of 2 to 4 steps, by seed; the observation is the step's number. */
class Counting {
  readonly observationSpace = box({ low: 0, high: 10, shape: [1] })
  readonly actionSpace = discrete(2)
  readonly spec = { id: 'Counting-v0', maxEpisodeSteps: 20 }
  #length = 3
  #steps = 0
  reset({ seed }: { seed?: number } = {}) {
    if (seed !== undefined) this.#length = 2 + (seed % 3)
    this.#steps = 0
    return { observation: [0] }
  }
  step() {
    const terminated = ++this.#steps >= this.#length
    return { observation: [this.#steps], reward: 1, terminated, truncated: false }
  }
  snapshot() {
    snapshots++
    return [this.#length, this.#steps]
  }
  restore(saved: unknown) {
    ;[this.#length, this.#steps] = saved as [number, number]
  }
}

const set = { numEnvs: 3, numSteps: 5, batchSize: 15, epochs: 1, hidden: [4] }

/** A loop of PPO that keeps what it collected. */
async function loopOn(env: EnvLike, seen: Rollout[]) {
  const resolved = await resolveRun({ algo: 'ppo', env, preset: false, executor: 'eager:cpu', set }, 'api')
  const learner = await buildLearner(resolved)
  const algorithm = {
    ...ppo,
    prepare(rollout: Rollout, context: Parameters<typeof ppo.prepare>[1]) {
      seen.push(structuredClone(rollout))
      return ppo.prepare(rollout, context)
    },
  } as unknown as RolloutAlgorithm
  const seed = 1
  const context = {
    ...learner,
    algorithm,
    options: resolved.algorithmOptions,
    episodes: new EpisodeWindow(),
    timer: new PhaseTimer(),
    failures: new Failures(() => {}),
    totalSteps: 1000,
    rng: {
      actions: generatorOf(seed, 'actions'),
      minibatches: generatorOf(seed, 'minibatches'),
      environments: generatorOf(seed, 'environments'),
      replay: generatorOf(seed, 'replay'),
    },
  }
  return new RolloutLoop(context, algorithm)
}

it('episodeStart marks first observations, across iterations and after a resume', async () => {
  const seen: Rollout[] = []
  const loop = await loopOn(Counting, seen)
  await loop.start()
  for (let i = 0; i < 3; i++) await loop.iterate(0)
  const resumed = await loopOn(Counting, seen)
  await resumed.load(loop.save())
  for (let i = 0; i < 2; i++) await resumed.iterate(0)
  for (const { columns, episodeStart } of seen)
    expect([...episodeStart]).toEqual(Array.from(columns['observation']!, (t) => (t === 0 ? 1 : 0)))
  // Some rollouts begin in the middle of an episode, others do not.
  expect(new Set(seen.flatMap(({ episodeStart }) => [...episodeStart.subarray(0, 3)])).size).toBe(2)
  await loop.close()
  await resumed.close()
})

it('episodeStart follows the ends of episodes in a native environment', async () => {
  const seen: Rollout[] = []
  const loop = await loopOn('CartPole-v1', seen)
  await loop.start()
  for (let i = 0; i < 20; i++) await loop.iterate(0)
  let ended = new Uint8Array(3).fill(1)
  for (const { episodeStart, terminated, truncated } of seen) {
    for (let t = 0; t < 5; t++) {
      expect([...episodeStart.subarray(3 * t, 3 * t + 3)]).toEqual([...ended])
      ended = Uint8Array.from(ended, (_, i) => terminated[3 * t + i]! | truncated[3 * t + i]!)
    }
  }
  expect(seen.flatMap(({ terminated }) => [...terminated]).filter((flag) => flag === 1).length).toBeGreaterThan(3)
  await loop.close()
})

it('evaluations read the normalisers without a snapshot of every environment', async () => {
  snapshots = 0
  const out = join(root, 'snapshots')
  await train({
    algo: 'ppo',
    env: Counting,
    steps: 150,
    executor: 'eager:cpu',
    out,
    set: { ...set, normalizeObservation: true, evalEvery: 15, evalEpisodes: 2, finalEpisodes: 2, checkpointEvery: 0 },
  })
  const means = rowsOf(out, 'eval.jsonl').map((row) => row['mean_reward'])
  expect(means).toHaveLength(10)
  expect(new Set(means).size).toBe(1)
  // The checkpoints of the start, of the first evaluation (the best) and of the end, three rows each.
  expect(snapshots).toBe(9)
})
