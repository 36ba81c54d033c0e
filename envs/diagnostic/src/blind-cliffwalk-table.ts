/**
 * The Blind Cliffwalk as a fixed memory of transitions: what all 2^n sequences of n actions experience, each walked until
 * it ends. Of the 2^(n+1) - 2 transitions exactly one has a reward.
 */

/** Transitions by column, and the problem's true values. Actions: 1 right, 0 wrong. */
export interface BlindCliffwalkTable {
  readonly length: number
  /** 1 - 1/n, as in the paper's study. */
  readonly gamma: number
  readonly size: number
  /** [size] */
  readonly state: Int32Array
  /** [size] */
  readonly action: Uint8Array
  /** [size] */
  readonly reward: Float64Array
  /** [size] the next state, -1 where the episode ended. */
  readonly next: Int32Array
  /** [n, 2] true action values: 0 for wrong, gamma^(n - 1 - s) for right. */
  readonly values: Float64Array
}

/** Sequences in binary order, right first, so that the one transition with a reward is written first of its kind. */
export function blindCliffwalkTable(length: number): BlindCliffwalkTable {
  const size = 2 ** (length + 1) - 2
  const gamma = 1 - 1 / length
  const state = new Int32Array(size)
  const action = new Uint8Array(size)
  const reward = new Float64Array(size)
  const next = new Int32Array(size)
  let at = 0
  for (let sequence = 2 ** length - 1; sequence >= 0; sequence--) {
    for (let s = 0; s < length; s++, at++) {
      const right = (sequence >>> (length - 1 - s)) & 1
      state[at] = s
      action[at] = right
      next[at] = right === 1 && s < length - 1 ? s + 1 : -1
      if (right === 1 && s === length - 1) reward[at] = 1
      if (right === 0) {
        at++
        break
      }
    }
  }
  const values = new Float64Array(2 * length)
  for (let s = 0; s < length; s++) values[2 * s + 1] = gamma ** (length - 1 - s)
  return { length, gamma, size, state, action, reward, next, values }
}
