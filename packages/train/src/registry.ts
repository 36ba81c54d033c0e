import { classicControl } from '@reprise/classic-control'
import { Registry } from '@reprise/core'
// TEMP

/** Every environment that ships with Reprise. */
export const builtinRegistry = new Registry([...classicControl])
