import { agentic } from '@reprise/agentic'
import { classicControl } from '@reprise/classic-control'
import { Registry } from '@reprise/core'
import { diagnostic } from '@reprise/diagnostic'
import { toyText } from '@reprise/toy-text'

/** Every environment that ships with Reprise. */
export const builtinRegistry = new Registry([...classicControl, ...toyText, ...diagnostic, ...agentic])
