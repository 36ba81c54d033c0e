import type { StepResult } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { measureBaseline, toolChain, toolChainOptimum, toolWorld } from './index.ts'

const defaults = {
  tools: 8,
  capabilities: 4,
  length: 6,
  tasks: 400,
  firstTask: 0,
  families: 4,
  similarity: 0.6,
  world: 3,
}

describe('toolWorld', () => {
  it('has chains that can be called in order', () => {
    const { needs, gives, chains } = toolWorld(defaults)
    let broken = 0
    for (let task = 0; task < 400; task++) {
      let held = 0
      for (const tool of chains.subarray(task * 6, task * 6 + 6)) {
        if (needs[tool]! >= 0 && ((held >> needs[tool]!) & 1) === 0) broken++
        held |= 1 << gives[tool]!
      }
    }
    expect(broken).toBe(0)
  })

  it.each([0, 0.6, 1])('makes tasks of a family alike, %f, and others not', (similarity) => {
    const { chains, descriptions } = toolWorld({ ...defaults, similarity })
    let alike = 0
    let strange = 0
    let shared = 0
    let sharedByChance = 0
    for (let i = 0; i < 200; i++) {
      const dot = (j: number) => {
        let sum = 0
        for (let k = 0; k < 16; k++) sum += descriptions[16 * i + k]! * descriptions[16 * j + k]!
        return sum
      }
      const links = (j: number) => chains.subarray(6 * i, 6 * i + 6).filter((t, k) => t === chains[6 * j + k]).length
      alike += dot(i + 100) / 200
      strange += Math.abs(dot(i + 101)) / 200
      shared += links(i + 100) / 1200
      sharedByChance += links(i + 101) / 1200
    }
    expect(Math.abs(alike - similarity)).toBeLessThan(0.08)
    expect(strange).toBeLessThan(0.45)
    if (similarity === 1) expect(shared).toBeCloseTo(1, 9)
    if (similarity === 0) expect(Math.abs(shared - sharedByChance)).toBeLessThan(0.08)
    if (similarity === 0.6) expect(shared).toBeGreaterThan(sharedByChance + 0.1)
  })

  it('gives a task the same chain and id whatever subset it is in', () => {
    const { chains } = toolWorld(defaults)
    const part = toolWorld({ ...defaults, tasks: 5, firstTask: 40 })
    expect(part.chains).toEqual(chains.slice(40 * 6, 45 * 6))
    const idOf = (options: Record<string, number>) =>
      (toolChain.make(options).reset({ seed: 0, options: { task: 41 } }) as { taskId: number }).taskId
    expect(idOf({ tasks: 5, firstTask: 40 })).toBe(idOf({ tasks: 64 }))
    expect(idOf({ tasks: 64, world: 1 })).not.toBe(idOf({ tasks: 64 }))
  })
})

describe('ToolChain-v0', () => {
  it('forgives as many mistakes as it says', () => {
    const env = toolChain.make({ errorRate: 0, mistakes: 2, tasks: 1, firstTask: 5, steps: 9 })
    const { chains } = toolWorld({
      ...defaults,
      length: 4,
      tasks: 1,
      firstTask: 5,
      families: 8,
      similarity: 0.75,
      world: 0,
    })
    const wrong = (at: number) => (chains[at] === 0 ? 1 : 0)
    const play = (actions: number[]) => {
      env.reset({ seed: 0 })
      return actions.map((action) => env.step(action) as StepResult<unknown>)
    }
    const [a, b, c, d] = chains as unknown as [number, number, number, number]
    const won = play([wrong(0), a, wrong(1), b, c, d])
    expect(won.map(({ reward }) => reward)).toEqual([0, 0, 0, 0, 0, 1])
    expect(won.at(-1)).toMatchObject({ terminated: true, outcome: 1 })
    const lost = play([a, wrong(1), wrong(1), wrong(1)])
    expect(lost.map(({ terminated }) => terminated)).toEqual([false, false, false, true])
    expect(lost.at(-1)).toMatchObject({ outcome: 0, reward: 0 })
  })

  it('has an optimum that the expert attains', () => {
    expect(toolChainOptimum(2, 2, 0.5)).toBe(0.25)
    expect(toolChainOptimum(1, 3, 0.5)).toBe(0.875)
    const options = { errorRate: 0.5, steps: 8 }
    const { outcome, error } = measureBaseline(toolChain, 'expert', { options, episodes: 1280 })
    expect(Math.abs(outcome - toolChainOptimum(4, 8, 0.5))).toBeLessThan(4 * error)
  })
})
