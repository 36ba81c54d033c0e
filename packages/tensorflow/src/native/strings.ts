/** Tensors of strings: arrays of TF_TString, 24 bytes each, of which long ones own memory. */
import type { CApi } from './c-api.ts'
import type { Ffi, Pointer } from './ffi.ts'

export const STRING_BYTES = 24

/** @param data where the tensor's elements lie */
export function writeStrings(api: CApi, data: Pointer, strings: readonly Uint8Array[]): void {
  for (let i = 0; i < strings.length; i++) {
    const at = data + i * STRING_BYTES
    api.TF_StringInit(at)
    api.TF_StringCopy(at, strings[i]!, strings[i]!.length)
  }
}

export function readStrings(api: CApi, ffi: Ffi, data: Pointer, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const at = data + i * STRING_BYTES
    const bytes = new Uint8Array(api.TF_StringGetSize(at))
    if (bytes.length > 0) ffi.copyOut(bytes, api.TF_StringGetDataPointer(at), bytes.length)
    return bytes
  })
}

export function freeStrings(api: CApi, data: Pointer, count: number): void {
  for (let i = 0; i < count; i++) api.TF_StringDealloc(data + i * STRING_BYTES)
}
