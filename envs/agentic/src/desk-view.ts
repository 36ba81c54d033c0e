import type { Column } from '@reprise/core'
import {
  CHECK,
  CLOSE_LABEL,
  type DeskLayout,
  DOWN,
  FEATURES,
  FOCUS,
  FRONT,
  ITEM,
  KINDS,
  LABELS,
  MORE_LABEL,
  NAMES,
  POPUP,
  POPUP_BUTTON,
  POPUP_OPEN,
  SAVE,
  SHOWN,
  STEP,
  TAB,
  UP,
  VALUES,
} from './desk-layout.ts'

/** Writes what is on screen: elements and goals as rows of features, and which actions are legal. */
export class DeskView {
  readonly #layout: DeskLayout
  readonly #state: Float64Array
  readonly #elements: Float32Array
  readonly #goals: Float32Array
  readonly #clock: Float32Array
  readonly #legal: Uint8Array

  /** `legal` [rows, actions] is written whole, whatever the environment reports of it. */
  constructor(layout: DeskLayout, state: Float64Array, observations: readonly Column[], legal: Uint8Array) {
    const find = (path: string) => observations.find((column) => column.path === path)!.data as Float32Array
    this.#layout = layout
    this.#state = state
    this.#elements = find('elements')
    this.#goals = find('goals')
    this.#clock = find('clock')
    this.#legal = legal
  }

  write(row: number): void {
    const layout = this.#layout
    const state = this.#state
    const { windows, items, goals, steps } = layout.options
    const at = row * layout.stateSize
    const clicks = row * layout.actions
    const front = state[at + FRONT]!
    const open = state[at + POPUP_OPEN] === 1
    const here = open ? 0 : 1
    const name = state[at + layout.name(front)]!
    const first = row * layout.elements * FEATURES
    this.#elements.fill(0, first, first + layout.elements * FEATURES)
    this.#legal.fill(0, clicks, clicks + layout.actions)

    for (let window = 0; window < windows; window++)
      this.#element(row, window, TAB, here, window === front ? 1 : 0, state[at + layout.name(window)]!, -1, -1)
    let unsaved = 0
    for (let widget = 0; widget < layout.widgets; widget++) {
      const value = state[at + layout.value(front, widget)]!
      const label = state[at + layout.label(front, widget)]!
      if (value !== state[at + layout.saved(front, widget)]) unsaved = 1
      if (widget === layout.list) break
      const kind = layout.kindOf(widget)
      const active = kind === CHECK ? value : state[at + FOCUS] === widget ? 1 : 0
      this.#element(row, layout.firstField + widget, kind, here, active, name, label, value)
    }
    const scroll = state[at + layout.scroll(front)]!
    const selected = state[at + layout.value(front, layout.list)]!
    const label = state[at + layout.label(front, layout.list)]!
    for (let i = 0; i < SHOWN && i < items; i++) {
      const value = state[at + layout.item(front, scroll + i)]!
      this.#element(row, layout.firstItem + i, ITEM, here, value === selected ? 1 : 0, name, label, value)
    }
    this.#element(row, layout.up, UP, scroll > 0 ? here : 0, 0, name, label, -1)
    this.#element(row, layout.up + 1, DOWN, scroll < layout.furthestScroll ? here : 0, 0, name, label, -1)
    this.#element(row, layout.save, SAVE, here, unsaved, name, -1, -1)
    if (open) {
      for (let i = 0; i < 2; i++)
        this.#element(
          row,
          layout.popup + i,
          POPUP,
          1,
          0,
          -1,
          state[at + POPUP_BUTTON] === i ? CLOSE_LABEL : MORE_LABEL,
          -1,
        )
    }
    if (!open && state[at + FOCUS]! >= 0)
      this.#legal.fill(1, clicks + layout.firstType, clicks + layout.firstType + VALUES - 1)
    this.#legal[clicks + layout.done] = 1

    const goalRow = row * goals * FEATURES
    this.#goals.fill(0, goalRow, goalRow + goals * FEATURES)
    for (let i = 0; i < goals; i++) {
      const window = state[at + layout.goal(i)]!
      const widget = state[at + layout.goal(i) + 1]!
      const to = goalRow + i * FEATURES
      const kind = layout.kindOf(widget)
      const label = state[at + layout.label(window, widget)]!
      this.#features(
        this.#goals,
        to,
        kind,
        0,
        0,
        state[at + layout.name(window)]!,
        label,
        state[at + layout.wanted(window, widget)]!,
      )
    }
    this.#clock[row] = state[at + STEP]! / steps
  }

  #element(
    row: number,
    element: number,
    kind: number,
    enabled: number,
    active: number,
    name: number,
    label: number,
    value: number,
  ): void {
    this.#legal[row * this.#layout.actions + element] = enabled
    this.#features(
      this.#elements,
      (row * this.#layout.elements + element) * FEATURES,
      kind,
      enabled,
      active,
      name,
      label,
      value,
    )
  }

  /** One row of features; -1 stands for none. */
  #features(
    out: Float32Array,
    to: number,
    kind: number,
    enabled: number,
    active: number,
    name: number,
    label: number,
    value: number,
  ): void {
    out[to + kind] = 1
    out[to + KINDS] = enabled
    out[to + KINDS + 1] = active
    if (name >= 0) out[to + KINDS + 2 + name] = 1
    if (label >= 0) out[to + KINDS + 2 + NAMES + label] = 1
    if (value >= 0) out[to + KINDS + 2 + NAMES + LABELS + value] = 1
  }
}
