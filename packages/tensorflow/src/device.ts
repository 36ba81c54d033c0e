/** `--device`: where tensors live. */
import { RepriseError } from '@reprise/core'
import type { DeviceChoice } from './native/settings.ts'

/** @throws RepriseError RPR_OPTION_RANGE, RPR_OPTION_CONFLICT */
export function parseDevice(device: string | undefined, cuda?: boolean): DeviceChoice {
  if (device === undefined) return { kind: cuda === true ? 'gpu' : cuda === false ? 'cpu' : 'auto', index: 0 }
  const match = /^(?:(cpu)|gpu(?::(\d{1,3}))?)$/.exec(device)
  if (match === null) {
    throw new RepriseError('RPR_OPTION_RANGE', `The device '${device}' is none.`, {
      value: device,
      hint: `It is 'cpu', 'gpu' or a GPU by its number: 'gpu:1'.`,
    })
  }
  const kind = match[1] === 'cpu' ? 'cpu' : 'gpu'
  if (cuda !== undefined && cuda !== (kind === 'gpu')) {
    throw new RepriseError('RPR_OPTION_CONFLICT', `The device '${device}' contradicts cuda: ${cuda}.`, {
      value: device,
      hint: 'Leave one of the two out.',
    })
  }
  return { kind, index: Number(match[2] ?? 0) }
}
