/** Any function on trees of tensors, compiled when it is called, once per tuple of shapes. */
import type { TargetOptions } from './choose-target.ts'
import { prepare } from './function-request.ts'
import { splitCarried } from './jit-arguments.ts'
import { type Jitted, makeJitted } from './jitted.ts'
import { isTensor, join, mapTree } from './tree.ts'

export interface JitOptions extends TargetOptions {
  /**
   * Arguments that stay inside, by position, and the key of the result that replaces each. The first call gives their
   * values; the result holds a handle in their place, which the next call takes. Any other tree of that structure, given
   * instead of the handle, starts anew from its values.
   */
  readonly carry?: Readonly<Record<number, string>>
  /** For messages; default the function's name. */
  readonly name?: string
}

/**
 * Returns a function that takes and gives what `fn` does. Tensors, and numbers, are inputs; other values (strings,
 * booleans) are constants of a specialisation. Results are new tensors on the active backend, owned by the caller.
 * A promise where the target is asynchronous.
 * @throws at the first call: RPR_COMPILE_* for what cannot be recorded; RPR_COMPILE_UNSUPPORTED for a forced target
 */
export function jit<A extends readonly unknown[], R>(fn: (...args: A) => R, options: JitOptions = {}): Jitted<A, R> {
  const { carry = {}, name = fn.name || 'function' } = options
  return makeJitted<A, R>(
    {
      name,
      carry,
      inline: (args) => fn(...(args as unknown as A)),
      prepare: (unique, args, inputs, state, carried) =>
        prepare(unique, inputs, state, (source) => {
          const own = args.map((arg, position) => {
            const key = carry[position]
            return key === undefined
              ? mapTree(arg, isTensor, (leaf, path) => {
                  const place = join(String(position), path)
                  return inputs[place] === undefined ? leaf : source.input(place, inputs[place])
                })
              : mapTree(carried[position], isTensor, (_, path) => {
                  const place = join(key, path)
                  return source.state(place, state[place]!)
                })
          })
          return splitCarried(name, fn(...(own as unknown as A)), Object.values(carry))
        }),
    },
    options,
  )
}
