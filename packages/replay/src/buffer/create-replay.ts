import { type GoalSpec, type Pcg64, RepriseError } from '@reprise/core'
import type { Batch } from '../batch.ts'
import type { ReplayConfig } from '../config.ts'
import type { StoreSchema } from '../schema.ts'
import { createSelector } from '../select/create-selector.ts'
import type { Transform } from '../source.ts'
import { RingStore } from '../store/ring-store.ts'
import { hindsight } from '../transform/hindsight.ts'
import { NStepView } from '../view/n-step.ts'
import { Replay } from './replay.ts'

export interface ReplayExtras {
  /** The environment's goals; hindsight needs them. */
  readonly goals?: GoalSpec
  /** Memory allowed for the store. Default: three quarters of the machine's. */
  readonly maxBytes?: number
  /** Feedback on overwritten rows throws. Default false. */
  readonly strict?: boolean
  /** Draws that an item may serve. Default: no limit. */
  readonly maxUses?: number
  /** Keys remembered by keyed adds. Default: twice the capacity. */
  readonly keyWindow?: number
  /** Observations per item, oldest first, stacked when drawn. Default 1. */
  readonly frameStack?: number
  /** Applied after hindsight. */
  readonly transforms?: readonly Transform<Batch>[]
}

/**
 * A replay of transitions as a configuration describes it, for `streams` environments.
 * @throws RPR_REPLAY_CONFIG for parts that do not fit together, RPR_OPTION_RANGE for values out of range,
 *   RPR_REPLAY_TOO_LARGE
 */
export function createReplay(
  config: ReplayConfig,
  schema: StoreSchema,
  streams: number,
  rng: Pcg64,
  extras: ReplayExtras = {},
): Replay {
  checkParts(config, schema, extras)
  const { capacity, gamma, nSteps, draw, withLatest } = config
  const { goals, maxBytes, strict, maxUses, keyWindow, frameStack } = extras
  const store = new RingStore(schema, { capacity, streams, maxBytes, keyWindow })
  const view = new NStepView(store, { n: nSteps, gamma, frameStack, wholeEpisodes: config.hindsight !== undefined })
  const transforms = [...(extras.transforms ?? [])]
  if (config.hindsight !== undefined) {
    const { strategy, perReal } = config.hindsight
    transforms.unshift(hindsight({ store, goals: goals!, strategy, perReal, gamma }))
  }
  return new Replay({ view, draw: createSelector(draw, store.slots), rng, transforms, withLatest, strict, maxUses })
}

function checkParts({ hindsight, draw, withLatest }: ReplayConfig, schema: StoreSchema, extras: ReplayExtras): void {
  if (hindsight !== undefined) {
    if (extras.goals === undefined)
      refuse(
        'Hindsight needs an environment that declares its goals.',
        'Give the environment definition `goals`, or turn hindsight off.',
      )
    for (const path of ['achieved_goal', 'desired_goal']) {
      if (!schema.observation.some((leaf) => leaf.path === path))
        refuse(
          `Hindsight needs the observation leaf '${path}'.`,
          'Use a Dict observation with achieved_goal and desired_goal.',
        )
    }
    if ((extras.frameStack ?? 1) > 1)
      refuse(
        'Hindsight replaces single observations; frameStack is set.',
        'Set frameStack to 1, or turn hindsight off.',
        extras.frameStack,
      )
  }
  const withoutReplacement = (draw as { replacement?: boolean }).replacement === false
  if (withoutReplacement && draw.kind !== 'uniform')
    refuse(`A '${draw.kind}' draw is always with replacement.`, "Leave 'replacement' out, or draw uniformly.")
  if (withoutReplacement && withLatest)
    refuse(
      'A draw without replacement cannot promise distinct rows beside the newest ones.',
      'Set replacement to true, or withLatest to false.',
    )
  if (draw.kind === 'reverse' && withLatest)
    refuse('A reverse draw gives an episode in its order; the newest items would break it.', 'Set withLatest to false.')
}

function refuse(what: string, hint: string, value?: unknown): never {
  throw new RepriseError('RPR_REPLAY_CONFIG', what, { hint, value })
}
