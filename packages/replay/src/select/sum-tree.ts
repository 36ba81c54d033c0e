import { BRANCH_BITS, BRANCHING, treeLevels } from './tree-levels.ts'

/** Groups whose parents wait to be re-added: more are never kept. */
const PENDING = 1024

/**
 * Weights of slots with prefix search: eight-way, Float64. `set` only writes the leaf; the sums above it are re-added
 * (from all eight children, so errors do not build up) when a total or a search is next wanted.
 *
 * Searches are bound by memory, so `findAll` takes all targets down level by level: a first pass over a level only
 * touches the groups that the targets have come to, so that many cache misses are under way at once; a second one,
 * without branches, finds the children. Rising targets pass the upper levels in one sweep.
 */
export class SumTree {
  readonly leaves: number
  /** All levels, leaves first. */
  readonly #data: Float64Array
  readonly #offsets: Int32Array
  readonly #counts: Int32Array
  readonly #pending = new Int32Array(PENDING)
  readonly #prefix = new Float64Array(BRANCHING)
  #rest = new Float64Array(0)
  #waiting = 0
  #total = 0
  /** Takes what touching passes read, so that no compiler leaves them out. */
  touched = 0

  constructor(leaves: number) {
    const { offsets, counts, length } = treeLevels(leaves)
    this.leaves = leaves
    this.#data = new Float64Array(length)
    this.#offsets = offsets
    this.#counts = counts
  }

  get(leaf: number): number {
    return this.#data[leaf]!
  }

  /** `weight` must be finite and >= 0: the callers check. */
  set(leaf: number, weight: number): void {
    this.#data[leaf] = weight
    // Apart, so that this function is small: V8 allocates for a double handed to one that it does not inline.
    this.#changed(leaf >>> BRANCH_BITS)
  }

