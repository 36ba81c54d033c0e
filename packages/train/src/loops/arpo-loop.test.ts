/** ARPO and the other rules of replay through the training loop itself: that is where replay has silently failed elsewhere. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arpo, type EpisodeGroups, type GroupAlgorithm } from '@reprise/algorithms'
import type { Executor } from '@reprise/backend'
import { resolveOptions } from '@reprise/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolveRun } from '../config/resolve.ts'
import { buildLearner } from '../learner.ts'
import { resume } from '../resume.ts'
import { EpisodeWindow } from '../run/episode-window.ts'
import { generatorOf } from '../run/seeds.ts'
import { HiddenCode, SilentCode } from '../testing/hidden-code.ts'
import { rowsOf } from '../testing/kill.ts'
import { train } from '../train.ts'
import { Failures } from './failures.ts'
import { GroupLoop } from './group-loop.ts'
import { PhaseTimer } from './phase-timer.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-arpo-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const small = { groups: 4, groupSize: 4, minibatches: 2, hidden: [8], tasks: 5 }
const quick = { ...small, evalEvery: 0, finalEpisodes: 1, tensorboard: false, checkpointEvery: 0 }
type Row = Record<string, number>
const metrics = (folder: string) => rowsOf(folder, 'metrics.jsonl') as Row[]

/** Without what a clock or the machine decides. */
const untimed = (rows: readonly Row[]) =>
  rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !/^(time|memory)/.test(name))))

const run = (name: string, set: object, more: { algo?: string; env?: unknown; preset?: string; steps?: number } = {}) =>
  train({
    ...{ algo: 'arpo', env: HiddenCode as never, executor: 'eager:cpu', steps: 480, out: join(root, name) },
    ...(more as object),
    set: { ...quick, ...set },
  })

interface Spied {
  readonly events: string[]
  readonly fresh: EpisodeGroups[]
  readonly trained: EpisodeGroups[]
}

/** A loop whose algorithm and executor tell what they are asked. */
async function spied(set: Record<string, unknown> = {}) {
  const resolved = await resolveRun(
    { algo: 'arpo', env: HiddenCode, executor: 'eager:cpu', set: { ...small, ...set } },
    'api',
  )
  const seen: Spied = { events: [], fresh: [], trained: [] }
  const algorithm = {
    ...arpo,
    judge(episodes: EpisodeGroups, options: never) {
      seen.events.push('score')
      seen.fresh.push(structuredClone(episodes))
      return arpo.judge!(episodes, options)
    },
    prepare(episodes: EpisodeGroups, context: never) {
      seen.events.push('advantages')
      seen.trained.push(episodes)
      return arpo.prepare(episodes, context)
    },
  } as unknown as GroupAlgorithm
  const learner = await buildLearner(resolved)
  const { executor } = learner
  const watched = Object.create(executor) as Executor
  watched.act = (inputs) => {
    if (seen.events.at(-1) !== 'rollout') seen.events.push('rollout')
    return executor.act(inputs)
  }
  watched.score = (inputs) => {
    seen.events.push('recompute')
    return executor.score(inputs)
  }
  for (const name of ['updates', 'save', 'load'] as const) {
    watched[name] = ((argument: never) => {
      if (name === 'updates') seen.events.push('update')
      return executor[name](argument)
    }) as never
  }
  const loop = new GroupLoop(
    {
      ...{ ...learner, executor: watched, algorithm, options: resolved.algorithmOptions },
      ...{ episodes: new EpisodeWindow(), timer: new PhaseTimer(), failures: new Failures(() => {}), totalSteps: 1000 },
      rng: {
        actions: generatorOf(1, 'actions'),
        minibatches: generatorOf(1, 'minibatches'),
        environments: generatorOf(1, 'environments'),
        replay: generatorOf(1, 'replay'),
      },
    },
    algorithm,
    '5',
  )
  await loop.start()
  return { loop, seen, executor }
}

const optionsOf = (set: Record<string, unknown>) =>
  resolveOptions(arpo.options, [{ source: 'api', values: set }]).values as never

it.each(['recompute', 'stored'])(
  'enabled false is GRPO with the same options, bit for bit: oldLogProb %s',
  async (oldLogProb) => {
    const set = { klCoef: 0.01, oldLogProb }
    const shared = { clipHigh: 0.3, dualClip: 3, advantageEpsilon: 1e-6 }
    const named = (name: string) => `${name}-${oldLogProb}`
    const grpo = await run(named('grpo'), { ...set, ...shared }, { algo: 'grpo' })
    const off = await run(named('off'), { ...set, enabled: false })
    const on = await run(named('on'), set)
    expect(off.result!.parameterHash).toBe(grpo.result!.parameterHash)
    expect(untimed(metrics(off.folder))).toEqual(untimed(metrics(grpo.folder)))
    expect(on.result!.parameterHash).not.toBe(grpo.result!.parameterHash)
    // `never` stores and counts, and changes nothing else.
    const never = await run(named('never'), { ...set, trigger: 'never' })
    expect(never.result!.parameterHash).toBe(grpo.result!.parameterHash)
  },
)

