/**
 * Randomised ensembled double Q-learning (Chen et al. 2021): SAC with a large ensemble of critics, whose targets take the
 * smallest of a few drawn at random, and many updates per environment step. Page: docs/redq.md. The program is SAC's.
 */
import { type OptionTable, type OptionValues, option, type Pcg64, RepriseError } from '@reprise/core'
import { reportActorCritic } from './actor-critic-report.ts'
import { defineReplayAlgorithm } from './algorithm.ts'
import { replayConfigOf, replayOptions } from './replay-options.ts'
import { softProgram } from './sac.ts'
import {
  type SoftVariant,
  softCheck,
  softCollection,
  softInert,
  softOptions,
  softSchedule,
} from './soft-actor-critic.ts'

const replayTable = replayOptions({ capacity: 1_000_000, batchSize: 256, learningStarts: 5000, trainEvery: 1 })

export const redqOptions = {
  ...replayTable,
  gradientSteps: { ...replayTable.gradientSteps, default: 20 },
  ...softOptions,
  critics: option.integer({ default: 10, min: 1, doc: 'Critics in the ensemble.', aliases: ['num_Q'] }),
  targetCritics: option.integer({
    default: 2,
    min: 1,
    doc: 'Critics drawn for each target, of which the smallest value counts; at most critics.',
    aliases: ['num_min'],
  }),
} satisfies OptionTable

export type RedqOptions = OptionValues<typeof redqOptions>

function variantOf({ critics, targetCritics }: RedqOptions): SoftVariant {
  return {
    name: 'redq',
    critics,
    ...(targetCritics < critics ? { subset: targetCritics } : {}),
    policyValue: 'mean',
    delayed: true,
  }
}

/** `count` different numbers below `n`, each set as likely: the first of a shuffle. */
export function drawMembers(rng: Pcg64, n: number, count: number): number[] {
  const numbers = Array.from({ length: n }, (_, i) => i)
  for (let i = 0; i < count; i++) {
    const j = i + rng.integers(n - i)
    const chosen = numbers[j]!
    numbers[j] = numbers[i]!
    numbers[i] = chosen
  }
  return numbers.slice(0, count)
}

export const redq = defineReplayAlgorithm<typeof redqOptions>({
  name: 'redq',
  summary: 'Randomised ensembled double Q-learning: SAC with ten critics and twenty updates per step.',
  loop: 'replay',
  options: redqOptions,
  check(context) {
    const { critics, targetCritics } = context.options
    if (targetCritics > critics) {
      throw new RepriseError('RPR_OPTION_CONFLICT', `targetCritics ${targetCritics} exceeds critics ${critics}.`, {
        value: targetCritics,
        hint: `Draw at most ${critics}, or train more critics.`,
      })
    }
    return softCheck(context)
  },
  inert: softInert,
  build: (context) => softProgram(context, variantOf(context.options)),
  collection: softCollection,
  replay: replayConfigOf,
  stored: () => ['policyAction'],
  exploration: ({ warmup }) => ({ random: warmup ? 1 : 0 }),
  schedule(moment) {
    const { options, index, count, rng } = moment
    const { subset } = variantOf(options)
    const members = subset === undefined ? [] : drawMembers(rng, options.critics, subset)
    return softSchedule(moment, {
      // The policy moves once per burst, after its critics.
      policyUpdate: index === count - 1 ? 1 : 0,
      ...Object.fromEntries(members.map((member, i) => [`member${i}`, member])),
    })
  },
  report: reportActorCritic,
})
