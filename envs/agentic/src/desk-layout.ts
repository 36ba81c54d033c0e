/** FormDesk's numbers: sizes, where a row's state holds what, and which action means what. */

export interface DeskOptions {
  readonly windows: number
  readonly fields: number
  readonly checks: number
  readonly items: number
  readonly goals: number
  readonly popups: number
  readonly steps: number
}

/** Kinds of element. */
export const TAB = 0
export const FIELD = 1
export const CHECK = 2
export const ITEM = 3
export const UP = 4
export const DOWN = 5
export const SAVE = 6
export const POPUP = 7
export const KINDS = 8

/** Names of windows, labels of widgets (the last two are the pop-up's buttons), values (0: empty, off, none). */
export const NAMES = 8
export const LABELS = 12
export const CLOSE_LABEL = 10
export const MORE_LABEL = 11
export const VALUES = 8

/** Features of an element: kind, enabled, active, name of its window, label, value. */
export const FEATURES = KINDS + 2 + NAMES + LABELS + VALUES

/** Items of a list that are on screen, and how far a click on an arrow scrolls. */
export const SHOWN = 3
export const SCROLL = 2

// Head of the state; element 0 is the task.
export const STEP = 1
export const FRONT = 2
/** The field that typing goes to, or -1. */
export const FOCUS = 3
export const POPUP_OPEN = 4
/** The step after which the pop-up opens, or 0. */
export const POPUP_AT = 5
/** Which of the two buttons closes it. */
export const POPUP_BUTTON = 6
/** Actions of the shortest way to the goal. */
export const COST = 7
export const SUCCESS = 8
const HEAD = 9

export class DeskLayout {
  readonly options: DeskOptions
  /** Per window: fields, check boxes, one list. */
  readonly widgets: number
  readonly #window: number
  readonly #goals: number
  readonly stateSize: number

  // Elements, and the actions that click them, in this order.
  readonly firstField: number
  readonly firstItem: number
  readonly up: number
  readonly save: number
  readonly popup: number
  readonly elements: number
  /** Actions: a click per element, then typing each value, then done. */
  readonly firstType: number
  readonly done: number
  readonly actions: number

  constructor(options: DeskOptions) {
    const { windows, fields, checks, items, goals } = options
    this.options = options
    this.widgets = fields + checks + 1
    this.#window = 2 + items + 4 * this.widgets
    this.#goals = HEAD + windows * this.#window
    this.stateSize = this.#goals + 2 * goals
    this.firstField = windows
    this.firstItem = windows + fields + checks
    this.up = this.firstItem + SHOWN
    this.save = this.up + 2
    this.popup = this.save + 1
    this.elements = this.popup + 2
    this.firstType = this.elements
    this.done = this.firstType + VALUES - 1
    this.actions = this.done + 1
  }

  /** FIELD, CHECK or ITEM (the list). */
  kindOf(widget: number): number {
    const { fields, checks } = this.options
    return widget < fields ? FIELD : widget < fields + checks ? CHECK : ITEM
  }

  /** The widget that is a window's list. */
  get list(): number {
    return this.widgets - 1
  }

  get furthestScroll(): number {
    return Math.max(0, this.options.items - SHOWN)
  }

  // Places in a state, relative to its row.
  name(window: number): number {
    return HEAD + window * this.#window
  }

  scroll(window: number): number {
    return this.name(window) + 1
  }

  /** The values of the list's items. */
  item(window: number, index: number): number {
    return this.name(window) + 2 + index
  }

  label(window: number, widget: number): number {
    return this.name(window) + 2 + this.options.items + 4 * widget
  }

  value(window: number, widget: number): number {
    return this.label(window, widget) + 1
  }

  saved(window: number, widget: number): number {
    return this.label(window, widget) + 2
  }

  /** What the checker wants saved: a goal's value, elsewhere what was there at first. */
  wanted(window: number, widget: number): number {
    return this.label(window, widget) + 3
  }

  /** A goal's window; its widget is the next element. */
  goal(index: number): number {
    return this.#goals + 2 * index
  }
}
