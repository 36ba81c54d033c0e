/** Types that every contract shares. */

export type MaybePromise<T> = T | Promise<T>

export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array | BigUint64Array

/** What can be saved in a checkpoint: plain data and typed arrays, nothing else. */
export type Serializable =
  | null
  | boolean
  | number
  | string
  | TypedArray
  | readonly Serializable[]
  | { readonly [key: string]: Serializable }

/**
 * Runs `next` at once for a plain value, or when it settles for a promise: an `await` only where one is needed.
 * Not called `then`: a module that exports `then` is a thenable, and `await import()` of it never gives the module.
 */
export function andThen<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
