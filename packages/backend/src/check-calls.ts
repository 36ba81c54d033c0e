/** Checks of what executors are called with, the same for all of them. */
import type { HostRecord, InputSpecs, LearnerProgram, UpdateCall, UpdatesCall } from './executor.ts'
import { checkInputs, inputError } from './tensor-io.ts'

/** The number of rows of the batch. @throws RPR_EXECUTOR_INPUT */
export function checkUpdate({ inputs }: LearnerProgram, { batch, noise, schedule }: UpdateCall): number {
  const rows = checkInputs('batch', inputs.batch, batch)
  checkNoise(inputs, noise, rows)
  checkSchedule(inputs, schedule)
  return rows
}

/** The number of updates. @throws RPR_EXECUTOR_INPUT */
export function checkUpdates({ inputs }: LearnerProgram, call: UpdatesCall): number {
  const { columns, indices, batchSize, noise, schedule } = call
  const available = checkInputs('columns', inputs.batch, columns)
  const count = indices.length / batchSize
  if (!Number.isInteger(count) || batchSize < 1) {
    throw inputError(
      `${indices.length} indices are no whole number of batches of ${batchSize}.`,
      indices.length,
      'Pad the last batch with -1: such rows are zeros.',
    )
  }
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!
    if (index < -1 || index >= available) {
      throw inputError(`Row ${index} of ${available} rows was asked for.`, index, 'Use rows of the columns, or -1.')
    }
  }
  checkNoise(inputs, noise, indices.length)
  checkSchedule(inputs, schedule, count)
  return count
}

/** @throws RPR_EXECUTOR_INPUT where the program scores nothing */
export function scoreInputs({ inputs, score }: LearnerProgram): InputSpecs {
  if (score && inputs.score) return inputs.score
  throw inputError('This program scores no stored decisions.', 'score', 'Use a program that has score.')
}

type Inputs = LearnerProgram['inputs']

function checkNoise(inputs: Inputs, noise: HostRecord, rows: number): void {
  const given = checkInputs('noise', inputs.noise, noise)
  if (given < 0 || given === rows) return
  throw inputError(`The noise has ${given} rows for ${rows} of the batch.`, given, 'Draw one row per row of the batch.')
}

function checkSchedule(inputs: Inputs, given: Readonly<Record<string, number | Float32Array>>, count?: number): void {
  const names = inputs.schedule
  for (const name of names) {
    const value = given[name]
    if (value === undefined) throw inputError(`Schedule '${name}' is missing.`, name, `Give ${names.join(', ')}.`)
    if (typeof value !== 'number' && (count === undefined || value.length !== count)) {
      throw inputError(
        `Schedule '${name}' has ${value.length} values for ${count ?? 1} updates.`,
        value.length,
        count === undefined ? 'Give one number.' : 'Give one number, or one per update.',
      )
    }
  }
  for (const name in given) {
    if (!names.includes(name)) throw inputError(`There is no schedule '${name}'.`, name, `Give ${names.join(', ')}.`)
  }
}
