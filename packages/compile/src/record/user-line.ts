/** Where in the user's code something happened. */
import { fileURLToPath } from 'node:url'

const OWN = fileURLToPath(new URL('..', import.meta.url))
const FOREIGN = /node:internal|[\\/]node_modules[\\/]|[\\/]tfjs-(core|backend)/

/** 'loss (train.ts:12)': the innermost frame that is neither TensorFlow.js nor this package; '' if none is known. */
export function userLine(stack = new Error().stack ?? ''): string {
  for (const line of stack.split('\n').slice(1)) {
    const match = /^\s*at (?:(.*?) \()?(?:file:\/\/)?(.+?):(\d+):\d+\)?$/.exec(line)
    if (match === null) continue
    const [, name, file, row] = match
    const own = file!.startsWith(OWN) && !/\.test\.ts$/.test(file!)
    if (own || FOREIGN.test(file!)) continue
    const place = `${file!.split(/[\\/]/).at(-1)}:${row}`
    return name === undefined || name === '' || name.includes('<anonymous>') ? place : `${name} (${place})`
  }
  return ''
}

/** ' at loss (train.ts:12)', or nothing. */
export function atUserLine(stack?: string): string {
  const line = userLine(stack)
  return line === '' ? '' : ` at ${line}`
}
