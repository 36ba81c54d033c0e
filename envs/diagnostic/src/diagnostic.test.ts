import { type AnyEnvDefinition, assertEnv, checkVectorEnv, type EnvOptions, type StepResult } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { bitFlip, blindCliffwalk, chain, cueRecall, diagnostic, sparseGrid } from './index.ts'

type Step = StepResult<unknown>
type Bits = { observation: Uint8Array; achieved_goal: Uint8Array; desired_goal: Uint8Array }

/** Plays `policy` from seed to the end. */
function episode(
  definition: AnyEnvDefinition,
  options: EnvOptions,
  seed: number,
  policy: (observation: unknown) => number,
) {
  const env = definition.make(options)
  let { observation } = env.reset({ seed }) as { observation: unknown }
  let total = 0
  for (let steps = 1; ; steps++) {
    const result = env.step(policy(observation)) as Step
    observation = result.observation
    total += result.reward
    if (result.terminated || result.truncated) return { ...result, total, steps }
  }
}

/** Mean return of uniform actions. */
function randomReturn(definition: AnyEnvDefinition, episodes: number): number {
  const vector = definition.makeVector!(32)
  const { actions, terminated, truncated, episodeReturns } = vector.columns
  void vector.reset({ seeds: 1 })
  vector.singleActionSpace.seed(2)
  let sum = 0
  let count = 0
  while (count < episodes) {
    for (let row = 0; row < 32; row++) actions[0]!.data[row] = vector.singleActionSpace.sample() as number
    void vector.step()
    for (let row = 0; row < 32; row++) {
      if (!terminated[row] && !truncated[row]) continue
      sum += episodeReturns[row]!
      count++
    }
  }
  return sum / count
}

const cases: [AnyEnvDefinition, EnvOptions][] = [
  ...diagnostic.map((definition): [AnyEnvDefinition, EnvOptions] => [definition, {}]),
  [bitFlip, { bits: 3 }],
  [bitFlip, { bits: 2 }],
  [sparseGrid, { size: 5, walls: 'rooms', slip: 0.3, observation: 'position' }],
  [sparseGrid, { size: 3, slip: 1 }],
  [chain, { length: 3 }],
  [blindCliffwalk, { length: 2 }],
  [cueRecall, { cues: 2, delay: 0 }],
]

describe.each(cases.map(([definition, options]) => ({ id: definition.spec.id, definition, options })))(
  '$id $options',
  ({ definition, options }) => {
    it('keeps the contract of Env', async () => {
      await assertEnv(definition, { options })
    })

    it('has vector rows equal to single environments in every mode, and restores exactly', async () => {
      await checkVectorEnv(definition, { options, steps: 200, seed: 11 })
    })

    it('draws itself', () => {
      const env = definition.make(options)
      env.reset({ seed: 1 })
      expect(env.render!()).toMatch(/\n$/)
    })
  },
)

