import type {
  CommandOptions,
  Count,
  CounterOptions,
  Exact,
  Expire,
  ItemFields,
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
  Told,
  WriteOptions,
} from '@mc/protocol'
import { keyList, toExptime, toUint64 } from '@mc/protocol/toolkit'
import type { Policies } from './policies.ts'

/** The counters and meta commands of a `FallbackClient`. */
export abstract class FallbackMetaClient<V> implements MetaMethods<V> {
  /** What calls of one kind do with the caches. */
  protected abstract readonly policies: Policies<V>

  abstract delete(key: Key, options?: WriteOptions): Promise<boolean>

  async incr<N extends number | bigint = number>(
    key: Key,
    delta?: N,
    options?: CounterOptions,
  ): Promise<Count<N> | undefined> {
    const { initial, expire, ...rest } = options ?? {}
    checkInitial(initial, expire)
    return this.policies.onItem(
      key,
      initial === undefined ? options : rest,
      (client, own) => client.incr(key, delta, own),
      initial === undefined
        ? undefined
        : (client, own) => client.incr(key, delta, { ...own, initial, expire }),
    )
  }

  async decr<N extends number | bigint = number>(
    key: Key,
    delta?: N,
    options?: CounterOptions,
  ): Promise<Count<N> | undefined> {
    const { initial, expire, ...rest } = options ?? {}
    checkInitial(initial, expire)
    return this.policies.onItem(
      key,
      initial === undefined ? options : rest,
      (client, own) => client.decr(key, delta, own),
      initial === undefined
        ? undefined
        : (client, own) => client.decr(key, delta, { ...own, initial, expire }),
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
  ): Promise<Told<Pick<ItemFields<V>, 'cas' | 'size'>, O> | false | undefined> {
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
    if (ifCas !== undefined || invalidate === true || dropValue === true) {
      return this.policies.store([key], options, (client, own) => client.metaDelete(key, own))
    }
    return (await this.delete(key, options)) || undefined
  }

  async metaArithmetic<const O extends MetaArithmeticOptions = Record<never, never>>(
    key: Key,
    options?: Exact<O, MetaArithmeticOptions>,
  ): Promise<MetaCounter<O> | false | undefined> {
    const { initial, expire, ifCas } = (options ?? {}) as MetaArithmeticOptions
    checkInitial(initial, expire)
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
function checkInitial(initial: number | bigint | undefined, expire: Expire | undefined): void {
  if (initial === undefined) return
  toUint64('initial', initial)
  if (expire !== undefined) toExptime(expire, Date.now)
}
