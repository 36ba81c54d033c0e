/**
 * Sine and cosine of small angles without a call: the kernels of fdlibm (Sun Microsystems 1993), which Node's
 * `Math.sin` and `Math.cos` evaluate to the same bits below 0.3 (see small-trig.test.ts). Being inlined, they let the
 * processor overlap rows. Larger angles go to `Math`.
 */
export function sinSmall(x: number): number {
  if (!(x > -0.3 && x < 0.3)) return Math.sin(x)
  const z = x * x
  const tail = S2 + z * (S3 + z * (S4 + z * (S5 + z * S6)))
  return x + z * x * (S1 + z * tail)
}

export function cosSmall(x: number): number {
  if (!(x > -0.3 && x < 0.3)) return Math.cos(x)
  const z = x * x
  const tail = z * (C1 + z * (C2 + z * (C3 + z * (C4 + z * (C5 + z * C6)))))
  return 1 - (0.5 * z - z * tail)
}

const S1 = -1.66666666666666324348e-1
const S2 = 8.33333333332248946124e-3
const S3 = -1.98412698298579493134e-4
const S4 = 2.75573137070700676789e-6
const S5 = -2.50507602534068634195e-8
const S6 = 1.58969099521155010221e-10
const C1 = 4.16666666666666019037e-2
const C2 = -1.38888888888741095749e-3
const C3 = 2.48015872894767294178e-5
const C4 = -2.75573143513906633035e-7
const C5 = 2.0875723212981748279e-9
const C6 = -1.13596475577881948265e-11
