/** One run from wherever it stands to its end: iterate, log, evaluate and checkpoint when due, score at the last. */
import { basename, join, relative } from 'node:path'
import type { HostTree } from '@reprise/backend'
import { RepriseError, repriseCommand, type Serializable } from '@reprise/core'
import { writeFileAtomic } from '@reprise/storage'
import { writeCard } from './card.ts'
import { threadedRun } from './config/collector-threads.ts'
import type { ResolvedRun } from './config/resolve.ts'
import { type Evaluation, Evaluator } from './evaluate.ts'
import type { Learner } from './learner.ts'
import { DatasetLoop } from './loops/dataset-loop.ts'
import { Failures } from './loops/failures.ts'
import { GroupLoop } from './loops/group-loop.ts'
import type { Loop, LoopContext } from './loops/loop.ts'
import { PhaseTimer } from './loops/phase-timer.ts'
import { ReplayLoop } from './loops/replay-loop.ts'
import { RolloutLoop } from './loops/rollout-loop.ts'
import type { Reporter } from './reporting/index.ts'
import { type Best, CheckpointStore, hashState } from './run/checkpoint.ts'
import { EpisodeWindow } from './run/episode-window.ts'
import { tellRun } from './run/failed-run.ts'
import { provenance } from './run/provenance.ts'
import type { RunConfig, RunResult } from './run/run-folder.ts'
import { RunLog } from './run/run-log.ts'
import { generatorOf, seedsOf } from './run/seeds.ts'

export interface SessionResult {
  /** The run folder. */
  readonly folder: string
  readonly step: number
  /** Absent where the run was interrupted before its end. */
  readonly result: RunResult | undefined
}

/** What a checkpoint holds beside the executor's state. */
interface SavedSession {
  readonly [key: string]: Serializable
  readonly step: number
  readonly wallSeconds: number
  readonly trainSeconds: number
  /** Step of the newest row of metrics: with `logEvery` it tells when the next is due. */
  readonly logged: number
  readonly learner: HostTree & { readonly [key: string]: Serializable }
  readonly rng: { readonly [branch: string]: Serializable }
  readonly episodes: Serializable
  readonly loop: Serializable
  readonly best: { readonly step: number; readonly meanReward: number } | null
}

