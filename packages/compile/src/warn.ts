/** Things worth saying that are no errors. */
import type { ErrorCode } from '@reprise/core'

export interface CompileWarning {
  readonly code: ErrorCode
  readonly message: string
}
export type Warn = (warning: CompileWarning) => void

/** Node's warnings: once each on stderr, and 'warning' events for who listens. */
export const emitWarning: Warn = ({ code, message }) => {
  process.emitWarning(message, { type: 'CompileWarning', code })
}
