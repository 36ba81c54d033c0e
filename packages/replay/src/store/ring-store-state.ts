/** A ring store as plain data and back. Of a ring that is not full only the part in use is kept. */
import { type Columns, RepriseError, type Serializable, type TypedArray } from '@reprise/core'
import type { RingStore } from './ring-store.ts'

type Plain = { readonly [key: string]: Serializable }

export function saveStore(store: RingStore, copy: boolean): Serializable {
  const used = slotsInUse(store)
  const { episodes } = store
  const pack = <T extends TypedArray>(array: T, size = 1) =>
    packRings(array, size, store.streams, store.perStream, used, copy)
  const own = <T extends TypedArray>(array: T) => (copy ? (array.slice() as T) : array)
  return {
    schema: schemaText(store),
    streams: store.streams,
    perStream: store.perStream,
    used,
    size: store.size,
    added: store.added,
    episodesBegun: store.episodesBegun,
    observations: store.observations.map(({ data, size }) => pack(data, size)),
    fields: store.fields.map(({ data, size }) => pack(data, size)),
    rewards: pack(store.rewards),
    flags: pack(store.flags),
    episodeRows: pack(store.episodeRows),
    steps: pack(store.steps),
    written: store.written.slice(),
    open: store.open.slice(),
    episodes: {
      rows: episodes.rows,
      start: own(episodes.start),
      length: own(episodes.length),
      returns: own(episodes.returns),
      finished: own(episodes.finished),
      number: own(episodes.number),
      finals: episodes.finals.map(({ data }) => own(data)),
      free: episodes.free.slice(0, episodes.freeCount),
    },
    keys: store.keys.state(),
  }
}

export function loadStore(store: RingStore, state: Serializable): void {
  const saved = plain(state, 'store')
  for (const name of ['streams', 'perStream'] as const) {
    if (saved[name] !== store[name]) throw mismatch(`${name} is ${saved[name]} there and ${store[name]} here`)
  }
  if (saved['schema'] !== schemaText(store)) {
    throw mismatch(`the stored columns are ${saved['schema']} there and ${schemaText(store)} here`)
  }
  const { streams, perStream, episodes } = store
  const used = integer(saved, 'used', 1, perStream)
  const rows = streams * used
  const table = plain(saved['episodes']!, 'episodes')
  const tableRows = integer(table, 'rows', 0, 2 ** 31 - 1)
  const array = <T extends TypedArray>(from: Plain, name: string, like: T, length: number): T =>
    arrayLike(from[name], name, like, length)
  const columns = (from: Plain, name: string, own: Columns, count: number) => {
    const list = from[name]
    if (!Array.isArray(list) || list.length !== own.length) throw mismatch(`${name} has the wrong number of columns`)
    return own.map((column, c) => arrayLike(list[c], `${name}.${column.path}`, column.data, count * column.size))
  }
  const observations = columns(saved, 'observations', store.observations, rows)
  const fields = columns(saved, 'fields', store.fields, rows)
  const rewards = array(saved, 'rewards', store.rewards, rows)
  const flags = array(saved, 'flags', store.flags, rows)
  const episodeRows = array(saved, 'episodeRows', store.episodeRows, rows)
  const steps = array(saved, 'steps', store.steps, rows)
  const written = array(saved, 'written', store.written, streams)
  const open = array(saved, 'open', store.open, streams)
  const start = array(table, 'start', episodes.start, tableRows)
  const length = array(table, 'length', episodes.length, tableRows)
  const returns = array(table, 'returns', episodes.returns, tableRows)
  const finished = array(table, 'finished', episodes.finished, tableRows)
  const number = array(table, 'number', episodes.number, tableRows)
  const finals = columns(table, 'finals', episodes.finals, tableRows)
  const free = table['free']
  if (!(free instanceof Int32Array)) throw mismatch('episodes.free is no int32 array')
  within('episodeRows', episodeRows, 0, tableRows - 1)
  within('open', open, -1, tableRows - 1)
  within('start', start, 0, store.slots - 1)
  within('free', free, 0, tableRows - 1)
  checkLive(flags, written, streams, perStream, used)
  const size = integer(saved, 'size', 0, store.capacity)
  if (written.reduce((sum, count) => sum + Math.min(count, perStream - 1), 0) !== size)
    throw mismatch(`size is ${size}, not what was written`)
  const added = integer(saved, 'added', 0, Number.MAX_SAFE_INTEGER)
  const begun = integer(saved, 'episodesBegun', 0, Number.MAX_SAFE_INTEGER)
  const inUse = tableRows - free.length
  if (inUse < 0 || new Set(free).size !== free.length) throw mismatch('the list of free episode rows is wrong')
  if (tableRows > episodes.rows) episodes.grow(tableRows, tableRows - episodes.rows + episodes.freeCount)
  store.keys.load(saved['keys']!)

  const unpack = (from: TypedArray, to: TypedArray, width = 1) => unpackRings(from, to, width, streams, perStream, used)
  for (const [c, { data, size: width }] of store.observations.entries()) unpack(observations[c]!, data, width)
  for (const [c, { data, size: width }] of store.fields.entries()) unpack(fields[c]!, data, width)
  unpack(rewards, store.rewards)
  unpack(flags, store.flags)
  unpack(episodeRows, store.episodeRows)
  unpack(steps, store.steps)
  store.written.set(written)
  for (let s = 0; s < streams; s++) store.heads[s] = s * perStream + (written[s]! % perStream)
  store.open.set(open)
  episodes.start.set(start)
  episodes.length.set(length)
  episodes.returns.set(returns)
  episodes.finished.set(finished)
  episodes.number.set(number)
  for (const [c, { data }] of episodes.finals.entries()) data.set(finals[c]!)
  // Rows that are here and were not there come to lie at the bottom of the stack: the order of use stays the same.
  const extra = episodes.rows - tableRows
  for (let i = 0; i < extra; i++) episodes.free[i] = episodes.rows - 1 - i
  episodes.free.set(free, extra)
  episodes.freeCount = extra + free.length
  store.size = size
  store.added = added
  store.episodesBegun = begun
}