export class Session {
  readonly #resolved: ResolvedRun
  readonly #learner: Learner
  readonly #folder: string
  readonly #config: RunConfig
  readonly #reporter: Reporter
  readonly #timer = new PhaseTimer()
  readonly #episodes = new EpisodeWindow()
  readonly #rng
  readonly #loop: Loop
  readonly #log: RunLog
  readonly #checkpoints: CheckpointStore
  readonly #evaluator: Evaluator | undefined
  readonly #failures = new Failures((error, text) => {
    this.#log.text.warn({ err: error, step: this.#step }, 'an episode failed and is dropped')
    this.#reporter.message(
      `An episode failed and is dropped: ${text}. Its stack is in run.log; more of the kind are only counted.`,
    )
  })
  /** Whether it has been said that evaluations lack episodes. */
  #saidFailed = false
  #step = 0
  #best: Best | undefined
  #wallSeconds = 0
  #trainSeconds = 0
  #resumed = performance.now()
  #checkpointed = -1
  #logged = 0
  /** The step at which the timer's lap began. */
  #lapped = 0
  /** Whether the reporter has been started: nothing is reported before. */
  #reporting = false

  constructor(resolved: ResolvedRun, learner: Learner, folder: string, config: RunConfig, reporter: Reporter) {
    const { run, algorithm } = resolved
    this.#resolved = resolved
    this.#learner = learner
    this.#folder = folder
    this.#config = config
    this.#reporter = reporter
    this.#rng = {
      actions: generatorOf(run.seed, 'actions'),
      minibatches: generatorOf(run.seed, 'minibatches'),
      environments: generatorOf(run.seed, 'environments'),
      replay: generatorOf(run.seed, 'replay'),
    }
    this.#loop = makeLoop(
      {
        ...learner,
        algorithm,
        options: resolved.algorithmOptions,
        episodes: this.#episodes,
        timer: this.#timer,
        failures: this.#failures,
        folder,
        say: (text) => this.#say(text),
        ...threadedRun(resolved, config),
        totalSteps: run.steps,
        rng: this.#rng,
      },
      run,
    )
    this.#log = new RunLog(folder, run.tensorboard)
    this.#checkpoints = new CheckpointStore(folder, run.keepCheckpoints)
    if (run.evalEvery > 0) {
      const seeds = seedsOf(run.evalSeed, 'evaluation', run.evalEpisodes)
      this.#evaluator = new Evaluator(learner.environments, learner.program, learner.policy, seeds, this.#tolerated())
    }
  }

  /** Puts the session where a checkpoint stands. @throws RPR_STATE_MISMATCH */
  async load(saved: Serializable): Promise<void> {
    const state = saved as SavedSession
    this.#checkpointed = state.step
    await this.#orClose(async () => {
      await this.#learner.executor.load(state.learner)
      for (const [branch, rng] of Object.entries(this.#rng))
        rng.setState(state.rng[branch] as ReturnType<typeof rng.state>)
      this.#episodes.load(state.episodes)
      await this.#loop.load(state.loop)
    })
    this.#step = this.#lapped = state.step
    this.#logged = state.logged ?? state.step
    this.#best = state.best ?? undefined
    this.#wallSeconds = state.wallSeconds
    this.#trainSeconds = state.trainSeconds
  }

  /** Begins a new run: fresh environments, and a checkpoint of step 0 so that there is always one to resume from. */
  async start(): Promise<void> {
    await this.#orClose(async () => {
      await this.#loop.start()
      await this.#checkpoint()
    })
  }

  /** `run` closes the session whatever happens; what comes before it must do so where it fails. */
  async #orClose(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#fail(error)
      await this.close()
      throw error
    }
  }

  /** `note`: said at the start, e.g. where a resumed run stands. */
  async run(signal: AbortSignal | undefined, note?: string): Promise<SessionResult> {
    const { run, algorithm, definition } = this.#resolved
    this.#resumed = performance.now()
    this.#reporting = true
    this.#reporter.start({
      name: basename(this.#folder),
      runDir: this.#shownFolder(),
      algo: algorithm.name,
      env: definition.spec.id,
      executor: this.#learner.executor.name,
      seed: run.seed,
      totalSteps: run.steps,
      startStep: this.#step,
    })
    for (const text of note === undefined ? this.#notes() : [note, ...this.#notes()]) this.#reporter.message(text)
    this.#log.text.info({ step: this.#step, executor: this.#config.executor, resume: this.#config.resume }, 'started')
    try {
      this.#timer.lap(0)
      // Ctrl-C comes in where the loop lets the event loop turn (loops/breather.ts).
      while (this.#step < run.steps && !signal?.aborted) await this.#iterate()
      const finished = this.#step >= run.steps
      await this.#checkpoint()
      if (!finished) return this.#interrupted()
      const result = await this.#finish()
      return { folder: this.#folder, step: this.#step, result }
    } catch (error) {
      this.#fail(error)
      throw error
    } finally {
      await this.close()
    }
  }

  #say(text: string): void {
    this.#log.text.info({ step: this.#step }, text)
    this.#reporter.message(text)
  }

  #fail(error: unknown): void {
    this.#log.text.error({ err: error, step: this.#step }, 'failed')
    const checkpoint = this.#checkpointed < 0 ? undefined : this.#checkpointed
    tellRun(error, { folder: this.#folder, checkpoint })
  }

  /** Who is told of failing episodes in evaluations: only where training tolerates them too. */
  #tolerated(): Failures | undefined {
    return this.#resolved.algorithm.loop === 'group' ? this.#failures : undefined
  }

  async close(): Promise<void> {
    this.#reporter.done()
    this.#log.close()
    // Whatever an environment makes of its end, nothing else stays open.
    const closed = await Promise.allSettled([this.#loop.close(), this.#evaluator?.close()])
    this.#learner.executor.dispose()
    for (const result of closed) if (result.status === 'rejected') throw result.reason
  }

  async #iterate(): Promise<void> {
    const { run } = this.#resolved
    const before = this.#step
    const { steps, metrics } = await this.#loop.iterate(before / run.steps)
    this.#step += steps
    this.#refuseNonFinite(metrics)
    if (this.#step - this.#logged >= run.logEvery || this.#step >= run.steps) this.#logRow(metrics)
    const learned = performance.now()
    let improved = false
    const due = (every: number) => every > 0 && Math.floor(this.#step / every) > Math.floor(before / every)
    if (due(run.evalEvery)) improved = await this.#evaluate()
    if (improved || due(run.checkpointEvery)) await this.#checkpoint()
    // Time spent on evaluation and checkpoints is not training time.
    this.#timer.leaveOut(performance.now() - learned)
  }

  #logRow(metrics: Readonly<Record<string, number>>): void {
    const steps = this.#step - this.#lapped
    const time = this.#timer.lap(steps)
    this.#trainSeconds += steps / Math.max(time['time/sps']!, 1e-9)
    this.#logged = this.#lapped = this.#step
    const tensors = this.#learner.executor.tensors?.()
    const row = {
      ...this.#episodes.metrics(),
      ...metrics,
      ...this.#loop.logMetrics?.(),
      ...time,
      'memory/rss_mb': process.memoryUsage.rss() / 2 ** 20,
      ...(tensors === undefined ? {} : { 'memory/tensors': tensors }),
    }
    this.#log.metrics(this.#step, this.#elapsed(), row)
    this.#reporter.log(row, this.#step)
  }

  async #evaluate(): Promise<boolean> {
    const { run } = this.#resolved
    const evaluation = await this.#evaluator!.run(this.#loop.statistics())
    if (evaluation.failed > 0 && !this.#saidFailed) {
      this.#saidFailed = true
      this.#reporter.message(
        `${evaluation.failed} of ${run.evalEpisodes} episodes of the evaluation at step ${this.#step} failed and are left out of its mean; from now on they are only counted ('failed' in eval.jsonl).`,
      )
    }
    const improved = this.#best === undefined || evaluation.meanReward > this.#best.meanReward
    if (improved) this.#best = { step: this.#step, meanReward: evaluation.meanReward }
    const row = {
      step: this.#step,
      time: this.#elapsed(),
      mean_reward: evaluation.meanReward,
      std_reward: evaluation.stdReward,
      episodes: evaluation.returns.length,
      returns: evaluation.returns,
      failed: evaluation.failed,
      ...(evaluation.successRate === undefined ? {} : { success_rate: evaluation.successRate }),
      seed: run.evalSeed,
    }
    this.#log.evaluation(row)
    this.#reporter.evaluation(row)
    return improved
  }

  async #checkpoint(): Promise<void> {
    if (this.#checkpointed === this.#step) return
    const learner = await this.#learner.executor.save()
    const state: SavedSession = {
      step: this.#step,
      wallSeconds: this.#elapsed(),
      trainSeconds: this.#trainSeconds,
      logged: this.#logged,
      learner: learner as SavedSession['learner'],
      rng: Object.fromEntries(Object.entries(this.#rng).map(([branch, rng]) => [branch, rng.state() as Serializable])),
      episodes: this.#episodes.save(),
      loop: this.#loop.save(),
      best: this.#best ? { ...this.#best } : null,
    }
    const path = this.#checkpoints.write(
      {
        step: this.#step,
        time: new Date().toISOString(),
        lengths: this.#log.lengths(),
        parameterHash: hashState(learner),
        node: process.versions.node,
        executor: this.#learner.executor.name,
      },
      state,
      this.#best,
    )
    this.#checkpointed = this.#step
    if (this.#reporting) this.#reporter.checkpoint(path)
  }

  #interrupted(): SessionResult {
    this.#log.text.info({ step: this.#step }, 'interrupted')
    this.#reporter.done({
      status: 'stopped',
      step: this.#step,
      wallSeconds: this.#elapsed(),
      runDir: this.#shownFolder(),
      resumeCommand: repriseCommand(`resume ${this.#shownFolder()}`),
    })
    return { folder: this.#folder, step: this.#step, result: undefined }
  }

  /** The score: greedy episodes of the final policy on held-out seeds, which no training or evaluation has seen. */
  async #finish(): Promise<RunResult> {
    const { run, algorithm, definition } = this.#resolved
    const { environments, program, policy, executor } = this.#learner
    const seeds = seedsOf(run.evalSeed, 'heldOut', run.finalEpisodes)
    const scorer = new Evaluator(environments, program, policy, seeds, this.#tolerated())
    let evaluation: Evaluation
    try {
      evaluation = await scorer.run(this.#loop.statistics())
    } finally {
      await scorer.close()
    }
    if (evaluation.failed > 0)
      this.#reporter.message(
        `${evaluation.failed} of ${run.finalEpisodes} episodes of the final evaluation failed and are left out of the score.`,
      )
    const wallSeconds = this.#elapsed()
    const result: RunResult = {
      algo: algorithm.name,
      env: definition.spec.id,
      seed: run.seed,
      steps: this.#step,
      score: evaluation.meanReward,
      stdReward: evaluation.stdReward,
      successRate: evaluation.successRate ?? null,
      returns: evaluation.returns,
      failedEpisodes: evaluation.failed,
      evalSeed: run.evalSeed,
      best: this.#best ?? null,
      parameterHash: hashState(await executor.save()),
      executor: executor.name,
      wallSeconds,
      stepsPerSecond: this.#step / Math.max(this.#trainSeconds, 1e-9),
      versions: provenance().versions,
    }
    writeFileAtomic(join(this.#folder, 'result.json'), `${JSON.stringify(result, null, 2)}\n`)
    writeCard(this.#folder, this.#config, result)
    this.#log.text.info({ step: this.#step, score: result.score }, 'finished')
    this.#reporter.done({
      status: 'finished',
      step: this.#step,
      wallSeconds,
      runDir: this.#shownFolder(),
      score: { mean: result.score, std: result.stdReward, episodes: result.returns.length },
    })
    return result
  }

  #refuseNonFinite(metrics: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(metrics)) {
      // Explained variance of constant returns is 0/0 by definition.
      if (!name.startsWith('train/') || name === 'train/explained_variance' || Number.isFinite(value)) continue
      throw new RepriseError('RPR_TRAINING_DIVERGED', `Training diverged at step ${this.#step}: ${name} is ${value}.`, {
        value,
        hint: `Lower learningRate or normalise rewards. The checkpoint of step ${this.#checkpointed} in '${this.#folder}' is intact.`,
      })
    }
  }

  /** What is said once, aloud, and stands in the run folder too. */
  #notes(): string[] {
    const { executor, resume, warnings } = this.#config
    const notes = [`Executor ${executor.name}: ${executor.reason}`, ...warnings]
    if (resume === 'newEpisodes')
      notes.push('This environment has no snapshot: a resumed run goes on with new episodes, not in the same ones.')
    return notes
  }

  #shownFolder(): string {
    const shown = relative(process.cwd(), this.#folder)
    return shown === '' ? '.' : shown.startsWith('..') ? this.#folder : shown
  }

  #elapsed(): number {
    return this.#wallSeconds + (performance.now() - this.#resumed) / 1000
  }
}

function makeLoop(context: LoopContext, { tasks }: ResolvedRun['run']): Loop {
  const { algorithm } = context
  switch (algorithm.loop) {
    case 'rollout':
      return new RolloutLoop(context, algorithm)
    case 'replay':
      return new ReplayLoop(context, algorithm)
    case 'dataset':
      return new DatasetLoop(context, algorithm, tasks)
    case 'group':
      return new GroupLoop(context, algorithm, tasks ?? 'fresh')
  }
}
