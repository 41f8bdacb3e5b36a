import {
  type CommandOptions,
  type Entries,
  type GetOptions,
  type ItemKey,
  itemKey,
  type Key,
  MemcacheConnectError,
  type Stats,
  type ValueWithCas,
} from '@mc/protocol'
import type { ServerClient } from '../src/index.ts'

/** A server and its client in one, on a map: fails and waits when told to, and notes what was called. */
export class FakeServer implements ServerClient<unknown> {
  readonly items = new Map<string, unknown>()
  readonly calls: string[] = []
  /** Keys of each many-key call. */
  readonly batches: Key[][] = []
  /** Rejected by every call while set. */
  fault: Error | undefined
  /** Awaited by every call. */
  gate: Promise<unknown> = Promise.resolve()
  isClosed = false
  mostInFlight = 0
  #inFlight = 0

  refuse(): void {
    this.fault = new MemcacheConnectError('connection refused')
  }

  get<T, D>(key: Key, options?: GetOptions<D>): Promise<T | D> {
    return this.#call('get', () => (this.#read(key) ?? options?.default) as T | D)
  }

  gets<T, D>(key: Key, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.#call('gets', () => this.#readWithCas<T>(key) ?? (options?.default as D))
  }

  gat<T, D>(key: Key, _expire?: unknown, options?: GetOptions<D>): Promise<T | D> {
    return this.#call('gat', () => (this.#read(key) ?? options?.default) as T | D)
  }

  gats<T, D>(key: Key, _expire?: unknown, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.#call('gats', () => this.#readWithCas<T>(key) ?? (options?.default as D))
  }

  getMany<T>(keys: Iterable<Key>, _options?: CommandOptions): Promise<Map<ItemKey, T>> {
    return this.#many('getMany', keys, (key) => this.#read(key) as T | undefined)
  }

  getsMany<T>(keys: Iterable<Key>): Promise<Map<ItemKey, ValueWithCas<T>>> {
    return this.#many('getsMany', keys, (key) => this.#readWithCas<T>(key))
  }

  set(key: Key, value: unknown): Promise<boolean> {
    return this.#call('set', () => this.#store(key, value))
  }

  async setMany(entries: Entries<unknown>): Promise<ItemKey[]> {
    const pairs = [...(entries as Iterable<readonly [Key, unknown]>)]
    this.batches.push(pairs.map(([key]) => key))
    return this.#call('setMany', () => {
      for (const [key, value] of pairs) this.#store(key, value)
      return pairs.filter(([, value]) => value === 'not stored').map(([key]) => itemKey(key))
    })
  }

  add(key: Key, value: unknown): Promise<boolean> {
    return this.#call('add', () => !this.#has(key) && this.#store(key, value))
  }

  replace(key: Key, value: unknown): Promise<boolean> {
    return this.#call('replace', () => this.#has(key) && this.#store(key, value))
  }

  append(key: Key, value: unknown): Promise<boolean> {
    return this.#call(
      'append',
      () => this.#has(key) && this.#store(key, `${this.#read(key)}${value}`),
    )
  }

  prepend(key: Key, value: unknown): Promise<boolean> {
    return this.#call(
      'prepend',
      () => this.#has(key) && this.#store(key, `${value}${this.#read(key)}`),
    )
  }

  cas(key: Key, value: unknown, cas: string): Promise<boolean | undefined> {
    return this.#call('cas', () =>
      this.#has(key) ? cas === '1' && this.#store(key, value) : undefined,
    )
  }

  incr(key: Key, delta: number | bigint = 1): Promise<never> {
    return this.#call('incr', () => this.#count(key, Number(delta)))
  }

  decr(key: Key, delta: number | bigint = 1): Promise<never> {
    return this.#call('decr', () => this.#count(key, -Number(delta)))
  }

  touch(key: Key): Promise<boolean> {
    return this.#call('touch', () => this.#has(key))
  }

  delete(key: Key): Promise<boolean> {
    return this.#call('delete', () => this.items.delete(nameOf(key)))
  }

  async deleteMany(keys: Iterable<Key>): Promise<true> {
    await this.#many('deleteMany', keys, (key) => {
      this.items.delete(nameOf(key))
      return undefined
    })
    return true
  }

  flushAll(): Promise<boolean> {
    return this.#call('flushAll', () => {
      this.items.clear()
      return true
    })
  }

  stats(...args: readonly string[]): Promise<Stats> {
    return this.#call('stats', () => ({ curr_items: this.items.size, args: args.join() }))
  }

  version(): Promise<string> {
    return this.#call('version', () => '1.6.18')
  }

  connect(): Promise<void> {
    return this.#call('connect', () => {})
  }

  quit(): Promise<void> {
    return this.#call('quit', () => {})
  }

  async close(): Promise<void> {
    this.isClosed = true
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #call<T>(name: string, effect: () => T): Promise<T> {
    this.calls.push(name)
    this.mostInFlight = Math.max(this.mostInFlight, ++this.#inFlight)
    const { fault } = this
    await this.gate
    this.#inFlight--
    if (fault !== undefined) throw fault
    if (this.isClosed) throw new Error('a call was made on a closed client')
    return effect()
  }

  #many<T>(
    name: string,
    keys: Iterable<Key>,
    read: (key: Key) => T | undefined,
  ): Promise<Map<ItemKey, T>> {
    const batch = [...keys]
    this.batches.push(batch)
    return this.#call(name, () => {
      const hits = new Map<ItemKey, T>()
      for (const key of batch) {
        const value = read(key)
        if (value !== undefined) hits.set(itemKey(key), value)
      }
      return hits
    })
  }

  #read(key: Key): unknown {
    return this.items.get(nameOf(key))
  }

  #readWithCas<T>(key: Key): ValueWithCas<T> | undefined {
    return this.#has(key) ? { value: this.#read(key) as T, cas: '1' } : undefined
  }

  #has(key: Key): boolean {
    return this.items.has(nameOf(key))
  }

  #store(key: Key, value: unknown): true {
    this.items.set(nameOf(key), value)
    return true
  }

  #count(key: Key, delta: number): never {
    if (!this.#has(key)) return undefined as never
    const value = Number(this.#read(key)) + delta
    this.#store(key, value)
    return value as never
  }
}

function nameOf(key: Key): string {
  return Buffer.from(itemKey(key)).toString()
}
