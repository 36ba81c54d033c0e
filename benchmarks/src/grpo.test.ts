import { expect, it } from 'vitest'
import { runGrpo } from './grpo.ts'

it('refuses too few iterations, before anything is trained', async () => {
  await expect(runGrpo(['--iterations', '2'])).rejects.toThrow(/--iterations 2 is no integer >= 3/)
})
