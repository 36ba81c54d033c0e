/** Evaluates the current policy on stored decisions, in calls of one row count: each count is compiled once. */
import type { Executor, HostArray, LearnerProgram } from '@reprise/backend'
import type { ScoreRows } from '@reprise/replay'

const ROWS = 256

export function scoreRows(executor: Executor, program: LearnerProgram): ScoreRows {
  const specs = program.inputs.score ?? {}
  const inputs: Record<string, HostArray> = {}
  for (const [name, { dtype, shape }] of Object.entries(specs)) {
    const length = shape.reduce((a, b) => a * b, ROWS)
    inputs[name] =
      dtype === 'float32'
        ? new Float32Array(length)
        : dtype === 'int32'
          ? new Int32Array(length)
          : new Uint8Array(length)
  }
  return async (columns, rows) => {
    const out: Record<string, Float32Array> = {}
    for (let from = 0; from < rows; from += ROWS) {
      const count = Math.min(ROWS, rows - from)
      for (const name in inputs) {
        const size = inputs[name]!.length / ROWS
        inputs[name]!.set(columns[name]!.subarray(from * size, (from + count) * size))
        inputs[name]!.fill(0, count * size)
      }
      const scored = await executor.score(inputs)
      for (const name in scored) {
        out[name] ??= new Float32Array(rows)
        out[name].set((scored[name] as Float32Array).subarray(0, count), from)
      }
    }
    return {
      logProb: out['logProb']!,
      entropy: out['entropy']!,
      ...(out['referenceLogProb'] ? { referenceLogProb: out['referenceLogProb'] } : {}),
    }
  }
}
