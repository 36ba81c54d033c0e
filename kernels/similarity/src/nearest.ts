/** The k largest keys offered, in order; the lower row first where keys are equal. Keys are never NaN. */
export class Nearest {
  readonly keys: Float64Array
  readonly rows: Int32Array
  size = 0
  /** The least key that is kept once there are k. */
  worst = Number.NEGATIVE_INFINITY
  readonly #k: number

  constructor(k: number) {
    this.#k = k
    this.keys = new Float64Array(k)
    this.rows = new Int32Array(k)
  }

  clear(): void {
    this.size = 0
    this.worst = Number.NEGATIVE_INFINITY
  }

  offer(key: number, row: number): void {
    const { keys, rows } = this
    const full = this.size === this.#k
    if (full && (key < this.worst || (key === this.worst && row > rows[this.#k - 1]!))) return
    let at = full ? this.#k - 1 : this.size++
    while (at > 0 && (keys[at - 1]! < key || (keys[at - 1] === key && rows[at - 1]! > row))) {
      keys[at] = keys[at - 1]!
      rows[at] = rows[at - 1]!
      at--
    }
    keys[at] = key
    rows[at] = row
    if (this.size === this.#k) this.worst = keys[this.#k - 1]!
  }
}
