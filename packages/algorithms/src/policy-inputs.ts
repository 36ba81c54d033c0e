import type { InputSpecs } from '@reprise/backend'
import { RepriseError } from '@reprise/core'
import { type ActionHead, actionHead } from '@reprise/nn'
import type { PolicySpaces } from './algorithm.ts'

/**
 * The inputs that every policy-gradient program has in common.
 * @throws RepriseError RPR_SPACE_UNSUPPORTED, RPR_ALGO_UNSUPPORTED for a mask that does not fit the action space
 */
export function policyInputs(spaces: PolicySpaces): { head: ActionHead; state: InputSpecs; noise: InputSpecs } {
  const head = actionHead(spaces.action)
  if (spaces.maskSize !== 0 && (head.kind !== 'categorical' || spaces.maskSize !== head.outputs)) {
    throw new RepriseError(
      'RPR_ALGO_UNSUPPORTED',
      `An action mask of ${spaces.maskSize} elements does not fit ${spaces.action}.`,
      { value: spaces.maskSize, hint: 'Masks have one element per discrete choice.' },
    )
  }
  return {
    head,
    state: {
      observation: { dtype: 'float32', shape: [spaces.observationSize] },
      ...(spaces.maskSize > 0 ? { mask: { dtype: 'bool' as const, shape: [spaces.maskSize] } } : {}),
    },
    noise: { noise: head.noise },
  }
}

/** One number per row. */
export const PER_ROW = { dtype: 'float32', shape: [] } as const
