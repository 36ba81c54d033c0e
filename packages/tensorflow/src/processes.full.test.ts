/** Bar: worker threads that open TensorFlow start and stop 50 times without a crash. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tensorFlowMissing } from './testing/missing.ts'

const MAIN = join(import.meta.dirname, 'testing', 'threads-main.mjs')

// In a process of its own: a crash of a thread is one of the process.
test.skipIf(tensorFlowMissing)('50 worker threads start, compute and stop, some in the midst of it', () => {
  const { status, signal, stdout } = spawnSync(process.execPath, [MAIN, '50'], { encoding: 'utf8' })
  expect({ status, signal }).toEqual({ status: 0, signal: null })
  const { finished, resident } = JSON.parse(stdout) as { finished: number; resident: number[] }
  expect(finished).toBe(50)
  console.log(`resident MB after each tenth thread: ${resident.join(' ')}`)
})
