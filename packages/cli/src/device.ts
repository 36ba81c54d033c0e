/** `--device`: for the executors on TensorFlow, here and in the processes of `--seeds`. */
import { RepriseError } from '@reprise/core'
import type { Args } from './args.ts'

const CHOOSING: readonly string[] = ['auto', 'tensorflow', 'eager:tensorflow']

/** @throws RepriseError RPR_OPTION_RANGE, RPR_OPTION_INERT */
export async function chooseDevice(args: Args): Promise<void> {
  const device = args.text('device')
  if (device === undefined) return
  const executor = args.text('executor')
  if (executor !== undefined && !CHOOSING.includes(executor)) {
    throw new RepriseError('RPR_OPTION_INERT', `--device ${device} would have no effect with --executor ${executor}.`, {
      value: device,
      hint: 'Leave it out, or take an executor on TensorFlow: --executor tensorflow.',
    })
  }
  const { parseDevice } = await import('@reprise/tensorflow')
  parseDevice(device)
  process.env['REPRISE_DEVICE'] = device
}
