import { readFileSync } from 'node:fs'
import { RepriseError, type Serializable } from '@reprise/core'
import type { KernelChoice } from '@reprise/gpu'
import { decodeState, encodeState, type StateFileKind, writeFileAtomic } from '@reprise/storage'
import { SIMILARITY_CROSSOVER } from './crossover.ts'
import { checkPairs, exactSimilarities, type Metric } from './metric.ts'
import { productCells } from './residency.ts'
import { ResidentSearch } from './resident-search.ts'
import { selectTopK, type TopK } from './select.ts'
import { simdExactSimilarities } from './simd.ts'

export interface SimilarityIndexOptions {
  /** Length of one vector. */
  readonly width: number
  /** Default 'cosine'. */
  readonly metric?: Metric
}

export interface IndexQuery {
  readonly k: number
  /** Keeps an entry where it returns true: by key, or by what was stored with it. */
  readonly filter?: (key: string, data: Serializable) => boolean
  /** Default 'auto': the crossover table. */
  readonly executor?: 'auto' | 'reference' | 'simd' | 'product'
}

export interface IndexMatch {
  readonly key: string
  /** Value of the metric. */
  readonly value: number
  /** What was stored with the key. */
  readonly data: Serializable
}

interface Entry {
  readonly key: string
  readonly data: Serializable
}

const FILE: StateFileKind = {
  magic: 'RPRINDEX',
  version: 1,
  what: 'a similarity index',
  corrupt: 'RPR_INDEX_CORRUPT',
  outdated: 'RPR_INDEX_VERSION',
  hint: 'Build the index anew, or restore the file.',
}
const FIRST_ROWS = 64

/** Keyed vectors with data, searched by similarity. Vectors are copied in; the order of equal matches is that of adding. */
export class SimilarityIndex {
  readonly width: number
  readonly metric: Metric
  #vectors: Float32Array
  #entries: Entry[] = []
  readonly #rows = new Map<string, number>()
  readonly #search: ResidentSearch
  /** Whether the product's copy is behind. */
  #changed = true
  /** Whether there was a query since the last change. */
  #asked = false
  /** Whether a query is reading vectors and entries: they are copied before they change. */
  #shared = false
  #pending: Promise<unknown> = Promise.resolve()
  #lastChoice: KernelChoice | undefined

  /** @throws RepriseError RPR_OPTION_RANGE */
  constructor({ width, metric = 'cosine' }: SimilarityIndexOptions) {
    checkPairs('SimilarityIndex', { queries: [], memory: [], width, metric })
    this.width = width
    this.metric = metric
    this.#vectors = new Float32Array(FIRST_ROWS * width)
    this.#search = new ResidentSearch(width, metric)
  }

  get size(): number {
    return this.#entries.length
  }

  has(key: string): boolean {
    return this.#rows.has(key)
  }

  /** What the last query ran on, and why. */
  get lastChoice(): KernelChoice | undefined {
    return this.#lastChoice
  }

