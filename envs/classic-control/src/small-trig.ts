/**
 * Sine and cosine of a small angle into `out[at]` and `out[at + 1]`, without a call: the kernels of fdlibm (Sun
 * Microsystems 1993), which Node's `Math.sin` and `Math.cos` evaluate to the same bits below 0.3 (small-trig.test.ts).
 * Being inlined, they let the processor overlap rows. Larger angles go to `Math`. The coefficients stand in the code
 * because V8 does not fold a module's constants into its functions.
 */
export function writeSinCos(angle: number, out: Float64Array, at: number): void {
  if (angle > -0.3 && angle < 0.3) {
    const z = angle * angle
    const sinHigh = 2.7557313707070068e-6 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10)
    const sinTail = 0.00833333333332249 + z * (-0.0001984126982985795 + z * sinHigh)
    out[at] = angle + z * angle * (-0.16666666666666632 + z * sinTail)
    const cosHigh = -2.7557314351390663e-7 + z * (2.087572321298175e-9 + z * -1.1359647557788195e-11)
    const cosTail = 0.0416666666666666 + z * (-0.001388888888887411 + z * (2.480158728947673e-5 + z * cosHigh))
    out[at + 1] = 1 - (0.5 * z - z * (z * cosTail))
  } else {
    out[at] = Math.sin(angle)
    out[at + 1] = Math.cos(angle)
  }
}
