import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BuildContext, ReplayAlgorithm, UpdateMoment } from '@reprise/algorithms'
import type { Executor, LearnerProgram } from '@reprise/backend'
import { box, discrete } from '@reprise/core'
import { add, cast, mean, mul, reshape, sub, type Tensor } from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { resolveRun } from '../config/resolve.ts'
import { buildLearner } from '../learner.ts'
import { EpisodeWindow } from '../run/episode-window.ts'
import { generatorOf } from '../run/seeds.ts'
import { train } from '../train.ts'
import { Failures } from './failures.ts'
import { PhaseTimer } from './phase-timer.ts'
import { ReplayLoop } from './replay-loop.ts'

/** Episodes of 3 steps; the observation is the number of steps since the environment was made, in hundreds of its episode. */
class Counting {
  readonly observationSpace = box({ low: 0, high: 1e6, shape: [1] })
  readonly actionSpace = discrete(2)
  readonly spec = { id: 'Counting-v0', maxEpisodeSteps: 3 }
  #episode = 0
  #steps = 0
  reset() {
    this.#episode++
    this.#steps = 0
    return { observation: [100 * this.#episode] }
  }
  step() {
    this.#steps++
    return {
      observation: [100 * this.#episode + this.#steps],
      reward: this.#steps,
      terminated: false,
      truncated: false,
    }
  }
}

interface Seen {
  readonly moments: UpdateMoment<unknown>[]
  readonly warmups: boolean[]
  readonly batches: { observation: number[]; next: number[]; reward: number[]; discount: number[]; action: number[] }[]
}

/** An algorithm without learning: `update` gives back what it was given. */
function spy(seen: Seen, options: { updates: number; learningStarts: number }): ReplayAlgorithm {
  const row = { dtype: 'float32', shape: [] } as const
  return {
    name: 'spy',
    summary: '',
    loop: 'replay',
    options: {},
    collection: () => ({ numEnvs: 2, trainEvery: 4, batchSize: 5, ...options }),
    replay: () => ({
      capacity: 60,
      gamma: 0.5,
      nSteps: 1,
      draw: { kind: 'uniform', replacement: true },
      withLatest: true,
    }),
    stored: () => ['action'],
    exploration: ({ warmup }) => {
      seen.warmups.push(warmup)
      return { epsilon: warmup ? 1 : 0.5 }
    },
    schedule: (moment) => {
      seen.moments.push(moment)
      return { rate: moment.progress }
    },
    report: ({ rate }) => ({ 'train/rate': rate!.at(-1)! }),
    build: (_: BuildContext<object>): LearnerProgram => ({
      state: { w: { dtype: 'float32', shape: [1], data: new Float32Array(1) } },
      inputs: {
        act: { observation: { dtype: 'float32', shape: [1] }, epsilon: row },
        decide: { observation: { dtype: 'float32', shape: [1] } },
        batch: {
          observation: { dtype: 'float32', shape: [1] },
          nextObservation: { dtype: 'float32', shape: [1] },
          action: { dtype: 'int32', shape: [] },
          reward: row,
          discount: row,
        },
        noise: {},
        schedule: ['rate'],
      },
      act: (_, { observation, epsilon }) => {
        const flat = reshape(observation!, [-1])
        return { action: cast(mul(flat, 0), 'int32'), extra: add(flat, epsilon!) }
      },
      decide: (_, { observation }) => ({ action: cast(mul(reshape(observation!, [-1]), 0), 'int32') }),
      update: (state, batch, _noise, { rate }) => ({
        state: { w: add((state as { w: Tensor }).w, rate!) },
        metrics: { rate: mul(rate!, 1), gap: mean(sub(batch['nextObservation']!, batch['observation']!)) },
        rows: {
          tdError: batch['reward']!,
          discount: batch['discount']!,
          observation: reshape(batch['observation']!, [-1]),
          next: reshape(batch['nextObservation']!, [-1]),
        },
      }),
    }),
  } satisfies ReplayAlgorithm
}

async function loopOf(options: { updates: number; learningStarts: number }, totalSteps: number) {
  const seen: Seen = { moments: [], warmups: [], batches: [] }
  const algorithm = spy(seen, options)
  const resolved = {
    ...(await resolveRun({ algo: 'dqn', env: Counting, preset: false, executor: 'eager:cpu' }, 'api')),
    algorithm,
    algorithmOptions: {},
  }
  const learner = await buildLearner(resolved)
  const { executor } = learner
  const watched: Executor = {
    name: executor.name,
    reason: '',
    deterministic: true,
    act: (inputs) => executor.act(inputs),
    decide: (inputs) => executor.decide(inputs),
    score: (inputs) => executor.score(inputs),
    updates: (call) => executor.updates(call),
    save: () => executor.save(),
    load: (state) => executor.load(state),
    dispose: () => executor.dispose(),
    update: async (call) => {
      const out = await executor.update(call)
      const { observation, next, tdError, discount } = out.rows as Record<string, Float32Array>
      const { action } = call.batch
      seen.batches.push({
        ...{ observation: [...observation!], next: [...next!], reward: [...tdError!] },
        ...{ discount: [...discount!], action: [...action!] },
      })
      return out
    },
  }
  const context = {
    ...learner,
    executor: watched,
    algorithm,
    options: {},
    totalSteps,
    episodes: new EpisodeWindow(),
    timer: new PhaseTimer(),
    failures: new Failures(() => {}),
    rng: {
      actions: generatorOf(1, 'actions'),
      minibatches: generatorOf(1, 'minibatches'),
      environments: generatorOf(1, 'environments'),
      replay: generatorOf(1, 'replay'),
    },
  }
  return { loop: new ReplayLoop(context, algorithm), seen }
}

it('collects until learningStarts, then makes the asked number of updates per burst, fractions carried over', async () => {
  const { loop, seen } = await loopOf({ updates: 1.5, learningStarts: 20 }, 64)
  await loop.start()
  const { steps, metrics } = await loop.iterate()
  expect(steps).toBe(64)
  // Bursts at every 4th vector step (8 environment steps) from step 20 on: 24, 32, ..., 64.
  expect(seen.moments.map(({ step }) => step)).toEqual([24, 32, 32, 40, 48, 48, 56, 64, 64])
  expect(seen.moments.map(({ previousStep }) => previousStep)).toEqual([0, 24, 24, 32, 40, 40, 48, 56, 56])
  expect(seen.moments.map(({ update }) => update)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  expect(seen.moments.map(({ index, count }) => `${index}/${count}`)).toContain('1/2')
  expect(seen.warmups.filter((warmup) => warmup)).toHaveLength(10)
  expect(metrics).toMatchObject({ 'train/rate': 1, 'train/n_updates': 9, 'rollout/epsilon': 0.5 })
  await loop.close()
})

it('stores what follows each observation, the final one at the end of an episode', async () => {
  const { loop, seen } = await loopOf({ updates: 4, learningStarts: 0 }, 240)
  await loop.start()
  await loop.iterate()
  const rows = seen.batches.flatMap(({ observation, next, reward, discount }) =>
    observation.map((value, i) => ({ value, next: next[i]!, reward: reward[i]!, discount: discount[i]! })),
  )
  expect(rows.length).toBe(seen.moments.length * 5)
  for (const { value, next, reward, discount } of rows) {
    // The time limit cuts, it does not end: the value of the final observation counts.
    expect({ next, reward, discount }).toEqual({ next: value + 1, reward: (value % 100) + 1, discount: 0.5 })
  }
  expect(new Set(rows.map(({ value }) => value % 100))).toEqual(new Set([0, 1, 2]))
  await loop.close()
})

it('a loop that was saved and loaded goes on as if nothing had happened', async () => {
  const whole = await loopOf({ updates: 2, learningStarts: 10 }, 1000)
  await whole.loop.start()
  await whole.loop.iterate()
  const before = whole.seen.batches.length
  const saved = structuredClone(whole.loop.save())
  await whole.loop.iterate()
  const resumed = await loopOf({ updates: 2, learningStarts: 10 }, 1000)
  await resumed.loop.load(saved)
  await resumed.loop.iterate()
  // Without snapshots the episodes are new ones: the draws are from another history, their number and moments are not.
  expect(resumed.seen.moments.map(({ step, update }) => [step, update])).toEqual(
    whole.seen.moments.slice(before).map(({ step, update }) => [step, update]),
  )
  await whole.loop.close()
  await resumed.loop.close()
})

it('leaves no run behind where the replay cannot be made', async () => {
  const out = join(mkdtempSync(join(tmpdir(), 'reprise-replay-')), 'run')
  const big = train({ algo: 'dqn', env: 'CartPole-v1', out, executor: 'eager:cpu', set: { capacity: 10 ** 13 } })
  await expect(big).rejects.toMatchObject({ code: 'RPR_REPLAY_TOO_LARGE' })
  expect(existsSync(out)).toBe(false)
  const goalless = train({ algo: 'dqn', env: 'CartPole-v1', out, executor: 'eager:cpu', set: { hindsight: 'future' } })
  await expect(goalless).rejects.toMatchObject({ code: 'RPR_REPLAY_CONFIG' })
  expect(existsSync(out)).toBe(false)
})

it('a diverging run says so, with its last checkpoint', async () => {
  const out = join(mkdtempSync(join(tmpdir(), 'reprise-replay-')), 'run')
  const set = { learningRate: 1e30, loss: 'mse', learningStarts: 50, hidden: [4], replay: 'prioritized', trainEvery: 1 }
  const run = train({ algo: 'dqn', env: 'CartPole-v1', preset: false, steps: 2000, out, executor: 'wasm', set })
  await expect(run).rejects.toMatchObject({ code: 'RPR_TRAINING_DIVERGED' })
})