  /** Adds an entry, or replaces the one of this key. @throws RepriseError RPR_SHAPE, RPR_OPTION_RANGE */
  add(key: string, vector: ArrayLike<number>, data: Serializable = null): void {
    if (vector.length !== this.width)
      throw new RepriseError('RPR_SHAPE', `The vector of '${key}' has ${vector.length} elements.`, {
        value: vector.length,
        hint: `Vectors of this index have ${this.width}.`,
      })
    for (let i = 0; i < vector.length; i++)
      if (!Number.isFinite(vector[i]))
        throw new RepriseError('RPR_OPTION_RANGE', `The vector of '${key}' holds ${vector[i]}.`, {
          value: vector[i],
          hint: 'Nothing is near such a vector: add finite numbers only.',
        })
    this.#own()
    const row = this.#rows.get(key) ?? this.#entries.length
    if ((row + 1) * this.width > this.#vectors.length) this.#grow()
    this.#vectors.set(vector, row * this.width)
    this.#entries[row] = { key, data }
    this.#rows.set(key, row)
    this.#change()
  }

  /** Whether there was such an entry. Rows after it move up: the order of adding stays. */
  remove(key: string): boolean {
    const row = this.#rows.get(key)
    if (row === undefined) return false
    this.#own()
    this.#vectors.copyWithin(row * this.width, (row + 1) * this.width)
    this.#entries.splice(row, 1)
    this.#rows.delete(key)
    for (let i = row; i < this.#entries.length; i++) this.#rows.set(this.#entries[i]!.key, i)
    this.#change()
    return true
  }

  /**
   * The k nearest entries of each query [Q, width], nearest first. Where the index changes while a query waits, the
   * query sees it as it is at one moment from then on, whole.
   * @throws RepriseError RPR_SHAPE, RPR_OPTION_RANGE
   */
  query(queries: ArrayLike<number>, { k, filter, executor = 'auto' }: IndexQuery): Promise<IndexMatch[][]> {
    const run = async (): Promise<IndexMatch[][]> => {
      const { q } = checkPairs('query', { queries, memory: [], width: this.width, metric: this.metric })
      const choice = this.#choose(q, executor)
      this.#asked = true
      // Changes while it loads are loaded too.
      while (choice.executor === 'product' && this.size > 0 && this.#changed) await this.#load()
      const entries = this.#entries
      const mask = filter && Uint8Array.from(entries, ({ key, data }) => (filter(key, data) ? 1 : 0))
      const memory = this.#vectors.subarray(0, entries.length * this.width)
      this.#shared = true
      try {
        const found = await this.#nearest(queries, memory, k, mask, choice)
        this.#lastChoice = choice
        return Array.from({ length: q }, (_, a) => matchesOf(found, entries, a, k))
      } finally {
        this.#shared = false
      }
    }
    const result = this.#pending.then(run)
    this.#pending = result.catch(() => {})
    return result
  }

  /** Writes the whole index to a file, or nothing. @throws RepriseError RPR_FILE_UNWRITABLE */
  save(path: string): void {
    writeFileAtomic(path, encodeState(this.toState(), FILE))
  }

  /** @throws RepriseError RPR_FILE_MISSING, RPR_INDEX_CORRUPT, RPR_INDEX_VERSION */
  static load(path: string): SimilarityIndex {
    let bytes: Uint8Array
    try {
      bytes = readFileSync(path)
    } catch (cause) {
      throw new RepriseError('RPR_FILE_MISSING', `${path} cannot be read.`, { value: path, cause })
    }
    return SimilarityIndex.fromState(decodeState(bytes, path, FILE))
  }

  /** For checkpoints of what holds an index. */
  toState(): Serializable {
    return {
      width: this.width,
      metric: this.metric,
      keys: this.#entries.map(({ key }) => key),
      data: this.#entries.map(({ data }) => data),
      vectors: this.#vectors.slice(0, this.size * this.width),
    }
  }

  /** @throws RepriseError RPR_INDEX_CORRUPT */
  static fromState(state: Serializable): SimilarityIndex {
    const { width, metric, keys, data, vectors } = state as unknown as {
      width: number
      metric: Metric
      keys: string[]
      data: Serializable[]
      vectors: Float32Array
    }
    if (!Array.isArray(keys) || keys.length !== data?.length || vectors?.length !== keys.length * width)
      throw new RepriseError('RPR_INDEX_CORRUPT', 'The state is not that of a similarity index.', { hint: FILE.hint })
    const index = new SimilarityIndex({ width, metric })
    keys.forEach((key, i) => {
      index.add(key, vectors.subarray(i * width, (i + 1) * width), data[i]!)
    })
    return index
  }

  /** Lets go of the copy of the memory that products are computed with. */
  dispose(): void {
    this.#search.dispose()
    this.#changed = true
  }

  #choose(queries: number, executor: string): KernelChoice {
    if (executor === 'reference' || executor === 'simd' || executor === 'product')
      return { executor, reason: 'asked for' }
    if (executor !== 'auto')
      throw new RepriseError('RPR_OPTION_RANGE', `'executor' of a query is '${executor}'.`, {
        value: executor,
        hint: "It is 'auto', 'reference', 'simd' or 'product'.",
      })
    const numbers = this.size * this.width
    const cells = queries * numbers
    const { product, simd } = SIMILARITY_CROSSOVER.topK
    // The second query after a change loads: more may follow.
    const forProduct = productCells(queries, numbers, !this.#changed || this.#asked)
    if (forProduct >= product) return { executor: 'product', reason: `${forProduct} cells: faster from ${product}` }
    if (cells >= simd) return { executor: 'simd', reason: `${cells} cells: faster from ${simd}` }
    return { executor: 'reference', reason: `${cells} cells: below ${simd}` }
  }

  async #nearest(
    queries: ArrayLike<number>,
    memory: Float32Array,
    k: number,
    mask: Uint8Array | undefined,
    { executor }: KernelChoice,
  ): Promise<TopK> {
    const input = { queries, memory, width: this.width, metric: this.metric, k, mask }
    const rows = memory.length / this.width
    const asked = new Float32Array(queries)
    if (executor === 'product' && rows > 0 && asked.length > 0 && this.#search.takes(asked))
      return this.#search.topK({ ...input, queries: asked, memory })
    const values = executor === 'reference' ? exactSimilarities(input) : simdExactSimilarities(input)
    return selectTopK(input, { kind: 'values', data: values, stride: rows }, rows)
  }

  async #load(): Promise<void> {
    // Before the first await: what is added meanwhile is loaded by the next query.
    this.#changed = false
    await this.#search.load(this.#vectors.subarray(0, this.size * this.width))
  }

  #change(): void {
    this.#changed = true
    this.#asked = false
  }

  #own(): void {
    if (!this.#shared) return
    this.#vectors = this.#vectors.slice()
    this.#entries = this.#entries.slice()
    this.#shared = false
  }

  #grow(): void {
    const vectors = new Float32Array(2 * this.#vectors.length)
    vectors.set(this.#vectors)
    this.#vectors = vectors
  }
}

/** Those of query `a`. */
function matchesOf({ indices, values }: TopK, entries: readonly Entry[], a: number, k: number): IndexMatch[] {
  const matches: IndexMatch[] = []
  for (let i = a * k; i < (a + 1) * k && indices[i]! >= 0; i++) {
    const { key, data } = entries[indices[i]!]!
    matches.push({ key, value: values[i]!, data })
  }
  return matches
}
