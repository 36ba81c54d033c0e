/** What cannot be recorded, said where it happens. */
import { type ErrorCode, RepriseError } from '@reprise/core'
import { atUserLine } from './user-line.ts'

function refuse(code: ErrorCode, message: string, hint: string, value?: unknown): never {
  throw new RepriseError(code, `${message}${atUserLine()}.`, { value, hint })
}

export function refuseRead(): never {
  refuse(
    'RPR_COMPILE_VALUE_READ',
    'A compiled function read the values of a tensor',
    'It is recorded once, before there are values: keep them in tensors (tf.where instead of if, tensor operations ' +
      'instead of arithmetic) and return what you want to read.',
  )
}

export function refuseRandom(source: string): never {
  refuse(
    'RPR_COMPILE_RANDOM',
    `A compiled function drew random numbers (${source})`,
    'They would be the same in every call: draw them outside and pass them as an argument.',
    source,
  )
}

export function refuseVariable(what: string): never {
  refuse(
    'RPR_COMPILE_VARIABLE',
    `A compiled function ${what}`,
    'Take values as arguments and return the new ones; with `carry` or `state` they stay inside between calls.',
  )
}

export function refuseCaptured(name: string): never {
  refuse(
    'RPR_COMPILE_CAPTURED',
    `A compiled function used ${name}, which existed before and is no argument,`,
    'Its values now would be frozen into the program: pass it as an argument, or create it inside the function.',
    name,
  )
}

export function refuseDtype(dtype: string): never {
  refuse('RPR_COMPILE_UNSUPPORTED', `A compiled function made a ${dtype} tensor`, 'Use float32, int32 or bool.', dtype)
}
