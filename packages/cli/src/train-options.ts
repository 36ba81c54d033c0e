/** From the flags of `train` to the options of `train()`. Pure reading: what they mean is checked there. */
import { RepriseError } from '@reprise/core'
import type { TrainOptions } from '@reprise/train'
import type { Args } from './args.ts'

/** Options that have a flag of their own. */
const FLAGS = ['steps', 'seed'] as const

export function trainOptions(args: Args): TrainOptions {
  const set = args.pairs('set')
  for (const flag of FLAGS) {
    if (args.integer(flag) === undefined || !Object.hasOwn(set, flag)) continue
    throw new RepriseError(
      'RPR_OPTION_CONFLICT',
      `--${flag} ${args.integer(flag)} and --set ${flag}=${set[flag]} are both given.`,
      {
        value: set[flag],
        hint: 'Give one of them.',
      },
    )
  }
  if (args.text('seeds') !== undefined && Object.hasOwn(set, 'seed')) {
    throw new RepriseError(
      'RPR_OPTION_CONFLICT',
      `--seeds ${args.text('seeds')} and --set seed=${set['seed']} are both given.`,
      { value: set['seed'], hint: 'Give one of them.' },
    )
  }
  return {
    algo: args.text('algo'),
    env: args.text('env'),
    steps: args.integer('steps'),
    seed: args.integer('seed'),
    out: args.text('out'),
    preset: args.switch('no-preset') ? false : args.text('preset'),
    config: args.text('config'),
    initFrom: args.text('init-from'),
    set,
    envOptions: args.pairs('env-set'),
    executor: args.text('executor'),
  }
}
