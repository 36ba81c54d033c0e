/** How processes and worker threads end that opened TensorFlow. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { tensorFlowMissing } from './testing/missing.ts'

const MAIN = join(import.meta.dirname, 'testing', 'process-main.mjs')

describe.skipIf(tensorFlowMissing)('a process', { timeout: 240_000 }, () => {
  it.each([
    ['with nothing more to do', 'end', 0],
    ['that calls process.exit(3)', 'exit', 3],
    ['that throws', 'throw', 1],
  ])('%s ends with its own exit code', (_, how, code) => {
    const { status, signal, stdout } = spawnSync(process.execPath, [MAIN, how], { encoding: 'utf8', timeout: 200_000 })
    expect({ status, signal, stdout }).toEqual({ status: code, signal: null, stdout: '20\n' })
  })
})

/** Resolves to what the thread said and its exit code. */
function runThread(how: string, terminateAfterWord = false): Promise<{ word: string; code: number }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(MAIN, { workerData: how })
    let word = ''
    worker.on('message', (text: string) => {
      word = text
      if (terminateAfterWord) void worker.terminate()
    })
    worker.on('error', reject)
    worker.on('exit', (code) => resolve({ word, code }))
  })
}

describe.skipIf(tensorFlowMissing)('a worker thread', { timeout: 240_000 }, () => {
  it('starts, computes and ends, again and again', async () => {
    for (let i = 0; i < 3; i++) expect(await runThread(i === 1 ? 'end' : 'eager')).toEqual({ word: '20', code: 0 })
  })
  it('may be stopped in the midst of it', async () => {
    expect(await runThread('busy', true)).toEqual({ word: '20', code: 1 })
    expect(await runThread('eager')).toEqual({ word: '20', code: 0 })
  })
})
