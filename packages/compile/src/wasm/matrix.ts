/** A matrix in memory. */
import type { Code, Local } from './code.ts'

/** Where a matrix lies: a static base, and a pointer that moves from batch to batch if there is more than one. */
export interface Matrix {
  readonly base: number
  readonly pointer: Local | undefined
}

/** A new pointer into the matrix, to be moved: its first element is `base` past it. */
export function matrixPointer(code: Code, matrix: Matrix): Local {
  const local = code.local('i32')
  if (matrix.pointer === undefined) code.i32(0)
  else code.get(matrix.pointer)
  code.set(local)
  return local
}
