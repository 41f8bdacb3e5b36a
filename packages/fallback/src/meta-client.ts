import type {
  CommandOptions,
  Count,
  CounterOptions,
  Exact,
  Expire,
  ItemKey,
  ItemMetadata,
  Key,
  MemcacheClient,
  MetaArithmeticOptions,
  MetaCounter,
  MetaDeleteOptions,
  MetaGetOptions,
  MetaItem,
  MetaMethods,
  MetaSetOptions,
  MetaStored,
} from '@mc/protocol'
import { keyList, toExptime, toUint64 } from '@mc/protocol/toolkit'
import type { Policies } from './policies.ts'

/** A command on one cache. */
type Run<V, R> = (client: MemcacheClient<V>, options: CommandOptions) => Promise<R>

/** The counters and meta commands of a `FallbackClient`. */
export abstract class FallbackMetaClient<V> implements MetaMethods<V> {
  /** What calls of one kind do with the caches. */
  protected abstract readonly policies: Policies<V>

  incr<N extends number | bigint = number>(
    key: Key,
    delta?: N,
    options?: CounterOptions,
  ): Promise<Count<N> | undefined> {
    return this.#count('incr', key, delta, options)
  }

  decr<N extends number | bigint = number>(
    key: Key,
    delta?: N,
    options?: CounterOptions,
  ): Promise<Count<N> | undefined> {
    return this.#count('decr', key, delta, options)
  }

  async #count<N extends number | bigint>(
    verb: 'incr' | 'decr',
    key: Key,
    delta: N | undefined,
    options: CounterOptions = {},
  ): Promise<Count<N> | undefined> {
    const { initial, expire, ...rest } = options
    const count: Run<V, Count<N> | undefined> = (client, own) => client[verb](key, delta, own)
    if (initial === undefined) return this.policies.onItem(key, options, count)
    checkInitial(initial, expire)
    return this.policies.onItem(key, rest, count, (client, own) =>
      client[verb](key, delta, { ...own, initial, expire }),
    )
  }

  /** Of the cache that has the item. What wins, changes or compares asks the first cache alone. */
  metaGet<T = V, const O extends MetaGetOptions = MetaGetOptions>(
    key: Key,
    options: Exact<O, MetaGetOptions>,
  ): Promise<MetaItem<T, O> | undefined> {
    const { touch, vivify, recache, unlessCas, cas } = options as MetaGetOptions
    const isOfFirst =
      cas === true || [touch, vivify, recache, unlessCas].some((it) => it !== undefined)
    return this.policies.find(key, options, isOfFirst, (client, own) =>
      client.metaGet<T, O>(key, { ...options, ...own }),
    )
  }

  metaSet<const O extends MetaSetOptions = Record<never, never>>(
    key: Key,
    value: V,
    options?: Exact<O, MetaSetOptions>,
  ): Promise<MetaStored<O> | false | undefined> {
    const { mode = 'set', ifCas } = (options ?? {}) as MetaSetOptions
    const run = (client: MemcacheClient<V>, { timeout, signal }: CommandOptions) =>
      client.metaSet<O>(key, value, { ...options, timeout, signal } as Exact<O, MetaSetOptions>)
    return ifCas !== undefined || mode === 'set' || mode === 'add'
      ? this.policies.store([key], options, run)
      : this.policies.onItem(key, options, run)
  }

  /** Without a condition as `delete`, but `undefined` if none of the caches had it; else in the first cache. */
  async metaDelete(key: Key, options: MetaDeleteOptions = {}): Promise<boolean | undefined> {
    const { ifCas, invalidate, dropValue } = options
    const remove: Run<V, boolean | undefined> = (client, { timeout, signal }) =>
      client.metaDelete(key, { ...options, timeout, signal })
    if (ifCas !== undefined || invalidate === true || dropValue === true) {
      return this.policies.store([key], options, remove)
    }
    const answers = await this.policies.remove(
      () => [key],
      options,
      (client, _, own) => remove(client, own),
    )
    return answers.includes(true) || undefined
  }

  async metaArithmetic<const O extends MetaArithmeticOptions = Record<never, never>>(
    key: Key,
    options?: Exact<O, MetaArithmeticOptions>,
  ): Promise<MetaCounter<O> | false | undefined> {
    const { initial, expire, ifCas } = (options ?? {}) as MetaArithmeticOptions
    if (initial !== undefined) checkInitial(initial, expire)
    const run = (client: MemcacheClient<V>, own: object) =>
      client.metaArithmetic<O>(key, { ...options, ...own } as Exact<O, MetaArithmeticOptions>)
    const counting = (client: MemcacheClient<V>, { timeout, signal }: CommandOptions) =>
      run(client, { timeout, signal, initial: undefined, expire: undefined })
    const making = (client: MemcacheClient<V>, { timeout, signal }: CommandOptions) =>
      run(client, { timeout, signal })
    if (ifCas !== undefined) return this.policies.store([key], options, making)
    return this.policies.onItem(key, options, counting, initial === undefined ? undefined : making)
  }

  async has(key: Key, options?: CommandOptions): Promise<boolean> {
    const found = await this.policies.find(
      key,
      options,
      false,
      async (client, own) => (await client.has(key, own)) || undefined,
    )
    return found === true
  }

  async hasMany<K extends Key>(
    keys: Iterable<K>,
    options?: CommandOptions,
  ): Promise<Set<K extends string ? string : ItemKey>> {
    return (await this.policies.hasMany(keyList(keys), options)) as never
  }

  /** Of the cache that has the item. */
  inspect(key: Key, options?: CommandOptions): Promise<ItemMetadata | undefined> {
    return this.policies.find(key, options, false, (client, own) => client.inspect(key, own))
  }
}

/**
 * Checks what is sent only if no cache has the counter.
 *
 * @throws MemcacheIllegalInputError
 */
function checkInitial(initial: number | bigint, expire: Expire | undefined): void {
  toUint64('initial', initial)
  if (expire !== undefined) toExptime(expire, Date.now)
}
