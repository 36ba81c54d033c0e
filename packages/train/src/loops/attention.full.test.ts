/** What attention is for: FormDesk's elements, imitated from the same episodes in the same number of steps. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeFormDeskEpisodes } from '../testing/form-desk-episodes.ts'
import { train } from '../train.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-attention-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

it('learns more of the same demonstrations than a perceptron', async () => {
  const envOptions = { windows: 1, goals: 1 }
  const episodes = writeFormDeskEpisodes(join(root, 'episodes.yaml'), 400, envOptions)
  const success = async (policy: string) => {
    const set = { policy, episodes, learningRate: 3e-3, minibatches: 8, evalEvery: 0, finalEpisodes: 200 }
    const options = { algo: 'bc', env: 'FormDesk-v0', envOptions, seed: 1, executor: 'wasm', steps: 60_000 }
    return (await train({ ...options, out: join(root, policy), set })).result!.successRate!
  }
  const mlp = await success('mlp')
  const attention = await success('attention')
  expect(mlp).toBeLessThan(0.6)
  expect(attention).toBeGreaterThan(mlp + 0.1)
}, 300_000)
