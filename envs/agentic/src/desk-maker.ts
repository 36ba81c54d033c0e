import {
  CHECK,
  CLOSE_LABEL,
  COST,
  type DeskLayout,
  FIELD,
  FOCUS,
  FRONT,
  NAMES,
  POPUP_AT,
  POPUP_BUTTON,
  POPUP_OPEN,
  SCROLL,
  SHOWN,
  STEP,
  SUCCESS,
  VALUES,
} from './desk-layout.ts'
import type { TaskRandom } from './task-random.ts'

/** A pop-up opens after one of the first steps, so that short episodes meet it too. */
const LATEST_POPUP = 4

/** Draws desktops and goals that can be reached within the steps of an episode. */
export class DeskMaker {
  readonly #layout: DeskLayout
  readonly #names = Int32Array.from({ length: NAMES }, (_, i) => i)
  readonly #labels = Int32Array.from({ length: CLOSE_LABEL }, (_, i) => i)
  readonly #values = Int32Array.from({ length: VALUES - 1 }, (_, i) => i + 1)
  readonly #popupChance: number
  readonly #touched: Uint8Array

  constructor(layout: DeskLayout) {
    this.#layout = layout
    this.#popupChance = Math.round(layout.options.popups * 1048576)
    this.#touched = new Uint8Array(layout.options.windows)
  }

  /** Writes everything but the task number to the row of `state` that begins at `at`. */
  make(random: TaskRandom, state: Float64Array, at: number): void {
    const { windows, steps } = this.#layout.options
    // Tables return to their order, so that a task does not depend on those before it.
    this.#sort()
    random.shuffle(this.#names, 0, NAMES)
    for (let window = 0; window < windows; window++) this.#fillWindow(random, state, at, window)
    do {
      state[at + STEP] = 0
      state[at + FRONT] = random.below(windows)
      state[at + FOCUS] = -1
      state[at + POPUP_OPEN] = 0
      state[at + POPUP_AT] = random.chance(this.#popupChance) ? 1 + random.below(LATEST_POPUP) : 0
      state[at + POPUP_BUTTON] = random.below(2)
      state[at + SUCCESS] = 0
      this.#drawGoals(random, state, at)
      state[at + COST] = this.#cost(state, at)
    } while (state[at + COST]! > steps)
  }

  #sort(): void {
    for (let i = 0; i < NAMES; i++) this.#names[i] = i
    for (let i = 0; i < CLOSE_LABEL; i++) this.#labels[i] = i
    for (let i = 0; i < VALUES - 1; i++) this.#values[i] = i + 1
  }

  #fillWindow(random: TaskRandom, state: Float64Array, at: number, window: number): void {
    const layout = this.#layout
    const { items } = layout.options
    state[at + layout.name(window)] = this.#names[window]!
    state[at + layout.scroll(window)] = 0
    random.shuffle(this.#values, 0, VALUES - 1)
    for (let i = 0; i < items; i++) state[at + layout.item(window, i)] = this.#values[i]!
    random.shuffle(this.#labels, 0, CLOSE_LABEL)
    for (let widget = 0; widget < layout.widgets; widget++) {
      const kind = layout.kindOf(widget)
      // Fields hold anything or nothing; lists have nothing selected, or one of their items.
      let value = random.below(kind === CHECK ? 2 : VALUES)
      if (kind !== FIELD && kind !== CHECK) value = value < items ? state[at + layout.item(window, value)]! : 0
      state[at + layout.label(window, widget)] = this.#labels[widget]!
      state[at + layout.value(window, widget)] = value
      state[at + layout.saved(window, widget)] = value
      state[at + layout.wanted(window, widget)] = value
    }
  }

  /** Distinct widgets, each with a value other than the one it has. */
  #drawGoals(random: TaskRandom, state: Float64Array, at: number): void {
    const layout = this.#layout
    const { goals, windows, items } = layout.options
    for (let window = 0; window < windows; window++) {
      for (let widget = 0; widget < layout.widgets; widget++)
        state[at + layout.wanted(window, widget)] = state[at + layout.saved(window, widget)]!
    }
    for (let i = 0; i < goals; i++) {
      const window = random.below(windows)
      const widget = random.below(layout.widgets)
      const wanted = at + layout.wanted(window, widget)
      const now = state[at + layout.saved(window, widget)]!
      if (state[wanted] !== now) {
        i--
        continue
      }
      const kind = layout.kindOf(widget)
      do {
        state[wanted] =
          kind === CHECK
            ? 1 - now
            : kind === FIELD
              ? 1 + random.below(VALUES - 1)
              : state[at + layout.item(window, random.below(items))]!
      } while (state[wanted] === now)
      state[at + layout.goal(i)] = window
      state[at + layout.goal(i) + 1] = widget
    }
  }

  /** Actions of the shortest way: click and type, click, or scroll and click; save and switch per window; done. */
  #cost(state: Float64Array, at: number): number {
    const layout = this.#layout
    const touched = this.#touched
    touched.fill(0)
    let cost = 1
    for (let i = 0; i < layout.options.goals; i++) {
      const window = state[at + layout.goal(i)]!
      const widget = state[at + layout.goal(i) + 1]!
      const kind = layout.kindOf(widget)
      if (touched[window] === 0) cost += state[at + FRONT] === window ? 1 : 2
      touched[window] = 1
      cost += kind === FIELD ? 2 : 1
      if (kind === FIELD || kind === CHECK) continue
      let index = 0
      while (state[at + layout.item(window, index)] !== state[at + layout.wanted(window, widget)]) index++
      cost += Math.max(0, Math.ceil((index - SHOWN + 1) / SCROLL))
    }
    // The last action is done: a pop-up that opens after it is never met.
    return cost + (state[at + POPUP_AT]! > 0 && state[at + POPUP_AT]! < cost ? 1 : 0)
  }
}
