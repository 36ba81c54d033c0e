/**
 * FormDesk-v0: a desktop of windows with forms, and a goal such as "in this window set that field, choose that item, and
 * save": a small stand-in for benchmarks of computer use. Only the window in front shows its widgets: text fields, check
 * boxes, a list that scrolls, a save button. Actions: click an element of the list of elements, type a value into the
 * field in focus, done. A pop-up may open on the way and must be closed first.
 * The episode ends with done or after `steps` actions. Then a checker looks at what is saved in all windows: every goal
 * reached and nothing else changed pays 1, else 0. An action that is not possible counts as a reply that cannot be read: it
 * ends the episode at once with -formatPenalty (as in ARPO's reward); the mask marks those that are possible.
 */
import { box, defineNativeEnv, dict, discrete, option, RepriseError } from '@reprise/core'
import {
  CHECK,
  DeskLayout,
  type DeskOptions,
  FEATURES,
  FOCUS,
  FRONT,
  ITEM,
  POPUP_AT,
  POPUP_BUTTON,
  POPUP_OPEN,
  SCROLL,
  STEP,
  SUCCESS,
  VALUES,
} from './desk-layout.ts'
import { DeskMaker } from './desk-maker.ts'
import { DeskView } from './desk-view.ts'
import { TaskSeeds, taskOption } from './task-seeds.ts'

const ID = 'FormDesk-v0'
const STEPS = 15

export const formDesk = defineNativeEnv({
  id: ID,
  maxEpisodeSteps: STEPS,
  actionMasks: true,
  summary: 'Fill in and save forms on a desktop with windows, lists and pop-ups: a small stand-in for computer use.',
  options: {
    windows: option.integer({ default: 3, min: 1, max: 6, doc: 'Windows, each with a form.' }),
    fields: option.integer({ default: 2, min: 1, max: 4, doc: 'Text fields of a form.' }),
    checks: option.integer({ default: 2, min: 0, max: 4, doc: 'Check boxes of a form.' }),
    items: option.integer({ default: 6, min: 3, max: VALUES - 1, doc: 'Items of a list, of which three are shown.' }),
    goals: option.integer({ default: 2, min: 1, max: 4, doc: 'Widgets to set.' }),
    popups: option.number({ default: 0.5, min: 0, max: 1, doc: 'Probability that a task has a pop-up.' }),
    steps: option.integer({ default: STEPS, min: 6, max: 1000, doc: 'Actions of an episode.' }),
    formatPenalty: option.number({ default: 0.5, min: 0, max: 10, doc: 'What an impossible action costs.' }),
    masks: option.choice({
      values: ['legal', 'none'],
      default: 'legal',
      doc: "'legal': the mask marks possible actions; 'none': it allows all, so that a policy has to learn the format.",
    }),
    reward: option.choice({
      values: ['sparse', 'dense'],
      default: 'sparse',
      doc: "'sparse': the checker's verdict; 'dense': 1 / goals for each goal saved, and back when it is lost.",
    }),
  },
  checkOptions: ({ goals, windows, fields, checks, steps }) => {
    const refuse = (name: string, value: number, hint: string): never => {
      throw new RepriseError('RPR_OPTION_CONFLICT', `goals = ${goals} does not fit ${name} = ${value}.`, {
        value: goals,
        hint,
      })
    }
    const widgets = windows * (fields + checks + 1)
    if (goals > widgets) refuse('the widgets', widgets, 'Goals are different widgets.')
    // The longest ways: every goal a field in a window of its own, and a pop-up.
    if (2 + 2 * goals + 2 > steps) refuse('steps', steps, `So many goals take steps >= ${4 + 2 * goals}.`)
  },
  resetOptions: taskOption,
  limit: ({ steps }) => steps,
  layout: (options) => {
    const { elements, actions, stateSize } = new DeskLayout(options)
    return {
      observationSpace: dict({
        clock: box({ low: 0, high: 1, shape: [1] }),
        elements: box({ low: 0, high: 1, shape: [elements, FEATURES] }),
        goals: box({ low: 0, high: 1, shape: [options.goals, FEATURES] }),
      }),
      actionSpace: discrete(actions),
      stateSize,
    }
  },
  create: ({ rows, state, actions, actionMasks, observations, rewards, terminated, random, options }) => {
    const { formatPenalty, goals, steps } = options
    const layout = new DeskLayout(options)
    const seeds = new TaskSeeds(`${ID} ${JSON.stringify(options)}`, state, layout.stateSize)
    const maker = new DeskMaker(layout)
    const masked = options.masks === 'legal'
    const dense = options.reward === 'dense'
    // What is possible is read off the view, also where the mask does not tell.
    const legal = masked ? actionMasks : new Uint8Array(rows * layout.actions)
    const view = new DeskView(layout, state, observations, legal)
    const action = actions[0]!.data as Int32Array
    if (!masked) actionMasks.fill(1)

    /** Whether everything that is saved is as wanted. */
    const accepted = (at: number): boolean => {
      for (let window = 0; window < options.windows; window++) {
        for (let widget = 0; widget < layout.widgets; widget++) {
          if (state[at + layout.saved(window, widget)] !== state[at + layout.wanted(window, widget)]) return false
        }
      }
      return true
    }
    const savedGoals = (at: number): number => {
      let count = 0
      for (let i = 0; i < goals; i++) {
        const window = state[at + layout.goal(i)]!
        const widget = state[at + layout.goal(i) + 1]!
        if (state[at + layout.saved(window, widget)] === state[at + layout.wanted(window, widget)]) count++
      }
      return count
    }
    const click = (at: number, element: number): void => {
      const front = state[at + FRONT]!
      if (element >= layout.popup) {
        if (element - layout.popup === state[at + POPUP_BUTTON]) state[at + POPUP_OPEN] = 0
        return
      }
      state[at + FOCUS] = -1
      if (element < layout.firstField) state[at + FRONT] = element
      else if (element < layout.firstItem) {
        const widget = element - layout.firstField
        const value = at + layout.value(front, widget)
        if (layout.kindOf(widget) === CHECK) state[value] = 1 - state[value]!
        else state[at + FOCUS] = widget
      } else if (element < layout.up) {
        const index = state[at + layout.scroll(front)]! + element - layout.firstItem
        state[at + layout.value(front, layout.list)] = state[at + layout.item(front, index)]!
      } else if (element < layout.save) {
        const scroll = at + layout.scroll(front)
        const moved = state[scroll]! + (element === layout.up ? -SCROLL : SCROLL)
        state[scroll] = Math.max(0, Math.min(layout.furthestScroll, moved))
      } else {
        for (let widget = 0; widget < layout.widgets; widget++)
          state[at + layout.saved(front, widget)] = state[at + layout.value(front, widget)]!
      }
    }
    return {
      reset(row, { task }) {
        const at = row * layout.stateSize
        seeds.choose(row, random[row]!, task)
        maker.make(seeds.random, state, at)
        view.write(row)
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const at = row * layout.stateSize
          const chosen = action[row]!
          const step = state[at + STEP]! + 1
          state[at + STEP] = step
          // The state decides, not the mask column: a restored snapshot brings the state alone.
          view.write(row)
          if (legal[row * layout.actions + chosen] === 0) {
            rewards[row] = -formatPenalty
            terminated[row] = 1
            continue
          }
          const before = dense ? savedGoals(at) : 0
          if (chosen < layout.firstType) click(at, chosen)
          else if (chosen < layout.done)
            state[at + layout.value(state[at + FRONT]!, state[at + FOCUS]!)] = chosen - layout.firstType + 1
          const ends = chosen === layout.done || step >= steps
          if (!ends && step === state[at + POPUP_AT]) state[at + POPUP_OPEN] = 1
          if (ends && accepted(at)) state[at + SUCCESS] = 1
          rewards[row] = dense ? (savedGoals(at) - before) / goals : state[at + SUCCESS]!
          terminated[row] = ends ? 1 : 0
          view.write(row)
        }
      },
      outcome: (row) => state[row * layout.stateSize + SUCCESS]!,
      taskId: (row) => seeds.id(row),
      render: (row) => renderDesk(layout, state.subarray(row * layout.stateSize, (row + 1) * layout.stateSize)),
    }
  },
})