describe('BitFlip-v0', () => {
  const firstWrong = (observation: unknown): number => {
    const { achieved_goal: achieved, desired_goal: desired } = observation as Bits
    return achieved.findIndex((bit, i) => bit !== desired[i])
  }

  it('flips the bit of the action, and nothing else', () => {
    const env = bitFlip.make({ bits: 6 })
    const { observation: before } = env.reset({ seed: 3 }) as { observation: Bits }
    const { observation: after } = env.step(4) as unknown as { observation: Bits }
    const flipped = before.observation.map((bit, i) => (i === 4 ? 1 - bit : bit))
    expect(after).toEqual({ observation: flipped, achieved_goal: flipped, desired_goal: before.desired_goal })
  })

  it('gives 1 - distance to the best policy, at a mean of 1 - (n / 2) / (1 - 2^-n), and always succeeds', () => {
    let sum = 0
    for (let seed = 0; seed < 400; seed++) {
      const { total, steps, terminated, outcome, reward } = episode(bitFlip, { bits: 5 }, seed, firstWrong)
      expect([total, terminated, outcome, reward]).toEqual([1 - steps, true, 1, 0])
      sum += total
    }
    expect(Math.abs(sum / 400 - -1.581)).toBeLessThan(0.2)
  })

  it('ends after as many steps as bits, with outcome 0', () => {
    const wrong = (observation: unknown): number => (observation as Bits).observation.length - 1
    const { steps, total, truncated, terminated, outcome } = episode(bitFlip, { bits: 7 }, 2, wrong)
    expect([steps, total, truncated, terminated, outcome]).toEqual([7, -7, true, false, 0])
    expect(bitFlip.make({ bits: 7 }).spec.maxEpisodeSteps).toBe(7)
    expect(bitFlip.make({ bits: 7 }, { maxEpisodeSteps: 3 }).spec.maxEpisodeSteps).toBe(3)
  })

  it('never starts at the goal', () => {
    const vector = bitFlip.makeVector!(64, { options: { bits: 2 } })
    for (let seed = 0; seed < 20; seed++) {
      void vector.reset({ seeds: 64 * seed })
      const [achieved, desired] = vector.columns.observations.map(({ data }) => data)
      for (let row = 0; row < 64; row++)
        expect(achieved!.slice(2 * row, 2 * row + 2)).not.toEqual(desired!.slice(2 * row, 2 * row + 2))
    }
  })

  it('has goals that say what its steps said', () => {
    const env = bitFlip.make({ bits: 3 })
    env.actionSpace.seed(0)
    for (let seed = 0, ended = true; seed < 200; seed++) {
      if (ended) env.reset({ seed })
      const result = env.step(env.actionSpace.sample()) as StepResult<Bits>
      const { achieved_goal: achieved, desired_goal: desired } = result.observation
      expect(bitFlip.goals!.reward(achieved, desired)).toBe(result.reward)
      expect(bitFlip.goals!.terminated(achieved, desired)).toBe(result.terminated)
      ended = result.terminated || result.truncated
    }
  })
})

describe('SparseGrid-v0', () => {
  const ways = (size: number) => (cell: unknown) => ((cell as number) % size < size - 1 ? 1 : 2)

  it('gives 1 at the goal after 2 (size - 1) steps, nothing before', () => {
    const { total, reward, steps, terminated, outcome } = episode(sparseGrid, {}, 0, ways(8))
    expect([total, reward, steps, terminated, outcome]).toEqual([1, 1, 14, true, 1])
  })

  it('keeps edges and walls', () => {
    const open = sparseGrid.make({ size: 5 })
    const rooms = sparseGrid.make({ size: 5, walls: 'rooms' })
    const walk = (env: typeof open, actions: number[]) => {
      env.reset({ seed: 0 })
      return actions.map((action) => (env.step(action) as Step).observation)
    }
    expect(walk(open, [0, 3, 1, 0, 2, 3, 3])).toEqual([0, 0, 1, 1, 6, 5, 5])
    // Row 2 and column 2 are wall but for the doors at 1 and 3.
    expect(walk(rooms, [1, 1, 2, 1, 1, 1, 2, 2, 2, 1])).toEqual([1, 1, 6, 7, 8, 9, 9, 8 + 1, 9, 9])
    expect(rooms.render!()).toBe('. . # . .\n. . . . x\n# . # . #\n. . . . .\n. . # . G\n')
  })

  it('has a way of the same length through the rooms, at any size', () => {
    for (let size = 5; size <= 12; size++) {
      const env = sparseGrid.make({ size, walls: 'rooms' })
      env.reset({ seed: 0 })
      const lines = env.render!()
        .split('\n')
        .map((line) => line.split(' '))
      const reach = Array.from({ length: size }, () => new Array<boolean>(size).fill(false))
      for (let r = 0; r < size; r++) {
        for (let c = 0; c < size; c++)
          reach[r]![c] = lines[r]![c] !== '#' && ((r === 0 && c === 0) || !!reach[r - 1]?.[c] || !!reach[r]![c - 1])
      }
      expect(reach[size - 1]![size - 1]).toBe(true)
    }
  })

  it('slips to random moves at the given rate', () => {
    const vector = sparseGrid.makeVector!(2000, { options: { slip: 0.5 } })
    void vector.reset({ seeds: 0 })
    vector.columns.actions[0]!.data.fill(1)
    void vector.step()
    const moved = vector.columns.observations[0]!.data as Int32Array
    const share = (cell: number) => moved.reduce((sum, at) => sum + Number(at === cell), 0) / 2000
    expect([share(1), share(8), share(0)].map((x) => Math.abs(Math.round(x * 40) / 40))).toEqual([0.625, 0.125, 0.25])
  })

  it('tells positions in [0, 1], and refuses rooms that are too small', () => {
    const env = sparseGrid.make({ size: 5, observation: 'position' })
    env.reset({ seed: 0 })
    env.step(1)
    expect((env.step(2) as Step).observation).toEqual(new Float32Array([0.25, 0.25]))
    expect(() => sparseGrid.make({ size: 4, walls: 'rooms' })).toThrow(/size >= 5/)
  })
})

