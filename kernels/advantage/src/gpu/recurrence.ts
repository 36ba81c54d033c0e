/**
 * x_t = b_t + a_t x_{t+1} over [T, N] as a parallel scan: each pass joins windows of four times the length, so that
 * log4 T passes do what T steps would. Source: Blelloch 1990, section 1.4; Hillis and Steele 1986.
 */
import type { Handle, KernelThis, MakeKernel } from '@reprise/gpu'

/**
 * A coefficient below zero: nothing beyond this row counts, not even where it is NaN or infinite. Coefficients themselves
 * are >= 0; their products are kept above 1e-30, so that an infinity far away is not turned into 0 * infinity.
 */
export const CUT = -1

interface Scan {
  readonly size: number
  readonly shift: number
}

function joinOffsets(this: KernelThis<Scan>, a: Float32Array, b: Float32Array): number {
  let index = this.thread.x
  let coefficient = a[this.thread.x]
  let sum = b[this.thread.x]
  for (let k = 0; k < 3; k++) {
    index = index + this.constants.shift
    if (index < this.constants.size && coefficient > -0.5) {
      sum = sum + coefficient * b[index]
      const next = a[index]
      if (next < -0.5) {
        coefficient = -1
      } else {
        const product = coefficient * next
        if (coefficient > 0 && next > 0 && product < 1e-30) {
          coefficient = 1e-30
        } else {
          coefficient = product
        }
      }
    }
  }
  return sum
}

function joinCoefficients(this: KernelThis<Scan>, a: Float32Array): number {
  let index = this.thread.x
  let coefficient = a[this.thread.x]
  for (let k = 0; k < 3; k++) {
    index = index + this.constants.shift
    if (index < this.constants.size && coefficient > -0.5) {
      const next = a[index]
      if (next < -0.5) {
        coefficient = -1
      } else {
        const product = coefficient * next
        if (coefficient > 0 && next > 0 && product < 1e-30) {
          coefficient = 1e-30
        } else {
          coefficient = product
        }
      }
    }
  }
  return coefficient
}

/** Makes the passes; the result takes handles of a and b, both [T, N], and gives x. */
export function makeRecurrence(make: MakeKernel, steps: number, numEnvs: number): (a: Handle, b: Handle) => Handle {
  const size = steps * numEnvs
  const passes: { sum: (a: Handle, b: Handle) => Handle; coefficient?: (a: Handle) => Handle }[] = []
  for (let window = 1; window < steps; window *= 4) {
    const constants = { size, shift: window * numEnvs }
    const coefficient = window * 4 < steps ? make(joinCoefficients, { output: size, constants }) : undefined
    passes.push({ sum: make(joinOffsets, { output: size, constants }), coefficient })
  }
  return (a, b) => {
    for (const { sum, coefficient } of passes) {
      const next = sum(a, b)
      if (coefficient !== undefined) a = coefficient(a)
      b = next
    }
    return b
  }
}