it('rollout, score, detect and inject, insert, recompute, advantages, update: in this order', async () => {
  const { loop, seen } = await spied()
  const orders = new Set<string>()
  for (let i = 0; i < 25; i++) {
    seen.events.length = 0
    const { metrics } = await loop.iterate(0)
    orders.add(`${metrics['replay/injected_fraction']! > 0}: ${seen.events.join(' ')}`)
  }
  expect(orders).toContain('true: rollout score recompute advantages update')
  for (const order of orders)
    expect(order).toMatch(
      /^(true: rollout score recompute advantages update|false: rollout score (advantages|recompute advantages update))$/,
    )
  await loop.close()
})

it('holds the invariants of replay in every batch that is trained on', async () => {
  const { loop, seen, executor } = await spied()
  let injections = 0
  const known = new Set<string>()
  const rowsOfEpisode = ({ columns, offsets, taskIds }: EpisodeGroups, e: number) =>
    `${taskIds[e]} ${[...columns['action']!.subarray(offsets[e]!, offsets[e + 1]!)]}`
  for (let i = 0; i < 40; i++) {
    const before = await executor.save()
    const { metrics } = await loop.iterate(0)
    const [fresh, trained] = [seen.fresh[i]!, seen.trained[i]!]
    expect([...trained.group]).toEqual([...fresh.group])
    expect([...trained.taskIds]).toEqual([...fresh.taskIds])
    expect(metrics['reward/fresh_mean']).toBeCloseTo(fresh.returns.reduce((a, b) => a + b) / 16, 9)
    expect(metrics['reward/mean']).toBe(metrics['reward/fresh_mean'])
    expect(metrics['reward/train_mean']).toBeCloseTo(trained.returns.reduce((a, b) => a + b) / 16, 9)
    const replayed = trained.replay?.replayed ?? new Uint8Array(16)
    for (let e = 0; e < 16; e++) {
      const group = [...fresh.outcomes].filter((_, other) => fresh.group[other] === fresh.group[e])
      if (!replayed[e]) {
        expect(rowsOfEpisode(trained, e)).toBe(rowsOfEpisode(fresh, e))
        continue
      }
      injections++
      // The first of a group without success, a success of its own task from an earlier iteration.
      expect([e % 4, Math.max(...group), trained.outcomes[e]]).toEqual([0, 0, 1])
      expect(known.has(rowsOfEpisode(trained, e))).toBe(true)
      const [from, to] = [trained.offsets[e]!, trained.offsets[e + 1]!]
      const { observation, action, logProb } = trained.columns
      const after = await executor.save()
      await executor.load(before)
      const { logProb: now } = await executor.score({
        observation: observation!.subarray(from * 2, to * 2),
        action: action!.subarray(from, to),
      })
      const stored = logProb!.subarray(from, to)
      // TensorFlow rounds otherwise where a batch has another number of rows.
      if (!executor.name.includes('tensorflow')) expect([...stored]).toEqual([...now!])
      else for (const [row, value] of stored.entries()) expect(now![row]).toBeCloseTo(value, 5)
      await executor.load(after)
    }
    for (let e = 0; e < 16; e++) if (fresh.outcomes[e] === 1) known.add(rowsOfEpisode(fresh, e))
  }
  expect(injections).toBeGreaterThan(5)
  await loop.close()
})

it('a resumed run goes on as if it had never stopped, its stored episodes included', async () => {
  const whole = await run('whole', {}, { steps: 640 })
  const half = await run('half', {}, { steps: 320 })
  const resumed = await resume(half.folder, { steps: 640, env: HiddenCode as never })
  expect(resumed.result!.parameterHash).toBe(whole.result!.parameterHash)
  expect(untimed(metrics(half.folder))).toEqual(untimed(metrics(whole.folder)))
  expect(metrics(whole.folder).some((row) => row['replay/groups_rescued']! > 0)).toBe(true)
})

