/** A program in one file: graphs, state, and what one target made of them. */
import { type PreparedFunction, prepared } from '../function-request.ts'
import type { Graph, TensorSpec } from '../graph.ts'
import type { SavedState } from '../saved-state.ts'
import type { SpecTree } from '../tree.ts'
import { readContainer, writeContainer } from './container.ts'
import { type Image, storeImage } from './image.ts'
import { BlobWriter, blobAs, restoreGraph, type StoredGraph, type StoredTensor, storeGraph } from './stored-graph.ts'

interface StoredFunction {
  readonly name: string
  readonly inputs: SpecTree
  readonly flat: Readonly<Record<string, TensorSpec>>
  readonly outputs: Readonly<Record<string, TensorSpec>>
  readonly structure: unknown
  readonly graph: StoredGraph
}

interface StoredProgram {
  readonly state: Readonly<Record<string, StoredTensor>>
  readonly functions: readonly { readonly name: string; readonly specialisations: readonly StoredFunction[] }[]
  readonly image?: Image
  readonly jit?: StoredJit
}

/** What makes a function of `jit` of its one function. */
export interface StoredJit {
  readonly carry: Readonly<Record<number, string>>
  /** Of each specialisation. */
  readonly constants: readonly string[]
}

/** Functions by name with their specialisations, the first of which has the function's name. */
export type FunctionsOf = readonly {
  readonly name: string
  readonly specialisations: readonly (readonly [inputs: SpecTree, prepared: PreparedFunction])[]
}[]

export interface ProgramParts {
  readonly state: SavedState
  readonly functions: FunctionsOf
  /** What it runs on. */
  readonly target: string
  readonly jit?: StoredJit
}

/** @throws RPR_FILE_UNWRITABLE, RPR_COMPILE_UNSUPPORTED */
export async function writeProgram(path: string, { state, functions, target, jit }: ProgramParts): Promise<void> {
  const blobs = new BlobWriter()
  const stored = functions.map(({ name, specialisations }) => ({
    name,
    specialisations: specialisations.map(([inputs, fn]): StoredFunction => {
      // First: structure and specs are known once there is a graph.
      const graph = storeGraph(fn.request.graph(), blobs)
      const { name, inputs: flat } = fn.request
      return { name, inputs, flat, outputs: fn.outputSpecs(), structure: fn.structure(), graph }
    }),
  }))
  const leaves = Object.entries(state).map(
    ([path, { shape, dtype, data }]) => [path, { shape, dtype, blob: blobs.add(data) }] as const,
  )
  const requests = functions.flatMap(({ specialisations }) => specialisations.map(([, { request }]) => request))
  const image = await storeImage(target, state, requests, blobs)
  const header: StoredProgram = {
    state: Object.fromEntries(leaves),
    functions: stored,
    ...(image ? { image } : {}),
    ...(jit ? { jit } : {}),
  }
  await writeContainer(path, { header, blobs: blobs.blobs })
}

export interface ProgramFile {
  readonly state: SavedState
  readonly functions: FunctionsOf
  readonly jit: StoredJit | undefined
  readonly image: Image | undefined
  readonly blobs: readonly Uint8Array[]
}

/** @throws RPR_FILE_MISSING, RPR_CHECKPOINT_CORRUPT, RPR_CHECKPOINT_VERSION */
export async function readProgram(path: string): Promise<ProgramFile> {
  const { header, blobs } = await readContainer(path)
  const { state, functions, image, jit } = header as StoredProgram
  return {
    state: Object.fromEntries(
      Object.entries(state).map(([path, { shape, dtype, blob }]) => [
        path,
        { shape, dtype, data: blobAs(dtype, blobs[blob]!) },
      ]),
    ),
    functions: functions.map(({ name, specialisations }) => ({
      name,
      specialisations: specialisations.map((fn) => {
        let graph: Graph | undefined
        const restored = (): Graph => {
          graph ??= restoreGraph(fn.graph, blobs)
          return graph
        }
        return [
          fn.inputs,
          prepared({ name: fn.name, inputs: fn.flat, graph: restored }, fn.outputs, fn.structure),
        ] as const
      }),
    })),
    jit,
    image,
    blobs,
  }
}