describe('Chain-v0', () => {
  it('gives 1 at the far end after length - 1 steps to the right', () => {
    const { total, steps, terminated, outcome } = episode(chain, { length: 12 }, 0, () => 1)
    expect([total, steps, terminated, outcome]).toEqual([1, 11, true, 1])
  })

  it('stops at the near end, and is cut off after ten steps per state', () => {
    const { total, steps, truncated, outcome, observation } = episode(chain, { length: 12 }, 0, () => 0)
    expect([total, steps, truncated, outcome, observation]).toEqual([0, 120, true, 0, 0])
  })
})

describe('BlindCliffwalk-v0', () => {
  it('gives 1 for every right action, nothing after the first wrong one', () => {
    const right = (state: unknown) => (state as number) % 2
    expect(episode(blindCliffwalk, {}, 0, right)).toMatchObject({ total: 1, steps: 8, terminated: true, outcome: 1 })
    for (let wrong = 0; wrong < 8; wrong++) {
      const policy = (state: unknown) => right(state) ^ Number(state === wrong)
      const result = episode(blindCliffwalk, {}, 0, policy)
      expect(result).toMatchObject({ total: 0, steps: wrong + 1, terminated: true, outcome: 0 })
    }
  })
})

it('random play returns what the README says', () => {
  expect(Math.abs(randomReturn(bitFlip, 4000) - -9.95)).toBeLessThan(0.03)
  expect(Math.abs(randomReturn(sparseGrid, 3000) - 0.24)).toBeLessThan(0.04)
  expect(Math.abs(randomReturn(chain, 3000) - 0.339)).toBeLessThan(0.04)
  expect(Math.abs(randomReturn(blindCliffwalk, 20_000) - 2 ** -8)).toBeLessThan(0.002)
})

describe('CueRecall-v0', () => {
  it('shows the cue once, asks for it after the delay, and pays for it alone', () => {
    const cues = new Set<number>()
    for (let seed = 0; seed < 40; seed++) {
      const seen: number[] = []
      const recall = (right: boolean) => {
        seen.length = 0
        return episode(cueRecall, { cues: 3, delay: 2 }, seed, (observation) => {
          seen.push(observation as number)
          return right ? seen[0]! - 1 : seen[0]! % 3
        })
      }
      expect(recall(false).total).toBe(0)
      expect(recall(true)).toMatchObject({ total: 1, outcome: 1, steps: 4 })
      expect(seen).toEqual([seen[0], 0, 0, 4])
      cues.add(seen[0]!)
    }
    expect([...cues].sort()).toEqual([1, 2, 3])
  })
})