describe('what success is', () => {
  it('an environment without outcomes is refused, unless outcomeFrom says what success is', async () => {
    await expect(run('silent', {}, { env: SilentCode })).rejects.toMatchObject({
      code: 'RPR_ENV_UNSUPPORTED',
      message: expect.stringContaining('outcomeFrom'),
    })
    const mapped = await run('mapped', { outcomeFrom: 'return>0' }, { env: SilentCode })
    const told = await run('told', {})
    expect(mapped.result!.parameterHash).toBe(told.result!.parameterHash)
    await expect(run('bad', { outcomeFrom: 'reward>0' })).rejects.toMatchObject({ code: 'RPR_OPTION_RANGE' })
  })

  it('dynamic sampling: what was played in an iteration is replayed in none of its batches', async () => {
    const { loop, seen } = await spied({ maxBatches: 4 })
    const known = new Set<string>()
    const of = ({ columns, offsets, taskIds }: EpisodeGroups, e: number) =>
      `${taskIds[e]} ${[...columns['action']!.subarray(offsets[e]!, offsets[e + 1]!)]}`
    let replays = 0
    for (let i = 0; i < 12; i++) {
      const from = seen.fresh.length
      await loop.iterate(0)
      const trained = seen.trained[i]!
      trained.replay?.replayed.forEach((flag, e) => {
        if (!flag) return
        replays++
        expect(known.has(of(trained, e))).toBe(true)
      })
      for (const fresh of seen.fresh.slice(from))
        for (let e = 0; e < fresh.numEpisodes; e++) if (fresh.outcomes[e] === 1) known.add(of(fresh, e))
    }
    expect(replays).toBeGreaterThan(0)
    await loop.close()
  })
})

describe('demonstrations', () => {
  const tasks = () => {
    const path = join(root, 'tasks.yaml')
    writeFileSync(path, [11, 12, 13, 14].map((seed) => `- seed: ${seed}\n`).join(''))
    return path
  }
  const script = (name: string, actions: (seed: number) => unknown) => {
    const path = join(root, name)
    const lines = [11, 12, 13, 14].map((seed) => `- {seed: ${seed}, actions: ${JSON.stringify(actions(seed))}}\n`)
    writeFileSync(path, lines.join(''))
    return path
  }

  it('from a file: played, stored, and replayed in the first batch', async () => {
    const demonstrations = script('actions.yaml', (seed) => HiddenCode.codeOf(seed))
    const { folder } = await run('demos', {
      tasks: tasks(),
      demonstrations,
      insertFresh: false,
      verify: true,
      entropyCoef: 0,
    })
    const [first] = metrics(folder)
    expect(first).toMatchObject({ 'replay/buffer_items': 4, 'replay/refuted': 0 })
    expect(first!['replay/groups_rescued']).toBe(first!['replay/groups_all_fail'])
    expect(first!['replay/groups_rescued']).toBeGreaterThan(0)
  })

  it('refuses actions that are no whole episode', async () => {
    for (const actions of [[0], [0, 1, 2]]) {
      const demonstrations = script('short.yaml', () => actions)
      await expect(run(`short${actions.length}`, { tasks: tasks(), demonstrations })).rejects.toMatchObject({
        code: 'RPR_CONFIG_INVALID',
      })
    }
    await expect(run('missing', { demonstrations: join(root, 'nowhere') })).rejects.toMatchObject({
      code: 'RPR_FILE_MISSING',
    })
  })

  it('from a run: RLEP in its two phases', async () => {
    const pool = await run('pool', { tasks: tasks(), trigger: 'never', capacityPerTask: 64 }, { steps: 640 })
    const second = await run(
      'rlep',
      { tasks: tasks(), demonstrations: pool.folder, groupSize: 4 },
      { preset: 'rlep', steps: 320 },
    )
    const rows = metrics(second.folder)
    expect(rows[0]!['replay/buffer_items']).toBe(metrics(pool.folder).at(-1)!['replay/buffer_items'])
    // Two beside each group of four, where the pool has two.
    expect(Math.max(...rows.map((row) => row['replay/injected_fraction']!))).toBeCloseTo(2 / 6, 9)
    mkdirSync(join(root, 'empty'))
    await expect(run('norun', { demonstrations: join(root, 'empty') })).rejects.toMatchObject({
      code: 'RPR_RUN_INVALID',
    })
  })

  it('LUFFY: one in each group, shaped', async () => {
    const demonstrations = script('expert.yaml', (seed) => HiddenCode.codeOf(seed))
    const { folder } = await run('luffy', { tasks: tasks(), demonstrations }, { preset: 'luffy', steps: 320 })
    for (const row of metrics(folder)) expect(row['replay/injected_fraction']).toBe(1 / 4)
  })
})

