import { totalmem } from 'node:os'
import type { LeafSpec } from '@reprise/core'

const elementBytes = { float32: 4, float64: 8, int32: 4, uint8: 1, bool: 1 } as const

/** Bytes of one row of the leaves. */
export function bytesOf(leaves: readonly LeafSpec[]): number {
  return leaves.reduce((sum, { dtype, size }) => sum + size * elementBytes[dtype], 0)
}

const total = totalmem()

/** What a store may hold unless told otherwise: three quarters of the machine's memory. */
export function defaultMaxBytes(): number {
  return Math.floor(total * 0.75)
}

/** `1.50 GiB (1610612736 bytes)` */
export function inWords(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const
  let unit = 0
  let value = bytes
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024
  return unit === 0 ? `${bytes} bytes` : `${value.toFixed(2)} ${units[unit]} (${bytes} bytes)`
}
