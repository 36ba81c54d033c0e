/** Policies with memory in GRPO, ARPO, BC and PPO: whole sequences in, the same numbers as step by step, on every executor. */
import { createExecutor, type ExecutorName, type HostArray, type HostTree, type UpdatesCall } from '@reprise/backend'
import { box, discrete, Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { arpo, bc, type EpisodeGroups, grpo, type PolicySpaces, ppo } from './index.ts'
import { layOut, rolloutMinibatches, sequenceMinibatches, sequenceShapes, shapeFor, shapeOfRows } from './sequences.ts'
import { expectLossGradient, gradientIn, optionsFor, spacesFor, withoutMoments } from './testing/fixtures.ts'
import { recurrentEpisodes, recurrentRollout } from './testing/recurrent-episodes.ts'
import { tensorFlowExecutors } from './testing/tensorflow-executors.ts'

const LIMIT = 20

async function learnerOf(
  algorithm: typeof grpo | typeof arpo | typeof bc,
  values: Record<string, unknown>,
  spaces: PolicySpaces,
  executor: ExecutorName = 'eager:cpu',
) {
  const options = optionsFor(algorithm.options, { policy: 'gru', memorySize: 5, minibatches: 1, ...values })
  const program = algorithm.build({ spaces, options: options as never, rng: new Pcg64(1), maxEpisodeSteps: LIMIT })
  return { options, program, executor: await createExecutor({ executor, program }) }
}

const context = (options: object, spaces: PolicySpaces, program: { sequences?: unknown }) =>
  ({ options, rng: new Pcg64(3), progress: 0, spaces, sequences: program.sequences }) as never

/** The same call in another shape of sequences. */
function reshaped(
  call: UpdatesCall,
  { offsets, numEpisodes }: EpisodeGroups,
  steps: number,
  width: number,
): UpdatesCall {
  const indices = new Int32Array(steps * width).fill(-1)
  const episodes = Array.from({ length: numEpisodes }, (_, e) => e)
  layOut({ steps, episodes: width }, offsets, episodes, indices, 0)
  return { ...call, indices, batchSize: steps * width }
}

describe('sequences', () => {
  it('have few shapes, halves of the longest episode', () => {
    expect(sequenceShapes(15, 8)).toEqual([4, 8, 15].map((steps) => ({ steps, episodes: 8 })))
    expect(sequenceShapes(200, 500).map(({ steps }) => steps)).toEqual([25, 50, 100, 200])
    expect(sequenceShapes(200, 500)[0]!.episodes).toBe(32)
    expect(sequenceShapes(1, 1)).toEqual([{ steps: 1, episodes: 1 }])
    expect(shapeFor(sequenceShapes(15, 8), 5).steps).toBe(8)
    expect(shapeOfRows(sequenceShapes(15, 8), 64).steps).toBe(8)
  })

  it.each([undefined, 257])('refuse episodes of up to %s steps, naming what to set', (limit) => {
    expect(() => sequenceShapes(limit, 8)).toThrow(
      expect.objectContaining({ code: 'RPR_OPTION_CONFLICT', hint: expect.stringMatching('maxEpisodeSteps') }),
    )
    const options = optionsFor(grpo.options, { policy: 'gru' })
    expect(() => grpo.check!({ options, spaces: spacesFor(), maxEpisodeSteps: limit })).toThrow(/'policy' = 'gru'/)
  })

  it('refuse rows and episodes that no shape holds', () => {
    expect(() => shapeFor(sequenceShapes(15, 8), 16)).toThrow(expect.objectContaining({ code: 'RPR_SHAPE' }))
    expect(() => shapeOfRows(sequenceShapes(15, 8), 30)).toThrow(
      expect.objectContaining({ code: 'RPR_EXECUTOR_INPUT' }),
    )
  })

  it('hold every row of every episode once per pass, in order, step by step', () => {
    const rng = new Pcg64(1)
    const lengths = Array.from({ length: 21 }, () => 1 + rng.integers(7))
    const offsets = Int32Array.from([0, ...lengths.map((_, e) => lengths.slice(0, e + 1).reduce((a, b) => a + b))])
    const trained = lengths.map((_, e) => e).filter((e) => e % 5 !== 0)
    const shapes = sequenceShapes(15, 4)
    const made = sequenceMinibatches({ rng, offsets, trained, epochs: 2, minibatches: 3, shapes })
    const { indices, batchSize, rows, episodes, last } = made
    expect(batchSize).toBe(8 * 4)
    expect(last.reduce((a, b) => a + b)).toBe(6)
    const seen = new Map<number, number>()
    for (let k = 0; k < last.length; k++) {
      const at = (t: number, e: number) => indices[k * batchSize + t * 4 + e]!
      for (let e = 0; e < 4; e++) {
        if (at(0, e) < 0) continue
        const episode = offsets.indexOf(at(0, e))
        expect(trained).toContain(episode)
        for (let t = 0; t < 8; t++) expect(at(t, e)).toBe(t < lengths[episode]! ? offsets[episode]! + t : -1)
        for (let t = 0; t < lengths[episode]!; t++) seen.set(at(t, e), (seen.get(at(t, e)) ?? 0) + 1)
      }
    }
    const wanted = trained.reduce((sum, e) => sum + lengths[e]!, 0)
    expect(seen.size).toBe(wanted)
    expect([...seen.values()].every((count) => count === 2)).toBe(true)
    const perMinibatch = last.flatMap((flag, k) => (flag ? [{ rows: rows[k]!, episodes: episodes[k]! }] : []))
    expect(perMinibatch.reduce((sum, { rows }) => sum + rows, 0)).toBe(2 * wanted)
    expect(perMinibatch.reduce((sum, { episodes }) => sum + episodes, 0)).toBe(2 * trained.length)
  })
})

describe.each([
  ['discrete, masked', spacesFor(discrete(3), 3)],
  ['continuous', spacesFor(box({ low: -1, high: 1, shape: [2] }))],
])('a GRU in GRPO, %s', (_, spaces) => {
  it('has at its first update the ratios 1: unrolled it is what acted, reference policy included', async () => {
    const { options, program, executor } = await learnerOf(grpo, { klCoef: 0.1, epochs: 1 }, spaces)
    const episodes = await recurrentEpisodes(executor, program, new Pcg64(2), spaces)
    const { logProb, referenceLogProb } = episodes.columns as Record<string, Float32Array>
    expect(Array.from(referenceLogProb!)).toEqual(Array.from(logProb!))
    const { call } = grpo.prepare(episodes, context(options, spaces, program))
    const { metrics } = await executor.updates(call!)
    expect(Math.abs(metrics['approxKl']![0]!)).toBeLessThan(1e-6)
    expect(Math.abs(metrics['kl']![0]!)).toBeLessThan(1e-6)
    executor.dispose()
  })

  it('has the gradient of finite differences', async () => {
    const { options, program, executor } = await learnerOf(
      grpo,
      { klCoef: 0.1, entropyCoef: 0.02, epochs: 1, hidden: [3], memorySize: 2 },
      spaces,
    )
    const episodes = await recurrentEpisodes(executor, program, new Pcg64(2), spaces, [3, 1, 4, 2])
    await expectLossGradient(executor, grpo.prepare(episodes, context(options, spaces, program)).call!)
    executor.dispose()
  })

  it('has the same gradient however much padding there is', async () => {
    const { options, program, executor } = await learnerOf(grpo, { groups: 2, groupSize: 4, epochs: 1 }, spaces)
    const start = withoutMoments((await executor.save()) as HostTree)
    const episodes = await recurrentEpisodes(executor, program, new Pcg64(2), spaces)
    const { call } = grpo.prepare(episodes, context(options, spaces, program))
    expect(program.sequences!.map(({ steps }) => steps)).toEqual([5, 10, 20])
    const gradients: Float32Array[] = []
    for (const { steps, episodes: width } of program.sequences!) {
      await executor.load(start)
      await executor.updates(reshaped(call!, episodes, steps, width))
      gradients.push(gradientIn((await executor.save()) as HostTree))
    }
    const largest = Math.max(...gradients[0]!.map(Math.abs))
    for (const other of gradients.slice(1))
      other.forEach((g, i) => {
        expect(Math.abs(g - gradients[0]![i]!) / largest).toBeLessThan(1e-6)
      })
    executor.dispose()
  })
})

const EXECUTORS: readonly ExecutorName[] = ['eager:cpu', 'eager:wasm', 'wasm', 'onnx', ...(await tensorFlowExecutors())]
/** TensorFlow compiles every step of the longest sequences, and takes its time. */
const COMPARED = { timeout: 300_000, tags: 'own-executor' }

it.each([
  ['GRPO with everything on', grpo, { klCoef: 0.1, entropyCoef: 0.01, ratio: 'sequence', dualClip: 3, epochs: 1 }],
  ['ARPO', arpo, { epochs: 1 }],
  ['BC', bc, { episodes: 'x.yaml' }],
] as const)('a GRU acts, scores and learns the same on every executor: %s', COMPARED, async (_, algorithm, values) => {
  const spaces = spacesFor(discrete(4), 4)
  const all: { name: string; columns: Record<string, HostArray>; gradient: Float32Array; score?: Float32Array }[] = []
  let recorded: EpisodeGroups | undefined
  for (const name of EXECUTORS) {
    const { options, program, executor } = await learnerOf(algorithm, values, spaces, name)
    expect(executor.name).toBe(name)
    const start = withoutMoments((await executor.save()) as HostTree)
    const episodes = await recurrentEpisodes(executor, program, new Pcg64(2), spaces)
    recorded ??= episodes
    const { call } = algorithm.prepare(recorded, context(options, spaces, program))
    await executor.load(start)
    await executor.updates(call!)
    const gradient = gradientIn((await executor.save()) as HostTree)
    let score: Float32Array | undefined
    if (program.score) {
      await executor.load(start)
      const { steps, episodes: width } = shapeFor(program.sequences!, 5)
      const rows = new Int32Array(steps * width).fill(-1)
      layOut({ steps, episodes: width }, recorded.offsets, [0, 1, 2, 3, 4, 5, 6, 7], rows, 0)
      const inputs: Record<string, HostArray> = {}
      for (const input of Object.keys(program.inputs.score!)) {
        const column = recorded.columns[input]!
        const size = column.length / 21
        const Type = column.constructor as new (length: number) => HostArray
        inputs[input] = new Type(rows.length * size)
        rows.forEach((row, i) => {
          if (row >= 0) inputs[input]!.set(column.subarray(row * size, (row + 1) * size), i * size)
        })
      }
      const { logProb } = await executor.score(inputs)
      score = new Float32Array(21)
      rows.forEach((row, i) => {
        if (row >= 0) score![row] = logProb![i]!
      })
    }
    all.push({ name, columns: episodes.columns as never, gradient, ...(score ? { score } : {}) })
    executor.dispose()
  }
  const [cpu, ...others] = all
  const largest = Math.max(...cpu!.gradient.map(Math.abs))
  expect(largest).toBeGreaterThan(0)
  // Stored decisions are scored as they were made.
  cpu!.score?.forEach((logProb, row) => {
    expect(logProb).toBeCloseTo((cpu!.columns['logProb'] as Float32Array)[row]!, 5)
  })
  for (const { name, columns, gradient, score } of others) {
    gradient.forEach((g, i) => {
      expect(Math.abs(g - cpu!.gradient[i]!) / largest, name).toBeLessThan(1e-5)
    })
    score?.forEach((logProb, row) => {
      expect(logProb, name).toBeCloseTo(cpu!.score![row]!, 5)
    })
    expect(Array.from(columns['action']!), name).toEqual(Array.from(cpu!.columns['action']!))
  }
})

it('holds as many tensors after 200 updates as before', { tags: 'own-executor' }, async () => {
  const spaces = spacesFor()
  const { options, program, executor } = await learnerOf(grpo, { klCoef: 0.1, epochs: 1 }, spaces, 'eager:wasm')
  const episodes = await recurrentEpisodes(executor, program, new Pcg64(2), spaces)
  const { call } = grpo.prepare(episodes, context(options, spaces, program))
  await executor.updates(call!)
  const before = executor.tensors!()
  for (let i = 0; i < 200; i++) await executor.updates(call!)
  expect(executor.tensors!()).toBe(before)
  executor.dispose()
})

describe('a GRU in PPO', () => {
  const spaces = spacesFor(discrete(3), 3)
  const sizes = { numEnvs: 4, numSteps: 6, batchSize: 12, epochs: 1, policy: 'gru', memorySize: 5 }
  const learner = async (values: object, executor: ExecutorName = 'eager:cpu') => {
    const options = optionsFor(ppo.options, { ...sizes, ...values })
    const program = ppo.build({ spaces, options, rng: new Pcg64(1), maxEpisodeSteps: undefined })
    return { options, program, executor: await createExecutor({ executor, program }) }
  }
  const prepared = (options: object, rollout: Awaited<ReturnType<typeof recurrentRollout>>) =>
    ppo.prepare(rollout, { options: options as never, rng: new Pcg64(3), progress: 0, spaces }).call!

  it('is trained on whole rollouts of some environments', () => {
    const indices = rolloutMinibatches(new Pcg64(1), { steps: 3, episodes: 2 }, 5, 2)
    expect(indices.length).toBe(2 * 3 * 6)
    for (let epoch = 0; epoch < 2; epoch++) {
      const pass = indices.subarray(epoch * 18, (epoch + 1) * 18)
      expect(pass.filter((row) => row >= 0).sort()).toEqual(Int32Array.from({ length: 15 }, (_, i) => i))
      for (let m = 0; m < 3; m++)
        for (let e = 0; e < 2; e++) {
          const rows = [0, 1, 2].map((t) => pass[m * 6 + t * 2 + e]!)
          expect(rows).toEqual(rows[0]! < 0 ? [-1, -1, -1] : [0, 5, 10].map((at) => rows[0]! + at))
        }
    }
  })

  it.each(['separate', 'shared'])(
    'with critic %s, acts and learns the same on every executor',
    COMPARED,
    async (critic) => {
      const all: { name: string; action: HostArray; value: HostArray; gradient: Float32Array }[] = []
      let rollout: Awaited<ReturnType<typeof recurrentRollout>> | undefined
      for (const name of EXECUTORS) {
        // One minibatch of three padded ones: of four environments, six at once.
        const { options, program, executor } = await learner({ critic, batchSize: 18 }, name)
        const own = await recurrentRollout(executor, program, new Pcg64(2), spaces)
        rollout ??= own
        const call = prepared(options, rollout)
        const first = {
          ...call,
          indices: call.indices.subarray(0, 18),
          schedule: Object.fromEntries(
            Object.entries(call.schedule).map(([k, v]) => [k, typeof v === 'number' ? v : v.subarray(0, 1)]),
          ),
        }
        const { metrics } = await executor.updates(first)
        // Nothing has changed since it acted: the ratios are 1 from the memory that it then had.
        expect(Math.abs(metrics['approxKl']![0]!), name).toBeLessThan(1e-6)
        const gradient = gradientIn((await executor.save()) as HostTree)
        all.push({ name, action: own.columns['action']!, value: own.columns['value']!, gradient })
        executor.dispose()
      }
      const [cpu, ...others] = all
      const largest = Math.max(...cpu!.gradient.map(Math.abs))
      for (const { name, action, value, gradient } of others) {
        expect(Array.from(action), name).toEqual(Array.from(cpu!.action))
        value.forEach((v, i) => {
          expect(v, name).toBeCloseTo(cpu!.value[i]!, 5)
        })
        gradient.forEach((g, i) => {
          expect(Math.abs(g - cpu!.gradient[i]!) / largest, name).toBeLessThan(1e-5)
        })
      }
    },
  )

  it('begins from another memory, or anew, with other probabilities', async () => {
    const { options, program, executor } = await learner({ batchSize: 24 })
    const rollout = await recurrentRollout(executor, program, new Pcg64(2), spaces)
    const kl = async (changed: object) =>
      Math.abs((await executor.updates(prepared(options, { ...rollout, ...changed }))).metrics['approxKl']![0]!)
    const start = (await executor.save()) as HostTree
    for (const changed of [
      { memory: rollout.memory!.map((x) => -x) },
      { episodeStart: rollout.episodeStart.map((flag) => 1 - flag) },
    ]) {
      await executor.load(start)
      expect(await kl(changed)).toBeGreaterThan(1e-9)
    }
    await executor.load(start)
    expect(await kl({})).toBeLessThan(1e-9)
    executor.dispose()
  })

  it('refuses minibatches that are no whole sequences, and sequences that are too long', () => {
    const check = (values: object) => () =>
      ppo.check!({ options: optionsFor(ppo.options, { ...sizes, ...values }), spaces, maxEpisodeSteps: undefined })
    expect(check({})).not.toThrow()
    expect(check({ batchSize: 10 })).toThrow(expect.objectContaining({ hint: 'Set batchSize to 12.' }))
    expect(check({ numSteps: 300, batchSize: 300 })).toThrow(expect.objectContaining({ code: 'RPR_OPTION_CONFLICT' }))
  })
})