describe('presets', () => {
  it('RePO: as many as are stored join a group once its task has enough', async () => {
    const { folder } = await run('repo', { minStored: 8, maxReplayPerGroup: 4 }, { preset: 'repo' })
    const rows = metrics(folder)
    expect(rows[0]!['replay/injected_fraction']).toBe(0)
    expect(rows.at(-1)!['replay/injected_fraction']).toBe(0.5)
    expect(rows.at(-1)!['replay/buffer_items']).toBe(5 * 16)
    expect(rows.at(-1)!['replay/ratio_mean']).not.toBe(1)
  })

  it('imitation: the update of GRPO, and beside each group that failed one stored success, of weight 1', async () => {
    const { loop, seen } = await spied({ replayLoss: 'imitation' })
    let imitated = 0
    for (let i = 0; i < 40; i++) {
      const { metrics } = await loop.iterate(0)
      const [fresh, trained] = [seen.fresh[i]!, seen.trained[i]!]
      const rows = trained.replay?.replayed.filter(Boolean).length ?? 0
      // As many as ARPO injects: one per failed group that has something stored.
      expect(rows).toBe(metrics['replay/groups_rescued'])
      imitated += rows
      expect(trained.numEpisodes).toBe(fresh.numEpisodes + rows)
      const judged = arpo.judge!(trained, optionsOf({ replayLoss: 'imitation' }))
      const alone = arpo.judge!(fresh, optionsOf({ replayLoss: 'imitation' }))
      const kept = Array.from({ length: trained.numEpisodes }, (_, e) => e).filter((e) => !trained.replay?.replayed[e])
      // The fresh groups are judged as if nothing stood beside them.
      expect(kept.map((e) => judged.advantages[e])).toEqual([...alone.advantages])
      expect(kept.map((e) => trained.returns[e])).toEqual([...fresh.returns])
      trained.replay?.replayed.forEach((flag, e) => {
        if (flag) expect([judged.advantages[e], trained.outcomes[e]]).toEqual([1, 1])
      })
    }
    expect(imitated).toBeGreaterThan(5)
    await loop.close()
    // Until the first success is replayed the run is GRPO's, afterwards it is neither GRPO's nor ARPO's.
    const shared = { clipHigh: 0.3, dualClip: 3, advantageEpsilon: 1e-6 }
    const hashes = new Set<string>()
    for (const [algo, set, preset] of [
      ['grpo', shared],
      ['arpo', {}],
      ['arpo', {}, 'imitation'],
    ] as const) {
      const made = await run(`control-${hashes.size}`, set, { algo, ...(preset ? { preset } : {}) })
      hashes.add(made.result!.parameterHash)
    }
    expect(hashes.size).toBe(3)
  })

  it('ExGRPO: half of the groups, once more is solved than the bar', async () => {
    const { folder } = await run('exgrpo', { startAbove: 0.1, learningRate: 0.01 }, { preset: 'exgrpo', steps: 960 })
    const fractions = metrics(folder).map((row) => row['replay/injected_fraction']!)
    expect(fractions[0]).toBe(0)
    expect(Math.max(...fractions)).toBe(2 / 16)
  })

  it('DOTS + RR: half of the batch is whole stored groups, the rest tasks of middle difficulty', async () => {
    const { folder } = await run('dots', {}, { preset: 'dots-rr' })
    const rows = metrics(folder)
    expect(rows[0]!['tasks/drawn_rate_mean']).toBe(0.5)
    expect(rows.at(-1)!['tasks/known']).toBe(5)
    await expect(run('dots-fresh', { tasks: 'fresh' }, { preset: 'dots-rr' })).rejects.toMatchObject({
      code: 'RPR_OPTION_CONFLICT',
    })
    expect([rows[0]!['replay/injected_fraction'], rows.at(-1)!['replay/injected_fraction']]).toEqual([0, 0.5])
    expect(rows.at(-1)!['replay/buffer_tasks']).toBe(5)
    expect(rows[0]!['step']).toBe(2 * 4 * 2)
  })

  it('EFRame: a second round, and an update on what taught most', async () => {
    const { folder } = await run('eframe', { replayEvery: 2, extraEpisodes: 5 }, { preset: 'eframe' })
    const rows = metrics(folder)
    expect(rows.some((row) => row['step']! % 32 !== 0)).toBe(true)
    expect(rows.filter((row) => row['replay/update_grad_norm'] !== undefined).length).toBeGreaterThan(2)
  })

  it('score heap: groups of equal rewards are replaced as soon as there is something to replace them with', async () => {
    const { folder } = await run('heap', {}, { preset: 'score-heap' })
    const rows = metrics(folder)
    expect(rows[0]!['replay/injected_fraction']).toBe(0)
    const last = rows.at(-1)!
    expect(last['replay/injected_fraction']).toBe(last['group/frac_zero_std'])
    expect(rows.some((row) => row['replay/injected_fraction']! > 0)).toBe(true)
  })
})