/** Slots of the fullest ring that were ever written, from its first on. */
function slotsInUse(store: RingStore): number {
  let used = 1
  for (let s = 0; s < store.streams; s++) used = Math.max(used, Math.min(store.perStream, store.written[s]! + 1))
  return used
}

/** Live are the newest perStream - 1 transitions of each ring: all slots written but the head. */
function checkLive(flags: Uint8Array, written: Float64Array, streams: number, perStream: number, used: number): void {
  for (let s = 0; s < streams; s++) {
    const count = written[s]!
    if (!Number.isSafeInteger(count) || count < 0 || Math.min(count + 1, perStream) > used)
      throw mismatch(`stream ${s} has seen ${count} transitions, which do not fit into ${used} slots`)
    for (let position = 0; position < used; position++) {
      const live = position !== count % perStream && (position < count || count >= perStream)
      if ((flags[s * used + position]! & 1) !== Number(live))
        throw mismatch(`stream ${s} marks the wrong slots as live`)
    }
  }
}

function packRings<T extends TypedArray>(
  array: T,
  size: number,
  streams: number,
  perStream: number,
  used: number,
  copy: boolean,
): T {
  if (used === perStream) return copy ? (array.slice() as T) : array
  const width = used * size
  const packed = new (array.constructor as new (length: number) => T)(streams * width)
  for (let s = 0; s < streams; s++) {
    const from = s * perStream * size
    packed.set(array.subarray(from, from + width) as never, s * width)
  }
  return packed
}

function unpackRings(
  from: TypedArray,
  to: TypedArray,
  size: number,
  streams: number,
  perStream: number,
  used: number,
): void {
  const width = used * size
  for (let s = 0; s < streams; s++) {
    const at = s * perStream * size
    to.set(from.subarray(s * width, (s + 1) * width) as never, at)
    to.fill(0 as never, at + width, at + perStream * size)
  }
}

function schemaText({ schema }: RingStore): string {
  const leaf = ({ path, dtype, shape }: { path: string; dtype: string; shape: readonly number[] }) =>
    `${path}:${dtype}[${shape.join(',')}]`
  const fields = Object.entries(schema.fields).map(
    ([path, field]) => `${leaf({ ...field, path })}${field.ofObservation ? '*' : ''}`,
  )
  return `${schema.observation.map(leaf).join(' ')} | ${fields.join(' ')}`
}

function plain(value: Serializable, what: string): Plain {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value))
    return value as Plain
  throw mismatch(`${what} is no record`)
}

function integer(from: Plain, name: string, low: number, high: number): number {
  const value = from[name]
  if (Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high) return value as number
  throw mismatch(`${name} is ${String(value)}, no integer from ${low} to ${high}`)
}

function arrayLike<T extends TypedArray>(value: Serializable | undefined, name: string, like: T, length: number): T {
  if (ArrayBuffer.isView(value) && value.constructor === like.constructor && (value as T).length === length)
    return value as T
  throw mismatch(`${name} is no ${like.constructor.name} of ${length} elements`)
}

function within(name: string, array: Int32Array, low: number, high: number): void {
  for (let i = 0; i < array.length; i++) {
    // Slots that were never written hold 0, which is legal only where there are rows at all.
    if (array[i]! < low || array[i]! > Math.max(high, 0))
      throw mismatch(`${name} holds ${array[i]}, outside [${low}, ${high}]`)
  }
}

function mismatch(what: string): RepriseError {
  return new RepriseError('RPR_STATE_MISMATCH', `The saved store does not fit: ${what}.`, {
    hint: 'Load it into a replay of the same spaces, columns, capacity and number of streams.',
  })
}
