/**
 * The one memory of a program, handed out from the bottom: state first, then constants, inputs, outputs and scratch.
 * It is shared, so that growing it leaves every view valid.
 */
import { RepriseError } from '@reprise/core'
import type { Dtype, HostData } from '../graph.ts'
import { MAX_PAGES } from './encoder.ts'
import { type WasmMemory, webAssembly } from './web-assembly.ts'

export const PAGE = 65_536
/** Cache lines; also lets vector loops run up to 32 bytes past the end of a buffer. */
export const ALIGNMENT = 64
/** Loads may read this far past the last buffer. */
const SLACK = 4096

export class ProgramMemory {
  readonly memory: WasmMemory
  #top = ALIGNMENT
  #scratch = { address: 0, bytes: 0 }

  constructor() {
    this.memory = new webAssembly!.Memory({ initial: 1, maximum: MAX_PAGES, shared: true })
  }

  /** Bytes in use. */
  get size(): number {
    return this.#top
  }

  /** @throws RPR_COMPILE_UNSUPPORTED beyond 4 GiB */
  allocate(bytes: number): number {
    const address = this.#top
    const top = address + aligned(Math.max(1, bytes))
    const missing = top + SLACK - this.memory.buffer.byteLength
    if (missing > 0) {
      try {
        this.memory.grow(Math.ceil(missing / PAGE))
      } catch (cause) {
        throw new RepriseError('RPR_COMPILE_UNSUPPORTED', `A program needs more than ${top} bytes of memory.`, {
          value: top,
          hint: 'WebAssembly addresses 4 GiB: use smaller batches or another target.',
          cause,
        })
      }
    }
    this.#top = top
    return address
  }

  /** Scratch that all functions share: they never run at the same time, and nothing in it outlives a call. */
  scratch(bytes: number): number {
    if (bytes > this.#scratch.bytes) this.#scratch = { address: this.allocate(bytes), bytes }
    return this.#scratch.address
  }

  view(dtype: Dtype, address: number, length: number): HostData {
    const { buffer } = this.memory
    if (dtype === 'float32') return new Float32Array(buffer, address, length)
    return dtype === 'int32' ? new Int32Array(buffer, address, length) : new Uint8Array(buffer, address, length)
  }

  /** Writes values as kernels read them: bool as masks. */
  write(dtype: Dtype, address: number, data: HostData): void {
    const length = data.length
    if (dtype !== 'bool') this.view(dtype, address, length).set(data)
    else {
      const masks = this.view('int32', address, length)
      for (let i = 0; i < length; i++) masks[i] = data[i] === 0 ? 0 : -1
    }
  }

  /** A copy of values as the host has them. */
  read(dtype: Dtype, address: number, length: number): HostData {
    if (dtype !== 'bool') {
      const copy = dtype === 'float32' ? new Float32Array(length) : new Int32Array(length)
      copy.set(this.view(dtype, address, length))
      return copy
    }
    return Uint8Array.from(this.view('int32', address, length), (mask) => (mask === 0 ? 0 : 1))
  }
}

export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
}

/** Hands out ranges of one block over time; freed ranges are used again, first fit, neighbours merged. */
export class RangeAllocator {
  #free: { from: number; to: number }[] = []
  #top = 0

  /** Bytes that the block needs. */
  get size(): number {
    return this.#top
  }

  take(bytes: number): number {
    const need = aligned(Math.max(1, bytes))
    const hole = this.#free.find((range) => range.to - range.from >= need)
    if (hole !== undefined) {
      const at = hole.from
      hole.from += need
      if (hole.from === hole.to) this.#free = this.#free.filter((range) => range !== hole)
      return at
    }
    // The last hole may end at the top: it grows.
    const last = this.#free.at(-1)
    if (last?.to === this.#top) {
      this.#free.pop()
      this.#top = last.from + need
      return last.from
    }
    const at = this.#top
    this.#top += need
    return at
  }

  give(from: number, bytes: number): void {
    const range = { from, to: from + aligned(Math.max(1, bytes)) }
    this.#free.push(range)
    this.#free.sort((a, b) => a.from - b.from)
    const merged: { from: number; to: number }[] = []
    for (const next of this.#free) {
      const last = merged.at(-1)
      if (last?.to === next.from) last.to = next.to
      else merged.push(next)
    }
    this.#free = merged
  }
}
