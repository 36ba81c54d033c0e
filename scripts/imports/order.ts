/** Which way imports point: DESIGN.md section 2 as one table. A package imports only from rows above its own. */

/** Workspace folders, a row per level; `*` stands for every folder there. Packages to come have their place already. */
export const LEVELS: readonly (readonly string[])[] = [
  ['packages/core'],
  ['packages/storage', 'kernels/gpu'],
  ['packages/compile', 'packages/nn', 'envs/*', 'kernels/advantage'],
  ['packages/tensorflow', 'kernels/similarity'],
  ['packages/backend'],
  ['packages/replay', 'packages/memory', 'packages/curriculum'],
  ['packages/algorithms'],
  ['packages/train'],
  ['packages/stats'],
  ['packages/ablation'],
  ['packages/cli'],
  ['experiments', 'benchmarks'],
]

/** Imports that the levels allow and the design forbids. */
export const FORBIDDEN: readonly { from: string; to: string; why: string }[] = [
  {
    from: 'packages/algorithms',
    to: 'packages/compile',
    why: 'train compiles algorithms; they do not know the compiler',
  },
]

/** Packages that hold tensors or run them. */
export const TENSOR_LIBRARIES: readonly RegExp[] = [/^@tensorflow\//, /^gpu\.js$/, /^onnxruntime/]

/** Folders that never import one of those. */
export const WITHOUT_TENSORS: readonly string[] = ['packages/core', 'envs/*']

export function matches(pattern: string, folder: string): boolean {
  return pattern.endsWith('/*') ? folder.startsWith(pattern.slice(0, -1)) : pattern === folder
}

/** The row of a folder, or -1. */
export function levelOf(folder: string): number {
  return LEVELS.findIndex((row) => row.some((pattern) => matches(pattern, folder)))
}
