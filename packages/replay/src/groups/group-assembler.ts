/**
 * From the groups that were played to those that are trained on. One iteration is, in this order: `begin`, for each batch
 * played `inject` (detects and puts stored episodes in), then `insert` (stores the fresh ones, so that none is replayed in
 * the iteration that made it), and `correct` (log-probs) on what is trained on.
 */
import { type Pcg64, RepriseError, type Serializable } from '@reprise/core'
import { KeyedStore } from '../keyed/keyed-store.ts'
import { copyOfRows, type StoredEpisode } from '../keyed/stored-episode.ts'
import { fit } from '../select/state.ts'
import { chooseStored } from './choose-stored.ts'
import { checkEpisodeReplay, type EpisodeReplayConfig, needsOutcome } from './config.ts'
import { correctLogProbs } from './correct-log-probs.ts'
import { GroupStore } from './group-store.ts'
import { type GroupedEpisodes, type GroupRange, groupsOf } from './grouped-episodes.ts'
import { allFailed, outcomeStatistics } from './outcomes.ts'
import { PackScratch, type Part, packMembers, type StoredMember } from './pack-members.ts'
import type { ScoreRows } from './score-episodes.ts'
import { TaskBuckets } from './task-buckets.ts'

export type AssemblerPhase = 'detect' | 'inject' | 'insert' | 'recompute'

export interface AssemblerContext {
  /** Draws from the store come from this and from nothing else. */
  readonly rng: Pcg64
  /** Groups of a batch, stored ones included. */
  readonly groups: number
  readonly score: ScoreRows
  /** Whether an episode plays again as it is stored; only asked with `verify`. */
  readonly verify?: (episode: StoredEpisode) => Promise<boolean>
  readonly onPhase?: (phase: AssemblerPhase) => void
}

/** What an algorithm makes of fresh episodes, [numEpisodes] each. */
export interface Judged {
  readonly rewards: Float64Array
  readonly advantages: Float64Array
}

const UNLIMITED = 2 ** 31 - 1

type EpisodeFields = Omit<StoredEpisode, 'columns'>

export class GroupAssembler {
  readonly config: EpisodeReplayConfig
  readonly #context: AssemblerContext
  readonly #store: KeyedStore
  readonly #groupStore: GroupStore
  readonly #buckets = new TaskBuckets()
  #iteration = 0
  #policyVersion = 0
  /** Episodes seen since the start: each is named by its number. */
  #seen = 0
  #open: boolean
  #filled = false
  #counts = noCounts()
  /** One for each batch that is put together in an iteration. */
  readonly #scratch: PackScratch[] = []
  #packed = 0

