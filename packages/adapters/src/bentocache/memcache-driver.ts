import type { MemcacheClient } from '@mc/protocol'
import { checkOptionNames, optionNames } from '@mc/protocol/toolkit'
import type { CreateDriverResult, L2CacheDriver } from 'bentocache/types'
import { cacheExpire } from '../kit/expiry.ts'
import { type ItemKeys, Namespace, type NamespaceOptions } from '../kit/namespace.ts'
import { NamespaceTree } from './namespace-tree.ts'

/** Options of the driver of bentocache. */
export interface MemcacheDriverOptions extends NamespaceOptions {
  /** Any client of the family; it stays its owner's to close. */
  readonly client: MemcacheClient
  /** Caches of one prefix, in all processes, hold the same items. @default bentocache's own, `bentocache` */
  readonly prefix?: string | undefined
}

const OPTIONS = optionNames<MemcacheDriverOptions>({ client: true, prefix: true, staleFor: true })

/**
 * A second level of bentocache: `bentostore().useL2Layer(memcacheDriver({ client }))`.
 *
 * @throws TypeError or RangeError for an invalid option
 */
export function memcacheDriver(options: MemcacheDriverOptions): CreateDriverResult<L2CacheDriver> {
  checkOptionNames(options, OPTIONS)
  return { options, factory: (config: MemcacheDriverOptions) => rootDriver(config) }
}

function rootDriver({ client, prefix = '', staleFor }: MemcacheDriverOptions): L2CacheDriver {
  const space = new Namespace(client, `bentocache:${prefix}`, { staleFor })
  return new MemcacheDriver(client, new NamespaceTree(space), [])
}

/** The driver of one namespace. */
class MemcacheDriver implements L2CacheDriver {
  readonly type = 'l2'
  readonly #client: MemcacheClient
  readonly #root: NamespaceTree
  readonly #path: readonly string[]
  readonly #own: Namespace

  constructor(client: MemcacheClient, root: NamespaceTree, path: readonly string[]) {
    this.#client = client
    this.#root = root
    this.#path = path
    this.#own = root.at(path).space
  }

  namespace(name: string): MemcacheDriver {
    return new MemcacheDriver(this.#client, this.#root, [...this.#path, ...name.split(':')])
  }

  get(key: string): Promise<string | undefined> {
    return this.#run(key, (stored) => this.#client.get<string>(stored))
  }

  /** Of several that pull a value at once, one gets it. */
  pull(key: string): Promise<string | undefined> {
    return this.#run(key, async (stored) => {
      const value = await this.#client.get<string>(stored)
      if (value === undefined) return undefined
      return (await this.#client.delete(stored, { noreply: false })) ? value : undefined
    })
  }

  /** @param ttl - milliseconds */
  async set(key: string, value: string, ttl = Number.POSITIVE_INFINITY): Promise<boolean> {
    const options = { expire: cacheExpire(ttl), noreply: false }
    return this.#run(key, (stored) => this.#client.set(stored, value, options))
  }

  clear(): Promise<void> {
    return this.#own.clear()
  }

  delete(key: string): Promise<boolean> {
    return this.#run(key, (stored) => this.#client.delete(stored, { noreply: false }))
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    await Promise.all(keys.map((key) => this.delete(key)))
    return true
  }

  /** Does nothing: the client may have other users. */
  async disconnect(): Promise<void> {}

  #run<T>(key: string, call: (stored: string) => Promise<T>): Promise<T> {
    const path = [...this.#path, key].join(':')
    return this.#root.of(path).run((keys: ItemKeys) => call(keys(path)))
  }
}
