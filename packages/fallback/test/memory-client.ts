import {
  type CasToken,
  type CommandOptions,
  type Entries,
  type Expire,
  type GetOptions,
  type ItemKey,
  itemKey,
  type Key,
  type MemcacheClient,
  type StoreOptions,
  type ValueWithCas,
  type WriteOptions,
} from '@mc/protocol'

interface Item {
  value: unknown
  cas: CasToken
  expire: Expire
}

/** A cache in memory that notes what it is asked, and fails on demand. Expiry is noted, not obeyed. */
export class MemoryClient implements MemcacheClient {
  readonly items = new Map<string, Item>()
  /** Calls so far, as `command key`. */
  readonly calls: string[] = []
  /** Options of the last call of each command. */
  readonly options = new Map<string, CommandOptions | undefined>()
  /** Thrown by these commands; `*` is all. */
  readonly failures = new Map<string, Error>()
  /** Runs before a command does anything. */
  before: ((command: string) => void | Promise<void>) | undefined
  /** Runs between what a command does and its answer. */
  after: ((command: string) => void | Promise<void>) | undefined
  #lastCas: number

  constructor(contents: Record<string, unknown> = {}, firstCas = 1) {
    this.#lastCas = firstCas
    for (const [key, value] of Object.entries(contents)) this.#store(key, value, 0)
  }

  value(key: string): unknown {
    return this.items.get(key)?.value
  }

  get<T, D = undefined>(key: Key, options?: GetOptions<D>): Promise<T | D> {
    return this.#run('get', key, options, (item) => (item ? item.value : options?.default) as T | D)
  }

  gets<T, D = undefined>(key: Key, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.#run('gets', key, options, (item) => (item ? withCas(item) : options?.default) as D)
  }

  gat<T, D = undefined>(key: Key, expire: Expire = 0, options?: GetOptions<D>): Promise<T | D> {
    return this.#run('gat', key, options, (item) => {
      if (item) item.expire = expire
      return (item ? item.value : options?.default) as T | D
    })
  }

  gats<T, D = undefined>(
    key: Key,
    expire: Expire = 0,
    options?: GetOptions<D>,
  ): Promise<ValueWithCas<T> | D> {
    return this.#run('gats', key, options, (item) => {
      if (item) item.expire = expire
      return (item ? withCas(item) : options?.default) as D
    })
  }

  getMany<T>(keys: Iterable<Key>, options?: CommandOptions): Promise<Map<ItemKey, T>> {
    return this.#runMany('getMany', keys, options, (item) => item.value as T)
  }

  getsMany<T>(
    keys: Iterable<Key>,
    options?: CommandOptions,
  ): Promise<Map<ItemKey, ValueWithCas<T>>> {
    return this.#runMany('getsMany', keys, options, (item) => withCas<T>(item))
  }

  set(key: Key, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#run('set', key, options, () => this.#store(textOf(key), value, options?.expire))
  }

  async setMany(entries: Entries<unknown>, options?: StoreOptions): Promise<ItemKey[]> {
    const pairs = Symbol.iterator in entries ? [...entries] : Object.entries(entries)
    for (const [key, value] of pairs) await this.set(key, value, options)
    return []
  }

  add(key: Key, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#run(
      'add',
      key,
      options,
      (item) => item === undefined && this.#store(textOf(key), value, options?.expire),
    )
  }

  replace(key: Key, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#run(
      'replace',
      key,
      options,
      (item) => item !== undefined && this.#store(textOf(key), value, options?.expire),
    )
  }

  append(key: Key, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#run(
      'append',
      key,
      options,
      (item) =>
        item !== undefined && this.#store(textOf(key), `${item.value}${value}`, item.expire),
    )
  }

  prepend(key: Key, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#run(
      'prepend',
      key,
      options,
      (item) =>
        item !== undefined && this.#store(textOf(key), `${value}${item.value}`, item.expire),
    )
  }

  cas(
    key: Key,
    value: unknown,
    cas: CasToken,
    options?: StoreOptions,
  ): Promise<boolean | undefined> {
    return this.#run('cas', key, options, (item) =>
      item === undefined
        ? undefined
        : item.cas === cas && this.#store(textOf(key), value, options?.expire),
    )
  }

  incr(key: Key, delta?: number, options?: WriteOptions): Promise<number | undefined>
  incr(key: Key, delta: bigint, options?: WriteOptions): Promise<bigint | undefined>
  incr(key: Key, delta: number | bigint = 1, options?: WriteOptions): Promise<never> {
    return this.#run('incr', key, options, (item) => this.#count(item, Number(delta)) as never)
  }

  decr(key: Key, delta?: number, options?: WriteOptions): Promise<number | undefined>
  decr(key: Key, delta: bigint, options?: WriteOptions): Promise<bigint | undefined>
  decr(key: Key, delta: number | bigint = 1, options?: WriteOptions): Promise<never> {
    return this.#run('decr', key, options, (item) => this.#count(item, -Number(delta)) as never)
  }

  touch(key: Key, expire: Expire = 0, options?: WriteOptions): Promise<boolean> {
    return this.#run('touch', key, options, (item) => {
      if (item) item.expire = expire
      return item !== undefined
    })
  }

  delete(key: Key, options?: WriteOptions): Promise<boolean> {
    return this.#run('delete', key, options, () => this.items.delete(textOf(key)))
  }

  async deleteMany(keys: Iterable<Key>, options?: WriteOptions): Promise<true> {
    for (const key of keys) await this.delete(key, options)
    return true
  }

  flushAll(): Promise<boolean> {
    return this.#run('flushAll', '', undefined, () => {
      this.items.clear()
      return true
    })
  }

  quit(): Promise<void> {
    return this.#run('quit', '', undefined, () => {})
  }

  close(): Promise<void> {
    return this.#run('close', '', undefined, () => {})
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #run<R>(
    command: string,
    key: Key,
    options: CommandOptions | undefined,
    act: (item: Item | undefined) => R,
  ): Promise<R> {
    this.calls.push(`${command} ${textOf(key)}`.trim())
    this.options.set(command, options)
    await this.before?.(command)
    const failure = this.failures.get(command) ?? this.failures.get('*')
    if (failure) throw failure
    const answer = act(this.items.get(textOf(key)))
    await this.after?.(command)
    return answer
  }

  async #runMany<R>(
    command: string,
    keys: Iterable<Key>,
    options: CommandOptions | undefined,
    read: (item: Item) => R,
  ): Promise<Map<ItemKey, R>> {
    const wanted = [...keys].map(itemKey)
    return this.#run(command, wanted.join(' '), options, () => {
      const hits = new Map<ItemKey, R>()
      for (const key of wanted) {
        const item = this.items.get(textOf(key))
        if (item) hits.set(key, read(item))
      }
      return hits
    })
  }

  #store(key: string, value: unknown, expire: Expire = 0): true {
    this.items.set(key, { value, cas: String(this.#lastCas++), expire })
    return true
  }

  #count(item: Item | undefined, delta: number): number | undefined {
    if (item === undefined) return undefined
    item.value = Math.max(0, Number(item.value) + delta)
    return item.value as number
  }
}

function withCas<T>({ value, cas }: Item): ValueWithCas<T> {
  return { value: value as T, cas }
}

/** A key as text, given as text or as bytes. */
function textOf(key: Key): string {
  return String(itemKey(key))
}
