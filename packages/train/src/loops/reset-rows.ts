/** Rows of an environment begin episodes as their tasks say. */
import type { VectorEnv } from '@reprise/core'
import type { Task } from './tasks.ts'

/** Resets the first `used` rows, those of equal options in one call; the others stand still. */
export async function resetRows(env: VectorEnv, used: number, taskOf: (row: number) => Task): Promise<void> {
  const { numEnvs } = env
  const seeds = Float64Array.from({ length: numEnvs }, (_, row) => (row < used ? taskOf(row).seed : 0))
  const together = new Map<string, { task: Task; mask: Uint8Array }>()
  let last: { task: Task; mask: Uint8Array } | undefined
  for (let row = 0; row < used; row++) {
    const task = taskOf(row)
    // Rows of a task lie side by side.
    if (last?.task !== task) {
      const key = JSON.stringify(task.options ?? null)
      last = { task, mask: together.get(key)?.mask ?? new Uint8Array(numEnvs) }
      if (!together.has(key)) together.set(key, last)
    }
    last.mask[row] = 1
  }
  const whole = together.size === 1 && used === numEnvs
  for (const { task, mask } of together.values())
    await env.reset({
      seeds,
      ...(whole ? {} : { mask }),
      ...(task.options === undefined ? {} : { options: task.options }),
    })
}
