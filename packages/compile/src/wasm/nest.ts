/** Static loop nests with pointers that move along every axis: the frame of the kernels that are no walk. */
import type { Code, Local } from './code.ts'

export interface Moving {
  readonly local: Local
  /** Bytes, per axis. */
  readonly strides: readonly number[]
}

/** Runs `body` for each index of `sizes`, outermost axis first. Pointers end where they began. */
export function nest(code: Code, sizes: readonly number[], pointers: readonly Moving[], body: () => void): void {
  if (sizes.some((size) => size === 0)) return
  const level = (axis: number): void => {
    if (axis === sizes.length) {
      body()
      return
    }
    if (sizes[axis] === 1) {
      level(axis + 1)
      return
    }
    code.scope(() => {
      const counter = code.local('i32')
      code.loop(counter, 0, sizes[axis]!, 1, () => {
        level(axis + 1)
        for (const pointer of pointers) code.add(pointer.local, pointer.strides[axis] ?? 0)
      })
    })
    for (const pointer of pointers) code.add(pointer.local, -(pointer.strides[axis] ?? 0) * sizes[axis]!)
  }
  level(0)
}

/** A new pointer local that starts at `address`. */
export function pointer(code: Code, address: number, strides: readonly number[]): Moving {
  const local = code.local('i32')
  code.i32(address)
  code.set(local)
  return { local, strides }
}
