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

const S1 = -0.16666666666666632
const S2 = 0.00833333333332249
const S3 = -0.0001984126982985795
const S4 = 2.7557313707070068e-6
const S5 = -2.5050760253406863e-8
const S6 = 1.58969099521155e-10
const C1 = 0.0416666666666666
const C2 = -0.001388888888887411
const C3 = 2.480158728947673e-5
const C4 = -2.7557314351390663e-7
const C5 = 2.087572321298175e-9
const C6 = -1.1359647557788195e-11
