/** Damaged copies of a file. */
import type { Pcg64 } from '@reprise/core'

/** One random damage: flipped bits, other bytes, a cut, an addition, a moved or repeated or zeroed part. */
export function mutate(bytes: Uint8Array, rng: Pcg64): Uint8Array {
  const copy = Uint8Array.from(bytes)
  // Half of the damage goes to the beginning, where the header is.
  const place = () => rng.integers(rng.random() < 0.5 ? Math.min(512, bytes.length) : bytes.length)
  const at = place()
  switch (rng.integers(7)) {
    case 0:
      copy[at]! ^= 1 << rng.integers(8)
      return copy
    case 1:
      for (let i = 0, n = 1 + rng.integers(64); i < n; i++) copy[place()] = rng.integers(256)
      return copy
    case 2:
      return copy.subarray(0, at)
    case 3:
      return Uint8Array.from([...copy.subarray(0, 64), ...new Uint8Array(1 + rng.integers(100)), ...copy.subarray(64)])
    case 4:
      return copy.subarray(at + 1)
    case 5:
      copy.copyWithin(at, place(), place())
      return copy
    default:
      copy.fill(0, at, at + 1 + rng.integers(256))
      return copy
  }
}

type Node = Record<string | number, unknown>

/** A copy of saved state with one part of it replaced by something of another kind or size: what a checksum cannot see. */
export function mutateState(state: unknown, rng: Pcg64): unknown {
  const copy = structuredClone(state)
  const places: [Node, string | number][] = []
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null || ArrayBuffer.isView(node)) return
    for (const key of Object.keys(node)) {
      places.push([node as Node, key])
      walk((node as Node)[key])
    }
  }
  walk(copy)
  const [node, key] = places[rng.integers(places.length)]!
  const old = node[key]
  const values: unknown[] = [null, 'x', -1, 0.5, Number.NaN, {}, [], new Int32Array(3), new Float64Array(5000)]
  if (ArrayBuffer.isView(old)) values.push((old as Int32Array).slice(1), new Uint8Array((old as Int32Array).length + 1))
  const value = values[rng.integers(values.length)]
  if (rng.random() < 0.2) delete node[key]
  else node[key] = value
  return copy
}
