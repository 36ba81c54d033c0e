/** A run that begins with the parameters of another one. */
import type { HostTree } from '@reprise/backend'
import { RepriseError } from '@reprise/core'
import type { Learner } from './learner.ts'
import { hashState, readCheckpoint } from './run/checkpoint.ts'
import { readConfig } from './run/run-folder.ts'

/** What config.yaml says of it. */
export interface InitialParameters {
  readonly run: string
  readonly step: number
  /** SHA-256 of the parameters that were taken. */
  readonly parameterHash: string
}

/** Options that say what a network is: parameters of one fit no other, whatever their number. */
const NETWORK = [
  'policy',
  'memorySize',
  'attentionWidth',
  'attentionHeads',
  'pointAt',
  'hidden',
  'activation',
  'layerNorm',
] as const

/**
 * Loads the parameters of a run's last checkpoint into a learner that has not begun: all of its state but what an optimiser
 * keeps, and a reference policy becomes the policy that is loaded.
 * @throws RPR_STATE_MISMATCH naming the option or the part that differs; RPR_FILE_MISSING, RPR_RUN_INVALID, RPR_CHECKPOINT_*
 */
export async function initFrom(
  path: string,
  learner: Learner,
  options: Readonly<Record<string, unknown>>,
): Promise<InitialParameters> {
  const { folder, config } = readConfig(path)
  const { info, state } = readCheckpoint(folder, 'last')
  const saved = (state as unknown as { learner: HostTree }).learner
  const refuse = (what: string, theirs: unknown, ours: unknown) =>
    new RepriseError(
      'RPR_STATE_MISMATCH',
      `The parameters of '${path}' do not fit: ${what} is ${JSON.stringify(theirs)} there and ${JSON.stringify(ours)} here.`,
      { value: theirs, hint: 'Give both runs the same network, environment and wrappers.' },
    )
  for (const name of NETWORK) {
    const [theirs, ours] = [config.options[name], options[name]]
    if (theirs === undefined || ours === undefined) continue
    if (JSON.stringify(theirs) !== JSON.stringify(ours)) throw refuse(`option '${name}'`, theirs, ours)
  }
  const current = await learner.executor.save()
  const taken: Record<string, HostTree[string]> = {}
  for (const [name, ours] of Object.entries(current)) {
    if (/^(optimizer|accumulated)/.test(name) || name === 'reference') continue
    const theirs = saved[name]
    if (theirs === undefined && name !== 'params') continue
    if (theirs === undefined || theirs.shape.join() !== ours.shape.join())
      throw refuse(`'${name}'`, theirs?.shape ?? null, ours.shape)
    taken[name] = theirs
  }
  if (taken['params'] === undefined) throw refuse("'params'", saved['params']?.shape ?? null, null)
  const parameterHash = hashState(taken)
  if (current['reference']) taken['reference'] = taken['params']
  await learner.executor.load({ ...current, ...taken })
  return { run: path, step: info.step, parameterHash }
}
