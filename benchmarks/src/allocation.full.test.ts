import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { agentic } from '@reprise/agentic'
import { classicControl } from '@reprise/classic-control'
import { diagnostic } from '@reprise/diagnostic'
import { toyText } from '@reprise/toy-text'
import { expect, it } from 'vitest'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const WIDTH = 64
const CHUNK = 200_000

it.each([...classicControl, ...toyText, ...diagnostic, ...agentic])(
  '$spec.id allocates nothing per step, resets included',
  async (definition) => {
    const steps = definition.spec.id === 'CartPole-v1' ? 10_000_000 : 2_000_000
    const vector = definition.makeVector!(WIDTH)
    vector.reset({ seeds: 0 })
    const space = vector.singleActionSpace
    space.seed(0)
    for (let row = 0; row < WIDTH; row++) space.write(space.sample(), vector.columns.actions, row)
    const run = (n: number) => {
      for (let i = 0; i < n / WIDTH; i++) void vector.step()
    }
    // The interpreter and the first compilations do allocate, and compiled code arrives from another thread.
    for (let i = 0; i < 10; i++) {
      run(CHUNK)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    collect()
    const start = process.memoryUsage().heapUsed
    const perStep: number[] = []
    for (let done = 0; done < steps; done += CHUNK) {
      const before = process.memoryUsage().heapUsed
      run(CHUNK)
      perStep.push((process.memoryUsage().heapUsed - before) / CHUNK)
    }
    collect()
    const growth = process.memoryUsage().heapUsed - start
    perStep.sort((a, b) => a - b)
    // One boxed number in every step would be 16 bytes. Blackjack draws its cards with Pcg64.integers, where V8 boxes
    // the half of all words that exceed 31 bits. Task ids have 53: a boxed number per episode, and some are short.
    const boxes = definition.spec.id === 'Blackjack-v1' || agentic.includes(definition)
    expect(perStep[perStep.length >> 1]).toBeLessThan(boxes ? 16 : 0.1)
    expect(growth).toBeLessThan(500_000)
  },
)
