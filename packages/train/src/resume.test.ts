/** Resume equals never having stopped: in process by an abort, and across a SIGKILL between two checkpoints. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resume } from './resume.ts'
import { listCheckpoints } from './run/checkpoint.ts'
import { readResult } from './run/run-folder.ts'
import { rowsOf, trainChild } from './testing/kill.ts'
import { train } from './train.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-resume-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function expectEqualRuns(a: string, b: string): void {
  expect(readResult(b)!.parameterHash).toBe(readResult(a)!.parameterHash)
  expect(readResult(b)!.returns).toEqual(readResult(a)!.returns)
  for (const file of ['metrics.jsonl', 'eval.jsonl']) expect(rowsOf(b, file)).toEqual(rowsOf(a, file))
}

const cases = {
  ppo: {
    algo: 'ppo',
    env: 'CartPole-v1',
    steps: 4096,
    set: { numEnvs: 4, numSteps: 64, epochs: 2, batchSize: 64, normalizeObservation: true, normalizeReward: true },
  },
  dqn: {
    algo: 'dqn',
    env: 'CartPole-v1',
    steps: 3000,
    preset: false,
    set: { numEnvs: 2, learningStarts: 200, trainEvery: 2, hidden: [16], replay: 'prioritized', nSteps: 3 },
  },
  sac: {
    algo: 'sac',
    env: 'Pendulum-v1',
    steps: 3000,
    preset: false,
    set: { learningStarts: 200, trainEvery: 4, batchSize: 32, hidden: [16], gsde: true, capacity: 1000 },
  },
  grpo: { algo: 'grpo', env: 'CartPole-v1', steps: 4096, set: { groups: 2, groupSize: 4, tasks: '5' } },
} as const
const shared = { checkpointEvery: 1500, evalEvery: 1000, evalEpisodes: 3, finalEpisodes: 5, tensorboard: false }

describe.each(Object.entries(cases))('resume of %s', (name, { set, ...options }) => {
  it('after an abort gives the parameters and metrics of a run that was not stopped', async () => {
    const whole = join(root, `${name}-whole`)
    await train({ ...options, set: { ...shared, ...set }, out: whole })
    const parts = join(root, `${name}-parts`)
    const controller = new AbortController()
    const reporter = {
      start() {},
      log: (_row: unknown, step: number) => step > 1800 && controller.abort(),
      evaluation() {},
      message() {},
      checkpoint() {},
      done() {},
    }
    const stopped = await train({
      ...options,
      set: { ...shared, ...set },
      out: parts,
      ui: reporter,
      signal: controller.signal,
    })
    expect(stopped.result).toBeUndefined()
    expect(stopped.step).toBeLessThan(options.steps)
    const finished = await resume(parts)
    expect(finished.result!.steps).toBeGreaterThanOrEqual(options.steps)
    expectEqualRuns(whole, parts)
    await expect(resume(parts)).rejects.toMatchObject({ code: 'RPR_USAGE' })
  })

  it('after SIGKILL between two checkpoints does too, with no row twice', async () => {
    const whole = join(root, `${name}-whole`)
    const killed = join(root, `${name}-killed`)
    // The executor by name: a child would choose its own where tests are run on another.
    const { executor } = readResult(whole)!
    await killBetweenCheckpoints({ ...options, executor, set: { ...shared, ...set }, out: killed })
    expect(existsSync(join(killed, 'result.json'))).toBe(false)
    await resume(killed)
    expectEqualRuns(whole, killed)
    const steps = rowsOf(killed, 'metrics.jsonl').map((row) => row['step'])
    expect(new Set(steps).size).toBe(steps.length)
    expect(readdirSync(join(killed, 'set-aside')).some((file) => file.startsWith('metrics.jsonl'))).toBe(true)
  })
})

describe('a run that logs seldom', () => {
  it('has the same rows after it was stopped between two of them', async () => {
    const options = {
      ...cases.ppo,
      set: { ...shared, ...cases.ppo.set, evalEvery: 4000, logEvery: 1000 },
    }
    const whole = join(root, 'seldom-whole')
    await train({ ...options, out: whole })
    const parts = join(root, 'seldom-parts')
    const controller = new AbortController()
    const told: string[] = []
    const reporter = {
      start: () => told.push('start'),
      log() {},
      evaluation() {},
      message() {},
      checkpoint(path: string) {
        told.push(basename(path))
        if (path.endsWith('1536')) controller.abort()
      },
      done() {},
    }
    const stopped = await train({ ...options, out: parts, ui: reporter, signal: controller.signal })
    expect(stopped.step).toBe(1536)
    expect(told).toEqual(['start', '1536'])
    await resume(parts)
    expect(rowsOf(whole, 'metrics.jsonl').map((row) => row['step'])).toEqual([1024, 2048, 3072, 4096])
    expectEqualRuns(whole, parts)
  })
})

describe('a finished run that is extended', () => {
  it('is not finished where it was stopped before its new score', async () => {
    const out = join(root, 'extended')
    const quick = { numEnvs: 2, numSteps: 32, batchSize: 64, tensorboard: false, evalEvery: 0, finalEpisodes: 2 }
    await train({ algo: 'ppo', env: 'CartPole-v1', steps: 64, preset: false, set: quick, out })
    const former = readFileSync(join(out, 'result.json'), 'utf8')
    await resume(out, { steps: 128 })
    // As if it had been killed after its last checkpoint: the result is still the former one.
    writeFileSync(join(out, 'result.json'), former)
    expect((await resume(out)).result!.steps).toBe(128)
    expect(readResult(out)!.steps).toBe(128)
    await expect(resume(out)).rejects.toMatchObject({ code: 'RPR_USAGE' })
  })
})

/** Trains in a child process and kills it once a row lies beyond the newest checkpoint. */
async function killBetweenCheckpoints(options: Record<string, unknown> & { out: string }): Promise<void> {
  const { child, exited } = trainChild(options)
  const deadline = Date.now() + 300_000
  for (;;) {
    if (Date.now() > deadline) throw new Error('The child wrote no row beyond its first checkpoints in time')
    await new Promise((resolve) => setTimeout(resolve, 2))
    if (!existsSync(join(options.out, 'metrics.jsonl'))) continue
    const text = readFileSync(join(options.out, 'metrics.jsonl'), 'utf8')
    const last = /"step":(\d+)[^\n]*\n$/.exec(text)?.[1]
    const checkpoint = listCheckpoints(join(options.out, 'checkpoints')).at(-1)
    if (last !== undefined && checkpoint !== undefined && checkpoint > 0 && Number(last) > checkpoint) break
  }
  child.kill('SIGKILL')
  await exited
}
