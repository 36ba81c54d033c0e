/** Children of a node: eight doubles are one cache line. */
export const BRANCHING = 8
export const BRANCH_BITS = 3

/**
 * Where the levels of an eight-way tree lie in one array. Level 0 is the leaves; a level is as long as its nodes need,
 * rounded up to whole groups of eight, so a capacity that is no power of eight costs no more than 1/7 on top.
 * The top level is one group of eight; its sum or maximum is kept apart.
 */
export interface TreeLevels {
  /** First element of each level, leaves first. */
  readonly offsets: Int32Array
  /** Nodes of each level, without padding. */
  readonly counts: Int32Array
  /** Elements of the whole array. */
  readonly length: number
}

export function treeLevels(leaves: number): TreeLevels {
  const offsets: number[] = []
  const counts: number[] = []
  let length = 0
  let count = leaves
  for (;;) {
    offsets.push(length)
    counts.push(count)
    length += Math.ceil(count / BRANCHING) * BRANCHING
    if (count <= BRANCHING) break
    count = Math.ceil(count / BRANCHING)
  }
  return { offsets: Int32Array.from(offsets), counts: Int32Array.from(counts), length }
}
