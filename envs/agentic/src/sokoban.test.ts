import type { EnvOptions, StepResult } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { demonstrate, measureBaseline, sokoban, sokoban8x8 } from './index.ts'

type Cells = Int32Array

/** The shortest solution by plain forward search over the grid, or -1. */
function solve(cells: Cells, size: number): number {
  const start = cells.join('')
  const distance = new Map([[start, 0]])
  const queue = [start]
  for (const now of queue) {
    if (!now.includes('4')) return distance.get(now)!
    const player = now.search(/[56]/)
    for (const step of [-size, size, -1, 1]) {
      const next = [...now]
      const ahead = player + step
      const beyond = ahead + step
      const box = now[ahead] === '3' || now[ahead] === '4'
      if (now[ahead] === '0' || (box && now[beyond] !== '1' && now[beyond] !== '2')) continue
      if (box) next[beyond] = now[beyond] === '2' ? '3' : '4'
      next[ahead] = now[ahead] === '2' || now[ahead] === '3' ? '6' : '5'
      next[player] = now[player] === '6' ? '2' : '1'
      const key = next.join('')
      if (distance.has(key)) continue
      distance.set(key, distance.get(now)! + 1)
      queue.push(key)
    }
  }
  return -1
}

describe('Sokoban levels', () => {
  it.each([
    [sokoban, {}, 60],
    [sokoban, { size: 7, boxes: 2, steps: 25, minMoves: 6, maxMoves: 15 }, 15],
    [sokoban8x8, {}, 8],
  ] as [typeof sokoban, EnvOptions, number][])(
    'have the shortest solution that they say (%#)',
    (definition, options, levels) => {
      const env = definition.make(options)
      const size = (options['size'] as number | undefined) ?? (definition === sokoban ? 6 : 8)
      const boxes = (options['boxes'] as number | undefined) ?? (definition === sokoban ? 1 : 2)
      for (let seed = 0; seed < levels; seed++) {
        const { observation } = env.reset({ seed }) as { observation: Cells }
        const said = (env.snapshot!() as { state: Float64Array }).state[1]!
        expect(solve(observation, size)).toBe(said)
        expect(said).toBeGreaterThanOrEqual(
          (options['minMoves'] as number | undefined) ?? (definition === sokoban ? 3 : 8),
        )
        expect(said).toBeLessThanOrEqual((options['maxMoves'] as number | undefined) ?? env.spec.maxEpisodeSteps!)
        // Boxes and targets, as many as asked, apart, inside a wall.
        const count = (codes: number[]) => observation.reduce((n, code) => n + Number(codes.includes(code)), 0)
        expect([count([4]), count([3]), count([2, 6]), count([5, 6])]).toEqual([boxes, 0, boxes, 1])
        for (let i = 0; i < size; i++) {
          for (const edge of [i, size * (size - 1) + i, i * size, i * size + size - 1])
            expect(observation[edge]).toBe(0)
        }
        const { actions, outcome, rewards } = demonstrate(definition, seed, options)
        expect([actions.length, outcome]).toEqual([said, 1])
        expect(rewards.at(-1)).toBeCloseTo(10.9, 12)
      }
    },
  )

  it('differ between seeds', () => {
    const env = sokoban8x8.make()
    const levels = Array.from({ length: 30 }, (_, seed) =>
      String((env.reset({ seed }) as { observation: Cells }).observation),
    )
    expect(new Set(levels).size).toBe(30)
  })
})

describe('Sokoban rules', () => {
  it('pay 1 for a box on a target, take it back, and stop at walls', () => {
    // The only box of some level is pushed on and off its target where there is room for both.
    const env = sokoban.make({ boxes: 2, steps: 60, minMoves: 3, maxMoves: 60 })
    env.actionSpace.seed(1)
    const seen = new Set<string>()
    let cells = (env.reset({ seed: 0 }) as { observation: Cells }).observation
    for (let i = 0; i < 6000; i++) {
      const { observation, reward, terminated, truncated } = env.step(env.actionSpace.sample()) as StepResult<Cells>
      const on = (of: Cells) => of.reduce((n, code) => n + Number(code === 3), 0)
      const change = on(observation) - on(cells)
      expect(reward).toBeCloseTo(-0.1 + change + (terminated ? 10 : 0), 12)
      seen.add(`${change}${terminated}`)
      cells = terminated || truncated ? (env.reset() as { observation: Cells }).observation : observation
    }
    expect([...seen].sort()).toEqual(['-1false', '0false', '1false', '1true'])
  })

  it('refuse difficulties that no episode can hold', () => {
    expect(() => sokoban.make({ minMoves: 11 })).toThrow(/minMoves/)
    expect(() => sokoban.make({ maxMoves: 11 })).toThrow(/maxMoves/)
    expect(() => sokoban8x8.make({ size: 10, boxes: 3 })).toThrow(/boxes = 3/)
    expect(() => sokoban.make({ size: 5, steps: 500, minMoves: 400 }).reset({ seed: 0 })).toThrow(/no level of 400/)
  })

  it('random moves solve few levels', () => {
    expect(measureBaseline(sokoban, 'random', { episodes: 1280 }).outcome).toBeLessThan(0.15)
  })
})
