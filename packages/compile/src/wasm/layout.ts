/** Where the named values of a program lie in its memory. */
import { type HostData, sizeOf, type TensorSpec } from '../graph.ts'
import type { ProgramMemory } from './memory.ts'

export interface Located extends TensorSpec {
  readonly address: number
}
export type Layout = Readonly<Record<string, Located>>

/** A place for each value: state as it is computed with, four bytes per element. */
export function locateState(specs: Readonly<Record<string, TensorSpec>>, memory: ProgramMemory): Layout {
  return locate(specs, ({ shape }) => memory.allocate(4 * sizeOf(shape)))
}

/** Likewise for inputs and outputs, where a bool is one byte. */
export function locateBoundary(specs: Readonly<Record<string, TensorSpec>>, memory: ProgramMemory): Layout {
  return locate(specs, ({ dtype, shape }) => memory.allocate((dtype === 'bool' ? 1 : 4) * sizeOf(shape)))
}

function locate(specs: Readonly<Record<string, TensorSpec>>, allocate: (spec: TensorSpec) => number): Layout {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape, dtype }]) => [
      name,
      { shape, dtype, address: allocate({ shape, dtype }) },
    ]),
  )
}

export function addressesOf(layout: Layout): Map<string, number> {
  return new Map(Object.entries(layout).map(([name, { address }]) => [name, address]))
}

/** Typed arrays on the memory itself. */
export function viewsOf(layout: Layout, memory: ProgramMemory): Record<string, HostData> {
  return Object.fromEntries(
    Object.entries(layout).map(([name, { dtype, address, shape }]) => [
      name,
      memory.view(dtype, address, sizeOf(shape)),
    ]),
  )
}
