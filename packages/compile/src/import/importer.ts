/** What turns one TensorFlow.js kernel call into nodes. One file per family of kernels; `index.ts` joins them. */
import { RepriseError } from '@reprise/core'
import type { Dtype, NodeId } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'

export interface KernelCall {
  readonly name: string
  /** Operands by name; a kernel that takes a list has them under '0', '1', ... */
  readonly inputs: Readonly<Record<string, NodeId>>
  readonly attributes: Readonly<Record<string, unknown>>
}

/** Appends the call's nodes and returns its results. @throws RPR_COMPILE_UNSUPPORTED for a variant that has no graph */
export type Importer = (g: GraphBuilder, call: KernelCall) => NodeId | readonly NodeId[]
export type Importers = Readonly<Record<string, Importer>>

/** A kernel or a variant of it that no graph can say. */
export function unsupported(call: KernelCall, why: string): never {
  throw new RepriseError('RPR_COMPILE_UNSUPPORTED', `Kernel '${call.name}' ${why}`, { value: call.name })
}

/** The operands of a list kernel, in order. */
export function listInputs(call: KernelCall): NodeId[] {
  return Object.values(call.inputs)
}

/** An attribute; `undefined` and `null` give the fallback. */
export function attribute<T>(call: KernelCall, name: string, fallback?: T): T {
  const value = call.attributes[name]
  if (value !== undefined && value !== null) return value as T
  if (fallback !== undefined) return fallback
  return unsupported(call, `was called without '${name}'.`)
}

/** Axes as non-negative ascending numbers; none given means all. */
export function axesOf(call: KernelCall, name: string, rank: number): number[] {
  const given = call.attributes[name] as number | readonly number[] | null | undefined
  if (given === undefined || given === null) return Array.from({ length: rank }, (_, axis) => axis)
  const axes = typeof given === 'number' ? [given] : [...given]
  return [...new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)))].sort((a, b) => a - b)
}

export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis
}

/** The type that holds both: bool, then int32, then float32. */
export function upcast(a: Dtype, b: Dtype): Dtype {
  if (a === 'float32' || b === 'float32') return 'float32'
  return a === 'int32' || b === 'int32' ? 'int32' : 'bool'
}

/** A dtype attribute as the graph knows it. */
export function dtypeOf(call: KernelCall, dtype: unknown): Dtype {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype
  return unsupported(call, `makes ${String(dtype)}: only float32, int32 and bool compile.`)
}
