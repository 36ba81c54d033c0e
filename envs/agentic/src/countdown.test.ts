import type { StepResult } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { CountdownReach } from './countdown-solver.ts'
import { AnswerReader } from './countdown-text.ts'
import { COUNTDOWN_TOKENS, countdown, demonstrate, solveCountdown } from './index.ts'

const tokensOf = (text: string) =>
  [...text.matchAll(/<\/?\w+>|[\s\S]/g)].map(([token]) => COUNTDOWN_TOKENS.indexOf(token))

function score(text: string, numbers: number[], target: number, rule: 'tinyzero' | 'ragen' = 'tinyzero'): number {
  const tokens = tokensOf(text)
  const state = Float64Array.from([...numbers, ...tokens])
  const { length } = numbers
  const view = { state, at: length, count: tokens.length, numbersAt: 0, numberCount: length }
  return new AnswerReader().score(view, target, rule)
}

describe('the score of a text', () => {
  it.each([
    ['<answer>(3+5)*2</answer>', 1],
    ['12*<answer>3+5</answer><answer>2*(5+3)</answer>', 1],
    ['<answer>2*5+3*2</answer>', 0.1],
    ['<answer>3+5*2</answer>', 0.1],
    ['<answer>8*2</answer>', 0.1],
    ['<answer></answer>', 0.1],
    ['<answer>(3+5)*2', 0],
    ['(3+5)*2', 0],
    ['', 0],
    ['<answer>(3+5)*2</answer>\n', 0],
    ['<answer>1</answer>\n<answer>2*(3+5)</answer>', 1],
    ['<answer>(3+5)*2</answer><answer>3</answer>', 0.1],
    ['<answer>((3+5))*2</answer>', 1],
    ['<answer>-(-3-5)*2</answer>', 1],
    ['<answer>(3+5)*02</answer>', 0.1],
    ['<answer>(3+5)**2</answer>', 0.1],
    ['<answer>(3+5*2</answer>', 0.1],
    ['<answer>3/(5-5)</answer>', 0.1],
  ])('%j is %f', (text, expected) => {
    expect(score(text, [3, 5, 2], 16)).toBe(expected)
  })

  it('divides exactly to 1e-5', () => {
    expect(score('<answer>1/3*3</answer>', [1, 3, 3], 1)).toBe(1)
    expect(score('<answer>1/0*3</answer>', [1, 0, 3], 1)).toBe(0.1)
  })

  it("by RAGEN's rule gives 0.1 only for the right numbers", () => {
    expect(score('<answer>3+5*2</answer>', [3, 5, 2], 16, 'ragen')).toBe(0.1)
    expect(score('<answer>8*2</answer>', [3, 5, 2], 16, 'ragen')).toBe(0)
  })
})

describe('the solver', () => {
  it('finds what can be reached, and an expression for it', () => {
    const reach = new CountdownReach(4, 1000, 6)
    for (const numbers of [
      [3, 5, 2],
      [100, 7, 9, 64],
      [1, 1, 1, 1],
    ]) {
      reach.search(Float64Array.from(numbers), 0, numbers.length)
      let count = 0
      for (let target = 1; target <= 1000; target++) {
        count += reach.reached[target]!
        if (target % 9 !== 0 && reach.reached[target] === 0) continue
        const expression = solveCountdown(numbers, target)
        expect(expression !== undefined).toBe(reach.reached[target] === 1)
        if (expression !== undefined) expect(score(`<answer>${expression}</answer>`, numbers, target)).toBe(1)
      }
      expect(reach.count).toBe(count)
    }
  })
})

describe('Countdown-v0', () => {
  it('has tasks with solutions that its grammar allows', () => {
    for (const options of [{}, { minNumbers: 4 }, { operators: 'additive' }, { minNumbers: 2, maxNumbers: 2 }]) {
      for (let seed = 0; seed < 50; seed++) {
        const { actions, actionMasks, outcome, rewards } = demonstrate(countdown, seed, options)
        expect(actions.every((action, i) => actionMasks[i]![action] === 1)).toBe(true)
        expect([outcome, rewards.at(-1), rewards.slice(0, -1).every((r) => r === 0)]).toEqual([1, 1, true])
      }
    }
  })

  it('ends every text that its grammar allows with an answer in time', () => {
    const env = countdown.make({ minNumbers: 4 })
    env.actionSpace.seed(0)
    for (let seed = 0; seed < 300; seed++) {
      let last = env.reset({ seed }) as { actionMask?: ArrayLike<number> }
      let result: StepResult<Int32Array>
      do {
        result = env.step(env.actionSpace.sample(last.actionMask)) as StepResult<Int32Array>
        last = result
      } while (!result.terminated)
      expect(result.reward).toBeGreaterThanOrEqual(0.1)
      expect(result.outcome).toBe(result.reward === 1 ? 1 : 0)
      expect(result.observation).toContain(COUNTDOWN_TOKENS.indexOf('<end>'))
    }
  })

  it('shows the task as digits and the text so far', () => {
    const env = countdown.make()
    const { observation } = env.reset({ seed: 3 }) as { observation: Int32Array }
    const [task] = env.render!().split(':')
    const numbers = task!.match(/\d+/g)!
    const digits = (from: number, to: number) =>
      Array.from(observation.slice(from, to))
        .filter((d) => d < 10)
        .join('')
    expect([0, 3, 6, 9].map((i) => digits(i, i + 3)).filter((text) => text !== '')).toEqual(numbers.slice(0, -1))
    expect(digits(12, 16)).toBe(numbers.at(-1))
    const written = (env.step(COUNTDOWN_TOKENS.indexOf('<answer>')) as StepResult<Int32Array>).observation
    expect(Array.from(written.slice(16, 18))).toEqual([17, 20])
  })

  it('pays 0.1 for any tag where no grammar holds: the trap', () => {
    const env = countdown.make({ grammar: 'none' })
    env.reset({ seed: 0 })
    env.step(17)
    env.step(18)
    expect(env.step(19)).toMatchObject({ reward: 0.1, outcome: 0, terminated: true })
  })
})