function renderDesk(layout: DeskLayout, state: Float64Array): string {
  const { windows, items, goals } = layout.options
  const front = state[FRONT]!
  const kinds = ['', 'field', 'check', 'list']
  const called = (window: number, widget: number) =>
    `${kinds[layout.kindOf(widget)]} ${'abcdefghij'[state[layout.label(window, widget)]!]}`
  const lines = [
    Array.from({ length: windows }, (_, w) => {
      const name = 'ABCDEFGH'[state[layout.name(w)]!]!
      return w === front ? `[${name}]` : ` ${name} `
    }).join(''),
  ]
  for (let widget = 0; widget < layout.widgets; widget++) {
    const value = state[layout.value(front, widget)]!
    const mark = state[FOCUS] === widget ? '|' : ''
    const scroll = state[layout.scroll(front)]!
    const list = Array.from({ length: items }, (_, i) => state[layout.item(front, i)]!)
    const shown = layout.kindOf(widget) === ITEM ? ` of ${list.slice(scroll, scroll + 3).join(' ')}` : ''
    const unsaved = value === state[layout.saved(front, widget)] ? '' : ' *'
    lines.push(`${called(front, widget)}: ${value}${mark}${shown}${unsaved}`)
  }
  if (state[POPUP_OPEN] === 1) lines.push('(a pop-up is open)')
  for (let i = 0; i < goals; i++) {
    const window = state[layout.goal(i)]!
    const widget = state[layout.goal(i) + 1]!
    const name = 'ABCDEFGH'[state[layout.name(window)]!]!
    lines.push(`goal: ${name}, ${called(window, widget)} = ${state[layout.wanted(window, widget)]}`)
  }
  return `${lines.join('\n')}\n`
}

/** Closes pop-ups, sets and saves what is wanted in the front window, then in the others, then is done: a shortest way. */
export function formDeskExpert(options: DeskOptions): (state: Float64Array) => number {
  const layout = new DeskLayout(options)
  return (state) => {
    if (state[POPUP_OPEN] === 1) return layout.popup + state[POPUP_BUTTON]!
    const front = state[FRONT]!
    let unsaved = false
    for (let widget = 0; widget < layout.widgets; widget++) {
      const value = state[layout.value(front, widget)]!
      const wanted = state[layout.wanted(front, widget)]!
      if (value !== state[layout.saved(front, widget)]) unsaved = true
      if (value === wanted) continue
      const element = layout.firstField + widget
      const kind = layout.kindOf(widget)
      if (kind === CHECK) return element
      if (kind !== ITEM) return state[FOCUS] === widget ? layout.firstType + wanted - 1 : element
      let index = 0
      while (state[layout.item(front, index)] !== wanted) index++
      const shown = index - state[layout.scroll(front)]!
      if (shown < 0) return layout.up
      return shown < 3 ? layout.firstItem + shown : layout.up + 1
    }
    if (unsaved) return layout.save
    for (let window = 0; window < options.windows; window++) {
      for (let widget = 0; widget < layout.widgets; widget++) {
        if (state[layout.saved(window, widget)] !== state[layout.wanted(window, widget)]) return window
      }
    }
    return layout.done
  }
}
