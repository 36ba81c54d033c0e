/** The program of the benchmarks, which lies beside the packages in the repository. */
export const BENCHMARKS = new URL('../../../benchmarks/src/main.ts', import.meta.url)
