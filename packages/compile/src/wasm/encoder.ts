/**
 * Binary encoder for WebAssembly modules: functions, imports and one imported shared memory. Only what the emitters
 * need; https://webassembly.github.io/spec/core/binary/ names every section and immediate.
 */
import { Code } from './code.ts'
import { VALUE_TYPES, type ValueType } from './opcodes.ts'

export interface Signature {
  readonly params: readonly ValueType[]
  readonly results: readonly ValueType[]
}

/** Largest number of 64 KiB pages that a memory can have: views survive growth because a shared memory never moves. */
export const MAX_PAGES = 65_536

export class ModuleBuilder {
  readonly #types: Signature[] = []
  readonly #imports: { module: string; name: string; type: number }[] = []
  readonly #functions: { type: number; code: Code }[] = []
  readonly #exports: { name: string; fn: FunctionRef }[] = []

  /** A function import; the same name gives the same import. */
  import(module: string, name: string, signature: Signature): FunctionRef {
    let index = this.#imports.findIndex((item) => item.module === module && item.name === name)
    if (index < 0) index = this.#imports.push({ module, name, type: this.#type(signature) }) - 1
    return { kind: 'import', index }
  }

  /** Adds a function and returns a reference for `Code.call`; `body` may reference functions added before or after. */
  function(signature: Signature, body: (code: Code) => void): FunctionRef {
    const code = new Code(signature.params)
    const index = this.#functions.push({ type: this.#type(signature), code }) - 1
    body(code)
    return { kind: 'local', index }
  }

  export(name: string, fn: FunctionRef): void {
    this.#exports.push({ name, fn })
  }

  encode(initialPages: number): Uint8Array<ArrayBuffer> {
    const out: number[] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
    section(out, 1, this.#types, (to, signature) => {
      to.push(0x60)
      for (const types of [signature.params, signature.results]) {
        unsigned(to, types.length)
        for (const type of types) to.push(VALUE_TYPES[type])
      }
    })
    const imports: ((to: number[]) => void)[] = this.#imports.map((item) => (to) => {
      name(to, item.module)
      name(to, item.name)
      to.push(0x00)
      unsigned(to, item.type)
    })
    imports.push((to) => {
      name(to, 'env')
      name(to, 'memory')
      to.push(0x02, 0x03) // shared, with a maximum
      unsigned(to, initialPages)
      unsigned(to, MAX_PAGES)
    })
    section(out, 2, imports, (to, write) => write(to))
    section(out, 3, this.#functions, (to, fn) => unsigned(to, fn.type))
    section(out, 7, this.#exports, (to, item) => {
      name(to, item.name)
      to.push(0x00)
      unsigned(to, this.#index(item.fn))
    })
    return joined([out, ...this.#codeSection()])
  }

  /** Nearly all bytes of a module: not copied more often than needed. */
  #codeSection(): (readonly number[])[] {
    if (this.#functions.length === 0) return []
    const count: number[] = []
    unsigned(count, this.#functions.length)
    const parts: (readonly number[])[] = [count]
    for (const { code } of this.#functions) {
      const body = code.encode((ref) => this.#index(ref))
      const length: number[] = []
      unsigned(length, body.length)
      parts.push(length, body)
    }
    const head = [10]
    unsigned(
      head,
      parts.reduce((sum, part) => sum + part.length, 0),
    )
    return [head, ...parts]
  }

  get importNames(): readonly { module: string; name: string }[] {
    return this.#imports
  }

  #index(fn: FunctionRef): number {
    return fn.kind === 'import' ? fn.index : this.#imports.length + fn.index
  }

  #type(signature: Signature): number {
    const { params, results } = signature
    const found = this.#types.findIndex((type) => sameTypes(type.params, params) && sameTypes(type.results, results))
    return found >= 0 ? found : this.#types.push({ params, results }) - 1
  }
}

/** Imports come first in the index space, and their number is known only at the end. */
export interface FunctionRef {
  readonly kind: 'import' | 'local'
  readonly index: number
}

function section<T>(out: number[], id: number, items: readonly T[], write: (to: number[], item: T) => void): void {
  if (items.length === 0) return
  const body: number[] = []
  unsigned(body, items.length)
  for (const item of items) write(body, item)
  out.push(id)
  unsigned(out, body.length)
  append(out, body)
}

function name(to: number[], text: string): void {
  const bytes = [...new TextEncoder().encode(text)]
  unsigned(to, bytes.length)
  append(to, bytes)
}

function joined(parts: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function sameTypes(a: readonly ValueType[], b: readonly ValueType[]): boolean {
  return a.length === b.length && a.every((type, i) => type === b[i])
}

/** Bytes `from` to `to` at the end of `out`; in pieces, because many arguments overflow the stack. */
export function append(out: number[], bytes: readonly number[], from = 0, to = bytes.length): void {
  for (let at = from; at < to; at += 4096) out.push(...bytes.slice(at, Math.min(to, at + 4096)))
}

/** Unsigned LEB128 of an integer below 2^53. */
export function unsigned(to: number[], value: number): void {
  let rest = value
  while (rest >= 0x80) {
    to.push((rest % 0x80) + 0x80)
    rest = Math.floor(rest / 0x80)
  }
  to.push(rest)
}

/** Signed LEB128 of a bigint or a 32-bit integer. */
export function signed(to: number[], value: bigint | number): void {
  if (typeof value === 'bigint') {
    signedBig(to, value)
    return
  }
  let rest = value
  for (;;) {
    const byte = rest & 0x7f
    rest >>= 7
    if ((rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)) {
      to.push(byte)
      return
    }
    to.push(byte | 0x80)
  }
}

function signedBig(to: number[], value: bigint): void {
  let rest = value
  for (;;) {
    const byte = Number(rest & 0x7fn)
    rest >>= 7n
    if ((rest === 0n && (byte & 0x40) === 0) || (rest === -1n && (byte & 0x40) !== 0)) {
      to.push(byte)
      return
    }
    to.push(byte | 0x80)
  }
}
