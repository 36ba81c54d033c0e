/** Evaluates the current policy on stored decisions, in calls of a few row counts: each count is compiled once. */
import { layOut, shapeFor } from '@reprise/algorithms'
import type { Executor, HostArray, InputSpecs, LearnerProgram, SequenceShape } from '@reprise/backend'
import type { ScoreRows, Scores } from '@reprise/replay'

const ROWS = 256

export function scoreRows(executor: Executor, program: LearnerProgram): ScoreRows {
  const specs = program.inputs.score ?? {}
  const { sequences } = program
  if (sequences) return scoreSequences(executor, specs, sequences)
  const inputs = inputsFor(specs, ROWS)
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
    return scores(out)
  }
}

/** With memory: whole episodes side by side, as they are trained on. */
function scoreSequences(executor: Executor, specs: InputSpecs, shapes: readonly SequenceShape[]): ScoreRows {
  return async (columns, rows, offsets) => {
    const out: Record<string, Float32Array> = {}
    const width = shapes[0]!.episodes
    for (let first = 0; first < offsets.length - 1; first += width) {
      const count = Math.min(width, offsets.length - 1 - first)
      const episodes = Array.from({ length: count }, (_, i) => first + i)
      const shape = shapeFor(
        shapes,
        episodes.reduce((longest, e) => Math.max(longest, offsets[e + 1]! - offsets[e]!), 0),
      )
      const indices = new Int32Array(shape.steps * shape.episodes).fill(-1)
      layOut(shape, offsets, episodes, indices, 0)
      const inputs = inputsFor(specs, indices.length)
      for (const name in inputs) gather(columns[name]!, rows, indices, inputs[name]!)
      const scored = await executor.score(inputs)
      for (const name in scored) {
        out[name] ??= new Float32Array(rows)
        const values = scored[name]!
        for (let i = 0; i < indices.length; i++) if (indices[i]! >= 0) out[name][indices[i]!] = values[i]!
      }
    }
    return scores(out)
  }
}

function gather(column: HostArray, rows: number, indices: Int32Array, out: HostArray): void {
  const size = column.length / rows
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i]! * size
    if (from < 0) continue
    for (let k = 0; k < size; k++) out[i * size + k] = column[from + k]!
  }
}

function inputsFor(specs: InputSpecs, rows: number): Record<string, HostArray> {
  const inputs: Record<string, HostArray> = {}
  for (const [name, { dtype, shape }] of Object.entries(specs)) {
    const length = shape.reduce((a, b) => a * b, rows)
    inputs[name] =
      dtype === 'float32'
        ? new Float32Array(length)
        : dtype === 'int32'
          ? new Int32Array(length)
          : new Uint8Array(length)
  }
  return inputs
}

function scores(out: Readonly<Record<string, Float32Array>>): Scores {
  return {
    logProb: out['logProb']!,
    entropy: out['entropy']!,
    ...(out['referenceLogProb'] ? { referenceLogProb: out['referenceLogProb'] } : {}),
  }
}
