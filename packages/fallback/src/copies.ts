import { type Expire, itemKey, type Key, type StoreOptions } from '@mc/protocol'
import { Call } from './call.ts'
import { type Found, isFresh, type Level } from './level.ts'

/** A read of older caches: those of its keys whose copies no write has made void. */
interface Reading {
  readonly keys: Set<string>
}

/**
 * Copies of items into the first cache. A delete must not be undone by the copy of a read that began
 * before it: it makes the copies of such reads void, and waits for those that were sent.
 */
export class Copies<V> {
  readonly #first: Level<V>
  readonly #expire: number | undefined
  readonly #timeout: number
  readonly #readings = new Map<string, Set<Reading>>()
  readonly #sent = new Map<string, Set<Promise<void>>>()

  /**
   * @param expire - seconds until copies expire; undefined: copy nothing
   * @param timeout - milliseconds for one copy
   */
  constructor(first: Level<V>, expire: number | undefined, timeout: number) {
    this.#first = first
    this.#expire = expire
    this.#timeout = timeout
  }

  /** Whether there are any. */
  get warms(): boolean {
    return this.#expire !== undefined
  }

  /** Seconds until copies expire; `undefined` without copies. */
  get expire(): number | undefined {
    return this.#expire
  }

  /** Reads keys of older caches, and copies what it finds. */
  async reading<R>(keys: readonly Key[], read: (reading: Reading) => Promise<R>): Promise<R> {
    if (!this.warms) return read({ keys: new Set() })
    const reading = { keys: new Set(keys.map(keyId)) }
    for (const id of reading.keys) addTo(this.#readings, id, reading)
    try {
      return await read(reading)
    } finally {
      for (const id of reading.keys) deleteFrom(this.#readings, id, reading)
    }
  }

  /**
   * Sends the copy of an item that was read, unless that is void. Never rejects: resolves when the copy
   * has settled, or is given up.
   */
  async copy<T>(
    reading: Reading,
    found: Found<V, T>,
    expire: Expire | undefined = this.#expire,
  ): Promise<void> {
    if (expire === undefined || !this.warms) return
    const id = keyId(found.key)
    if (!reading.keys.has(id)) return
    const sent = this.#send(found, expire)
    addTo(this.#sent, id, sent)
    await sent
    deleteFrom(this.#sent, id, sent)
  }

  /** Copies items for a call that waits for them. They go on if it ends before. */
  async copied<T>(
    call: Call,
    reading: Reading,
    found: readonly Found<V, T>[],
    expire?: Expire,
  ): Promise<void> {
    const copies = found.map((item) => this.copy(reading, item, expire))
    await call.deadline.bound(Promise.all(copies))
  }

  /** Runs a write, behind which no copy may come of a read that began before: of these keys, or of any. */
  async cancelling<R>(keys: readonly Key[] | undefined, write: () => Promise<R>): Promise<R> {
    let isWritten = true
    try {
      const answer = await write()
      // A `cas` that finds no item.
      isWritten = answer !== undefined
      return answer
    } finally {
      if (isWritten) this.#cancel(keys)
    }
  }

  /** Voids the copies of reads in progress, and waits for those that were sent. */
  async settle(call: Call, keys?: readonly Key[]): Promise<void> {
    this.#cancel(keys)
    if (this.#sent.size > 0) await call.deadline.bound(this.settled(keys))
  }

  /** Resolves when the copies that were sent have settled: of these keys, or all. */
  async settled(keys?: readonly Key[]): Promise<void> {
    const sent = keys?.map((key) => this.#sent.get(keyId(key)) ?? []) ?? [...this.#sent.values()]
    await Promise.all(sent.flatMap((copies) => [...copies]))
  }

  #cancel(keys: readonly Key[] | undefined): void {
    if (this.#readings.size === 0) return
    for (const id of keys?.map(keyId) ?? [...this.#readings.keys()]) {
      for (const reading of this.#readings.get(id) ?? []) reading.keys.delete(id)
      this.#readings.delete(id)
    }
  }

  async #send<T>(found: Found<V, T>, expire: Expire): Promise<void> {
    const { level, key, value } = found
    try {
      const call = new Call(this.#timeout)
      // A copy of a stale item would pass for a fresh one.
      if (!(await isFresh(call, found))) return
      // The reply says whether there was a newer item.
      const options: StoreOptions = { expire, noreply: false }
      const isStored = await call.step(options, (own) =>
        this.#first.client.add(key, value as unknown as V, own),
      )
      if (isStored) level.countWarmed()
    } catch {
      this.#first.countError()
    }
  }
}

/** The same for a key given as text and as bytes, whichever server it goes to. */
function keyId(key: Key): string {
  const item = itemKey(key)
  return (typeof item === 'string' ? Buffer.from(item) : Buffer.from(item)).toString('latin1')
}

function addTo<T>(map: Map<string, Set<T>>, id: string, item: T): void {
  const items = map.get(id)
  if (items === undefined) map.set(id, new Set([item]))
  else items.add(item)
}

function deleteFrom<T>(map: Map<string, Set<T>>, id: string, item: T): void {
  const items = map.get(id)
  if (items?.delete(item) && items.size === 0) map.delete(id)
}
