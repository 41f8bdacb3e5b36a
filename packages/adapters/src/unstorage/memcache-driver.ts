import type { MemcacheClient } from '@mc/protocol'
import { checkNumber, checkOptionNames, optionNames } from '@mc/protocol/toolkit'
import type { Driver, StorageValue, TransactionOptions } from 'unstorage'
import { cacheExpire } from '../kit/expiry.ts'
import { Namespace, type NamespaceOptions } from '../kit/namespace.ts'

/** Options of the driver of unstorage. */
export interface MemcacheDriverOptions extends NamespaceOptions {
  /** Any client of the family; it stays its owner's to close. */
  readonly client: MemcacheClient
  /** Storages of one base, in all processes, hold the same items; those of others do not meet them. @default '' */
  readonly base?: string | undefined
  /** Seconds, of items set without a `ttl` of their own. @default for ever */
  readonly ttl?: number | undefined
}

const OPTIONS = optionNames<MemcacheDriverOptions>({
  client: true,
  base: true,
  ttl: true,
  staleFor: true,
})

/**
 * A driver of unstorage: `createStorage({ driver: memcacheDriver({ client }) })`.
 *
 * memcached cannot list keys. `getKeys()` returns none, so `watch`, snapshots and whatever else needs them see an empty
 * storage. `clear()` clears the whole base, and nothing if it is called for a part of it: mount a driver with another base
 * for parts that are to be cleared separately.
 *
 * @throws TypeError or RangeError for an invalid option
 */
export function memcacheDriver(
  options: MemcacheDriverOptions,
): Driver<MemcacheDriverOptions, MemcacheClient> {
  checkOptionNames(options, OPTIONS)
  const { client, base = '', ttl, staleFor } = options
  if (ttl !== undefined) checkNumber('ttl', ttl, { min: 0, unit: 'seconds' })
  const space = new Namespace(client, `unstorage:${base}`, { staleFor })

  const read = async (key: string): Promise<StorageValue> =>
    space.run((keys) => client.get<StorageValue>(keys(key), { default: null }))

  const store = async (key: string, value: unknown, own: TransactionOptions = {}) => {
    // In other drivers as well, 0 means the default.
    const seconds: number = own.ttl || ttl || Number.POSITIVE_INFINITY
    const stored = { expire: cacheExpire(seconds * 1000), noreply: false }
    if (await space.run((keys) => client.set(keys(key), value, stored))) return
    throw new Error('memcached has not stored the item')
  }

  return {
    name: 'memcached',
    options,
    flags: { ttl: true },
    getInstance: () => client,
    hasItem: (key) => space.run((keys) => client.has(keys(key))),
    getItem: read,
    getItemRaw: read,
    getItems: async (items) => {
      const found = await space.run(async (keys) => {
        const stored = items.map(({ key }) => keys(key))
        const values = await client.getMany<StorageValue>(stored)
        return stored.map((key) => values.get(key) ?? null)
      })
      return items.map(({ key }, i) => ({ key, value: found[i] as StorageValue }))
    },
    setItem: store,
    setItemRaw: store,
    setItems: async (items, common) => {
      await Promise.all(
        items.map(({ key, value, options: own }) => store(key, value, { ...common, ...own })),
      )
    },
    removeItem: async (key) => {
      await space.run((keys) => client.delete(keys(key), { noreply: false }))
    },
    getKeys: async () => [],
    clear: async (part) => {
      // unstorage passes undefined, whatever its types say; what wraps a driver may pass a part.
      if (!part) return space.clear()
      throw new Error(
        `memcached cannot list keys, so ${JSON.stringify(part)} cannot be cleared alone: mount a driver with a base of its own there`,
      )
    },
  }
}
