/** What views should give, worked out from whole histories in the plainest way. */
import type { History, Step } from './history.ts'

const ended = (step: Step) => step.terminated || step.truncated

/** At most `count` steps of one episode from a step on. */
function following(history: History, step: Step, count: number): Step[] {
  return history.episodes[step.episode]!.slice(step.step, step.step + count)
}

export interface NStepItem {
  readonly id: number
  readonly order: number
  readonly observation: readonly number[]
  readonly next: readonly number[]
  readonly reward: number
  readonly discount: number
  readonly steps: number
}

/** `room`: transitions that a stream keeps. */
export function nStepItems(history: History, room: number, n: number, gamma: number, frames: number, whole: boolean) {
  const items: NStepItem[] = []
  for (const all of history.streams) {
    const oldest = Math.max(0, all.length - room)
    for (const step of all.slice(oldest)) {
      const episode = history.episodes[step.episode]!
      const isLive = (other: Step) => other.order >= oldest
      if (whole && !(episode.every(isLive) && ended(episode.at(-1)!))) continue
      if (!episode.slice(Math.max(0, step.step - frames + 1), step.step + 1).every(isLive)) continue
      // Observation numbers of the episode: that of each step, and what followed the last one.
      const numbered = (at: number) => (at < episode.length ? episode[at]!.observation : episode.at(-1)!.next)
      const stack = (at: number) => Array.from({ length: frames }, (_, k) => numbered(Math.max(0, at - frames + 1 + k)))
      const row = following(history, step, n)
      items.push({
        id: step.id,
        order: step.order,
        observation: stack(step.step),
        next: stack(step.step + row.length),
        reward: row.reduce((sum, { reward }, k) => sum + gamma ** k * reward, 0),
        discount: row.at(-1)!.terminated ? 0 : gamma ** row.length,
        steps: row.length,
      })
    }
  }
  return items
}

/** The steps of every sequence. */
export function sequenceItems(history: History, room: number, length: number, period: number): Step[][] {
  const items: Step[][] = []
  for (const all of history.streams) {
    for (const step of all.slice(-room)) {
      if (step.step % period !== 0) continue
      const row = following(history, step, length)
      if (row.length < length) {
        const episode = history.episodes[step.episode]!
        const seen = step.step > 0 && step.step - period + length >= episode.length
        if (!ended(episode.at(-1)!) || seen) continue
      }
      items.push(row)
    }
  }
  return items
}

/** The steps of every episode that is finished and completely live. */
export function episodeItems(history: History, room: number, maxLength: number): Step[][] {
  const items: Step[][] = []
  for (const all of history.streams) {
    for (const step of all.slice(-room)) {
      const episode = history.episodes[step.episode]!
      if (step.step === 0 && ended(episode.at(-1)!) && episode.length <= maxLength) items.push(episode)
    }
  }
  return items
}
