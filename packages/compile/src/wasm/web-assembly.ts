/** The part of the host's WebAssembly object that is used here: Node's types leave it out, and the DOM's would bring in more. */

export interface WasmMemory {
  readonly buffer: SharedArrayBuffer
  grow(pages: number): number
}

interface WebAssemblyHost {
  readonly Memory: new (options: { initial: number; maximum: number; shared: boolean }) => WasmMemory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> }
}

/** Undefined on a host without WebAssembly. */
export const webAssembly = (globalThis as unknown as { WebAssembly?: WebAssemblyHost }).WebAssembly