  #changed(group: number): void {
    if (this.#waiting > 0 && this.#pending[this.#waiting - 1] === group) return
    if (this.#waiting === PENDING) this.flush()
    this.#pending[this.#waiting++] = group
  }

  /** Sum of all weights. */
  get total(): number {
    if (this.#waiting > 0) this.flush()
    return this.#total
  }

  /** Re-adds every sum whose leaves have changed; a level with no more nodes than changes is re-added as a whole. */
  flush(): void {
    const pending = this.#pending
    const counts = this.#counts
    let waiting = this.#waiting
    this.#waiting = 0
    for (let level = 1; level < counts.length; level++) {
      if (counts[level]! <= waiting) {
        this.#rebuildFrom(level)
        return
      }
      const data = this.#data
      const below = this.#offsets[level - 1]!
      const here = this.#offsets[level]!
      let kept = 0
      let last = -1
      for (let k = 0; k < waiting; k++) {
        const node = pending[k]!
        data[here + node] = groupSum(data, below + node * BRANCHING)
        const parent = node >>> BRANCH_BITS
        if (parent === last) continue
        last = parent
        pending[kept++] = parent
      }
      waiting = kept
    }
    this.#total = groupSum(this.#data, this.#offsets[counts.length - 1]!)
  }

  #rebuildFrom(first: number): void {
    const data = this.#data
    const levels = this.#offsets.length
    for (let level = first; level < levels; level++) {
      const below = this.#offsets[level - 1]!
      const here = this.#offsets[level]!
      const nodes = this.#counts[level]!
      for (let node = 0; node < nodes; node++) data[here + node] = groupSum(data, below + node * BRANCHING)
    }
    this.#total = groupSum(data, this.#offsets[levels - 1]!)
  }

  /**
   * The leaf in whose share of [0, total) `target` lies: never one of weight 0. A target past the end gives the last
   * leaf of positive weight. Boundaries hold up to rounding. The total must be positive.
   */
  find(target: number): number {
    if (this.#waiting > 0) this.flush()
    const data = this.#data
    let node = 0
    let u = target
    for (let level = this.#offsets.length - 1; level >= 0; level--) {
      const i = this.#offsets[level]! + node * BRANCHING
      let child = 0
      while (child < BRANCHING - 1 && u >= data[i + child]!) u -= data[i + child++]!
      // Rounding, or a target past the end, can lead past the last positive child: it belongs to that one's end.
      if (data[i + child] === 0) {
        while (data[i + child] === 0) child--
        u = Number.POSITIVE_INFINITY
      }
      node = node * BRANCHING + child
    }
    return node
  }

  /**
   * `find` for targets [count], into `out` [count]; equal to it but for targets within rounding of a boundary.
   * `rising`: the targets are in ascending order.
   */
  findAll(targets: Float64Array, count: number, out: Int32Array, rising = false): void {
    if (this.#waiting > 0) this.flush()
    if (this.#rest.length < count) this.#rest = new Float64Array(count)
    const rest = this.#rest
    let level = this.#offsets.length - 1
    if (rising) {
      while (level > 0 && this.#counts[level - 1]! <= BRANCHING * count) level--
      this.#sweep(level, targets, count, out)
      level--
    } else {
      for (let k = 0; k < count; k++) {
        rest[k] = targets[k]!
        out[k] = 0
      }
    }
    for (; level >= 0; level--) this.#descend(this.#offsets[level]!, count, out)
  }

  /** Rising targets and the nodes of one level, both from first to last. */
  #sweep(level: number, targets: Float64Array, count: number, out: Int32Array): void {
    const data = this.#data
    const rest = this.#rest
    const first = this.#offsets[level]!
    const end = first + this.#counts[level]! - 1
    let i = first
    let before = 0
    let upTo = data[i]!
    for (let k = 0; k < count; k++) {
      const u = targets[k]!
      while (u >= upTo && i < end) {
        before = upTo
        upTo += data[++i]!
      }
      let node = i
      while (data[node] === 0) node--
      out[k] = node - first
      rest[k] = node === i ? u - before : Number.POSITIVE_INFINITY
    }
  }

  /** From the nodes `out` to those of their children in which the rests lie. `offset`: of the children's level. */
  #descend(offset: number, count: number, out: Int32Array): void {
    const data = this.#data
    const rest = this.#rest
    const prefix = this.#prefix
    let sink = 0
    for (let k = 0; k < count; k++) {
      const i = offset + out[k]! * BRANCHING
      sink += data[i]! + data[i + 7]!
    }
    this.touched = sink
    for (let k = 0; k < count; k++) {
      const u = rest[k]!
      const i = offset + out[k]! * BRANCHING
      const third = data[i + 2]!
      const fifth = data[i + 4]!
      const s1 = data[i]!
      const s2 = s1 + data[i + 1]!
      const s3 = s2 + third
      const s4 = s2 + (third + data[i + 3]!)
      const s5 = s4 + fifth
      const s6 = s4 + (fifth + data[i + 5]!)
      const s7 = s6 + data[i + 6]!
      // `>=`, so that a target on a boundary never falls into an empty share.
      let child =
        (Number(u >= s1) | 0) +
        (Number(u >= s2) | 0) +
        (Number(u >= s3) | 0) +
        (Number(u >= s4) | 0) +
        (Number(u >= s5) | 0) +
        (Number(u >= s6) | 0) +
        (Number(u >= s7) | 0)
      prefix[1] = s1
      prefix[2] = s2
      prefix[3] = s3
      prefix[4] = s4
      prefix[5] = s5
      prefix[6] = s6
      prefix[7] = s7
      if (data[i + child] === 0) {
        while (data[i + child] === 0) child--
        rest[k] = Number.POSITIVE_INFINITY
      } else rest[k] = u - prefix[child]!
      out[k] = out[k]! * BRANCHING + child
    }
  }

  /** All leaves at once: `weights` [leaves]. */
  fill(weights: ArrayLike<number>): void {
    for (let i = 0; i < this.leaves; i++) this.#data[i] = weights[i]!
    this.#waiting = 0
    this.#rebuildFrom(1)
  }
}

function groupSum(data: Float64Array, i: number): number {
  return (
    data[i]! +
    data[i + 1]! +
    (data[i + 2]! + data[i + 3]!) +
    (data[i + 4]! + data[i + 5]! + (data[i + 6]! + data[i + 7]!))
  )
}