  /** @throws RepriseError RPR_OPTION_RANGE */
  constructor(config: EpisodeReplayConfig, context: AssemblerContext) {
    checkEpisodeReplay(config)
    this.config = config
    this.#context = context
    this.#open = config.startAbove === null
    const { capacity, capacityPerTask, eviction } = config
    this.#store = new KeyedStore({
      perKey: capacityPerTask ?? UNLIMITED,
      ...(capacity === null ? {} : { total: capacity }),
      // Keys are running numbers, and what is chosen is copied at once.
      keyWindow: 0,
      reuse: true,
    })
    this.#groupStore = new GroupStore({
      capacity: capacity ?? UNLIMITED,
      perTask: capacityPerTask ?? UNLIMITED,
      eviction,
    })
  }

  /** The stored episodes (empty where whole groups are stored). Later ones are written over those that are given up. */
  get store(): KeyedStore {
    return this.#store
  }

  get groupStore(): GroupStore {
    return this.#groupStore
  }

  /**
   * Starts an iteration. `policyVersion`: updates made so far. Gives the origins of the tasks that the first groups of the
   * iteration must play; empty unless tasks are drawn from the store.
   */
  begin(policyVersion: number): string[] {
    this.#iteration++
    this.#policyVersion = policyVersion
    this.#filled = false
    this.#packed = 0
    this.#counts = noCounts()
    const { use, share, minStored } = this.config
    if (use !== 'inGroup' || share === null || !this.#open) return []
    const tasks = this.#store.groups.filter((task) => {
      const usable = this.#usable(task as number)
      return usable.length >= minStored && !!usable[0]!.origin
    }) as number[]
    const count = Math.round(share * this.#context.groups)
    return this.#buckets.draw(tasks, count, this.#context.rng).map((task) => this.#store.get(task)[0]!.origin as string)
  }

  /**
   * The batch with stored episodes in it, whose columns hold until the next iteration begins; the very same where none is
   * put in. `planned`: how many of its first groups play
   * what `begin` gave.
   * @throws RepriseError RPR_ENV_UNSUPPORTED where an outcome must be known and none is reported
   */
  async inject(fresh: GroupedEpisodes, judged: Judged, planned = 0): Promise<GroupedEpisodes> {
    const { config, onPhase } = { config: this.config, onPhase: this.#context.onPhase }
    if (needsOutcome(config) && fresh.outcomes.some(Number.isNaN)) throw noOutcome()
    onPhase?.('detect')
    const groups = groupsOf(fresh)
    const failed = groups.map((range) => allFailed(outcomeStatistics(fresh, range), config.stdBelow, config.meanBelow))
    const counts = this.#counts
    counts.allFail += failed.filter(Boolean).length
    onPhase?.('inject')
    const parts =
      !this.#open || config.trigger === 'never' || config.use === 'extraUpdate'
        ? undefined
        : config.use === 'wholeGroups'
          ? this.#withGroups(groups, judged)
          : await this.#withEpisodes(fresh, groups, failed, planned)
    if (parts === undefined) {
      counts.episodes += fresh.numEpisodes
      return fresh
    }
    for (const part of parts) if ('stored' in part) counts.injected++
    const packed = packMembers(fresh, parts, this.#nextScratch())
    counts.episodes += packed.numEpisodes
    return packed
  }

  #nextScratch(): PackScratch {
    this.#scratch[this.#packed] ??= new PackScratch()
    return this.#scratch[this.#packed++]!
  }

  async #withEpisodes(
    fresh: GroupedEpisodes,
    groups: readonly GroupRange[],
    failed: readonly boolean[],
    planned: number,
  ): Promise<Part[] | undefined> {
    const { trigger, share } = this.config
    const parts: Part[] = []
    /** Fresh episodes before this one are in `parts`, or have given way. */
    let done = 0
    for (const [g, range] of groups.entries()) {
      if (share !== null && g >= planned) continue
      if (trigger === 'allFail' && !failed[g]) continue
      if (trigger === 'zeroVariance' && outcomeStatistics(fresh, range).std >= this.config.stdBelow) continue
      const task = fresh.taskIds[range.from]!
      const chosen = await this.#choose(task, range.to - range.from)
      if (chosen.length === 0) continue
      if (failed[g] && chosen.some(({ outcome }) => outcome >= this.config.meanBelow)) this.#counts.rescued++
      if (done < range.from) parts.push({ from: done, to: range.from })
      this.#join(parts, range, fresh.group[range.from]!, task, chosen)
      done = range.to
    }
    if (parts.length > 0 && done < fresh.numEpisodes) parts.push({ from: done, to: fresh.numEpisodes })
    return parts.length === 0 ? undefined : parts
  }

  /** One group with stored episodes in it. */
  #join(parts: Part[], range: GroupRange, group: number, task: number, chosen: readonly StoredEpisode[]): void {
    const { place, advantages, replaceIndex } = this.config
    const apart = advantages === 'split' || advantages === 'unit'
    const members: (number | StoredEpisode)[] = []
    for (let e = range.from; e < range.to; e++) members.push(e)
    if (place === 'append') members.push(...chosen)
    else if (apart) {
      // Members of one group stay adjacent.
      for (let i = 0; i < chosen.length; i++) members.splice(this.#place(members.length), 1)
      members.push(...chosen)
    } else if (replaceIndex === 'random') {
      const places = Int32Array.from(members, (_, i) => i)
      this.#context.rng.shuffle(places)
      for (const [i, episode] of chosen.entries()) members[places[i]!] = episode
    } else {
      const first = replaceIndex === 'first' ? 0 : members.length - chosen.length
      members.splice(first, chosen.length, ...chosen)
    }
    for (let i = 0; i < members.length; ) {
      const member = members[i++]!
      if (typeof member !== 'number') {
        const frozen = advantages === 'frozen' ? (member.advantage ?? 0) : advantages === 'unit' ? 1 : undefined
        const where = { group: 2 * group + (apart ? 1 : 0), task, stored: member }
        parts.push(frozen === undefined ? where : { ...where, frozen })
        continue
      }
      let to = member + 1
      while (members[i] === to) {
        to++
        i++
      }
      parts.push({ from: member, to })
    }
  }

  #place(count: number): number {
    const { replaceIndex } = this.config
    return replaceIndex === 'first' ? 0 : replaceIndex === 'last' ? count - 1 : this.#context.rng.integers(count)
  }

  /** Stored episodes of a task that hold: those that do not play again as they are stored are given up. */
  async #choose(task: number, size: number): Promise<StoredEpisode[]> {
    const { maxReplayPerGroup, place, minStored, sampling, verify } = this.config
    const k = place === 'replace' ? Math.min(maxReplayPerGroup, size) : maxReplayPerGroup
    for (;;) {
      const usable = this.#usable(task)
      if (usable.length < minStored) return []
      const chosen = await chooseStored(usable, k, sampling, this.#context.rng, this.#context.score)
      if (!verify) return chosen
      const wrong: StoredEpisode[] = []
      for (const episode of new Set(chosen)) if (!(await this.#context.verify!(episode))) wrong.push(episode)
      if (wrong.length === 0) return chosen
      for (const { key } of wrong) this.#store.remove(key)
      this.#counts.refuted += wrong.length
    }
  }

  #usable(task: number): StoredEpisode[] {
    return this.#store.get(task).filter((episode) => this.#isUsable(episode))
  }

  #isUsable({ iteration = 0, policyVersion }: StoredEpisode): boolean {
    const { maxAge, maxPolicyLag } = this.config
    return (
      iteration < this.#iteration &&
      (maxAge === null || this.#iteration - iteration <= maxAge) &&
      (maxPolicyLag === null || this.#policyVersion - policyVersion <= maxPolicyLag)
    )
  }

  #withGroups(groups: readonly GroupRange[], { rewards }: Judged): Part[] | undefined {
    const { share, trigger, sampling, advantages, place } = this.config
    if (share !== null && this.#filled) return undefined
    this.#filled = true
    const flat = groups.map(({ from, to }) => rewards.subarray(from, to).every((reward) => reward === rewards[from]))
    const wanted =
      share !== null
        ? Math.max(0, this.#context.groups - groups.length)
        : trigger === 'zeroVariance'
          ? flat.filter(Boolean).length
          : this.config.maxReplayPerGroup
    const chosen = this.#groupStore.choose(
      wanted,
      sampling === 'advantagePriority',
      this.#context.rng,
      ({ episodes }) => this.#isUsable(episodes[0]!),
    )
    if (chosen.length === 0) return undefined
    const parts: Part[] = []
    const joined = (i: number) => {
      const { task, episodes } = chosen[i]!
      for (const stored of episodes) {
        const frozen = advantages === 'frozen' ? { frozen: stored.advantage ?? 0 } : undefined
        parts.push({ group: -1 - i, task, stored, ...frozen })
      }
    }
    let next = 0
    for (const [g, range] of groups.entries()) {
      if (place === 'replace' && share === null && flat[g] && next < chosen.length) joined(next++)
      else parts.push(range)
    }
    if (place === 'append' || share !== null) while (next < chosen.length) joined(next++)
    return parts
  }

  /** Stores fresh episodes. `origins`: per group, as JSON. Whatever was put in is not among them. */
  insert(fresh: GroupedEpisodes, judged: Judged, origins: readonly string[]): void {
    this.#context.onPhase?.('insert')
    const { insertThreshold, retireSolved, use, startAbove } = this.config
    const groups = groupsOf(fresh)
    const bar = insertThreshold ?? 0.5
    if (startAbove !== null) {
      const solved = fresh.outcomes.reduce((sum, outcome) => sum + (outcome > bar ? 1 : 0), 0) / fresh.numEpisodes
      this.#open ||= solved > startAbove
    }
    const first = this.#seen
    this.#seen += fresh.numEpisodes
    for (const [g, range] of groups.entries()) {
      const { from, to } = range
      const task = fresh.taskIds[from]!
      let successes = 0
      for (let e = from; e < to; e++) if (fresh.outcomes[e]! > bar) successes++
      this.#buckets.note(task, successes, to - from)
      if (!this.config.insertFresh) continue
      const origin = origins[g]!
      if (retireSolved && successes === to - from) this.#store.removeGroup(task)
      else if (use === 'wholeGroups') this.#storeGroup(task, fresh, range, judged, first, origin)
      else
        for (let e = from; e < to; e++)
          if (this.#admits(fresh.outcomes[e]!, judged.advantages[e]!))
            this.#storeEpisode(task, fresh, e, judged.advantages[e]!, origin, first)
    }
  }

  /** All with the same properties in the same order: objects of one shape are made and read fast. */
  #fields(fresh: GroupedEpisodes, e: number, advantage: number, origin: string, first: number): EpisodeFields {
    return {
      key: String(first + e),
      length: fresh.offsets[e + 1]! - fresh.offsets[e]!,
      return: fresh.returns[e]!,
      outcome: fresh.outcomes[e]!,
      policyVersion: this.#policyVersion,
      iteration: this.#iteration,
      advantage,
      truncated: fresh.truncated[e] === 1,
      origin,
    }
  }

  #admits(outcome: number, advantage: number): boolean {
    const { insertThreshold, insertMinAdvantage } = this.config
    if (insertThreshold !== null && !(outcome > insertThreshold)) return false
    return insertMinAdvantage === null || Math.abs(advantage) > insertMinAdvantage
  }

  #storeEpisode(
    task: number,
    fresh: GroupedEpisodes,
    e: number,
    advantage: number,
    origin: string,
    first: number,
  ): void {
    const { columns, offsets, numEpisodes } = fresh
    if (this.config.uniqueActions && this.#store.get(task).some((other) => sameActions(other, fresh, e))) return
    const packed = { columns, rows: offsets[numEpisodes]!, from: offsets[e]! }
    const added = this.#store.addRows(task, this.#fields(fresh, e, advantage, origin, first), packed)
    if (added === 'stored') this.#counts.added++
  }

  #storeGroup(
    task: number,
    fresh: GroupedEpisodes,
    { from, to }: GroupRange,
    { rewards, advantages }: Judged,
    first: number,
    origin: string,
  ): void {
    const { insertMinAdvantage, insertThreshold } = this.config
    const size = to - from
    const sizes = Array.from(advantages.subarray(from, to), Math.abs)
    if (insertMinAdvantage !== null && !(Math.max(...sizes) > insertMinAdvantage)) return
    if (insertThreshold !== null && !fresh.outcomes.subarray(from, to).some((outcome) => outcome > insertThreshold))
      return
    const mean = rewards.subarray(from, to).reduce((a, b) => a + b, 0) / size
    const std = Math.sqrt(rewards.subarray(from, to).reduce((sum, r) => sum + (r - mean) ** 2, 0) / size)
    const score = sizes.reduce((a, b) => a + b, 0) * std
    const { columns, offsets, numEpisodes } = fresh
    const episodes = () =>
      sizes.map((_, i): StoredEpisode => {
        const fields = this.#fields(fresh, from + i, advantages[from + i]!, origin, first)
        const packed = { columns, rows: offsets[numEpisodes]!, from: offsets[from + i]! }
        return { ...fields, columns: copyOfRows(packed, fields.length, undefined) }
      })
    if (this.#groupStore.add({ key: String(first + from), task, score }, episodes)) this.#counts.added += size
  }

  /** Stores episodes that were not played by the policy: demonstrations. They can be replayed from the first iteration. */
  seed(task: number, episode: Omit<StoredEpisode, 'key' | 'iteration' | 'policyVersion'>): void {
    const { insertThreshold } = this.config
    const key = String(this.#seen++)
    if (insertThreshold !== null && !(episode.outcome > insertThreshold)) return
    this.#store.add(task, { ...episode, key, iteration: 0, policyVersion: 0 })
  }

  /** `batch` with the log-probs that its ratios start from. `trained` [numEpisodes]: where not all are trained on. */
  async correct(batch: GroupedEpisodes, trained?: Uint8Array): Promise<GroupedEpisodes> {
    this.#context.onPhase?.('recompute')
    const corrected = await correctLogProbs(batch, this.config.oldLogProb, this.#context.score, trained)
    this.#counts.ratios = corrected.ratios
    return corrected.batch
  }

  /** Everything stored as one batch for an update of its own, where one is due. `like`: a fresh batch. */
  extra(like: GroupedEpisodes): GroupedEpisodes | undefined {
    const { use, every } = this.config
    if (use !== 'extraUpdate' || this.#iteration % every !== 0 || !this.#open || this.#store.size === 0)
      return undefined
    if (this.config.trigger === 'never') return undefined
    const members: StoredMember[] = []
    for (const task of this.#store.groups)
      for (const stored of this.#store.get(task))
        if (this.#isUsable(stored))
          members.push({ group: members.length, task: task as number, stored, frozen: stored.advantage ?? 0 })
    return members.length === 0 ? undefined : { ...packMembers(like, members, this.#nextScratch()), failedEpisodes: 0 }
  }

  /** `replay/*` of the iteration. */
  metrics(): Record<string, number> {
    const { allFail, rescued, injected, episodes, added, refuted, ratios } = this.#counts
    const whole = this.config.use === 'wholeGroups'
    const groups = this.#groupStore.groups
    const tasks = whole ? new Set(groups.map(({ task }) => task)).size : this.#store.keyCount
    let items = 0
    let sum = 0
    let max = 0
    for (const { iteration = 0 } of whole ? groups.flatMap(({ episodes }) => episodes) : this.#store.episodes()) {
      items++
      sum += this.#iteration - iteration
      max = Math.max(max, this.#iteration - iteration)
    }
    return {
      'replay/groups_all_fail': allFail,
      'replay/groups_rescued': rescued,
      'replay/rescue_rate': allFail === 0 ? 0 : rescued / allFail,
      'replay/injected_fraction': episodes === 0 ? 0 : injected / episodes,
      'replay/added': added,
      'replay/buffer_tasks': tasks,
      'replay/buffer_items': items,
      'replay/item_age_mean': items === 0 ? 0 : sum / items,
      'replay/item_age_max': max,
      ...(ratios.count === 0 ? {} : { 'replay/ratio_mean': ratios.sum / ratios.count, 'replay/ratio_max': ratios.max }),
      ...(this.config.verify ? { 'replay/refuted': refuted } : {}),
    }
  }

  state(): Serializable {
    return {
      store: this.#store.state(),
      groups: this.#groupStore.state(),
      buckets: this.#buckets.state(),
      iteration: this.#iteration,
      seen: this.#seen,
      open: this.#open,
    }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const saved = fit.record(state)
    this.#store.load(saved['store'] ?? null)
    this.#groupStore.load(saved['groups'] ?? null)
    this.#buckets.load(saved['buckets'] ?? null)
    this.#iteration = fit.integer(saved, 'iteration')
    this.#seen = fit.integer(saved, 'seen')
    this.#open = saved['open'] === true
  }
}

function noCounts() {
  const ratios = { sum: 0, max: 0, count: 0 }
  return { allFail: 0, rescued: 0, injected: 0, episodes: 0, added: 0, refuted: 0, ratios }
}

function sameActions(a: StoredEpisode, { columns, offsets, numEpisodes }: GroupedEpisodes, e: number): boolean {
  const [x, y] = [a.columns['action']!, columns['action']!]
  if (a.length !== offsets[e + 1]! - offsets[e]!) return false
  const start = offsets[e]! * (y.length / offsets[numEpisodes]!)
  return x.every((value, i) => value === y[start + i])
}

function noOutcome(): RepriseError {
  return new RepriseError(
    'RPR_ENV_UNSUPPORTED',
    'Replay of successes needs to know what a success is, and the environment reported no outcome for an episode.',
    { hint: "Let its last step return 'outcome', or say it with the option outcomeFrom, e.g. outcomeFrom='return>0'." },
  )
}
