import { fileURLToPath } from 'node:url'
import type { Args } from '../args.ts'
import { BENCHMARKS } from '../benchmarks.ts'

/** Runs the repository's benchmark program in this process, as `npm run bench` does. */
export async function run(args: Args): Promise<number> {
  process.argv = [process.argv[0]!, fileURLToPath(BENCHMARKS), ...args.raw]
  await import(BENCHMARKS.href)
  return Number(process.exitCode ?? 0)
}
