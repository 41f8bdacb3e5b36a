import {
  type CommandOptions,
  type DeleteManyOptions,
  type Entries,
  type ItemKey,
  type Key,
  METHODS,
  type StoreOptions,
} from '@mc/protocol'
import { entryPairs, keyList } from '@mc/protocol/toolkit'
import type { CallRunner } from './call-runner.ts'

/** Stores all pairs; answers the keys that were not stored. */
export async function setMany<V>(
  runner: CallRunner<V>,
  entries: Entries<V>,
  options: StoreOptions | undefined,
): Promise<ItemKey[]> {
  const notStored: ItemKey[] = []
  const failed = await runner.runMany<readonly [Key, V], ItemKey[], StoreOptions>(notStored, {
    name: 'setMany',
    items: entryPairs(entries),
    options,
    keyOf: ([key]) => key,
    send: (client, batch, remaining) => client.setMany(batch, remaining),
    merge: (results, keys) => {
      for (const key of keys) results.push(key)
    },
    decide: (results, failed) => {
      const certain = results.filter((key) => !failed.has(key))
      results.length = 0
      for (const key of certain) results.push(key)
    },
    isAwaited: runner.isAwaited(METHODS.setMany, options),
  })
  return [...notStored, ...failed.keys()]
}

/** Deletes all of them; with `found` answers those that were there. */
export async function deleteMany<V>(
  runner: CallRunner<V>,
  keys: Iterable<Key>,
  options: DeleteManyOptions | undefined,
): Promise<true | ItemKey[]> {
  const found: ItemKey[] = []
  const results = options?.found === true ? found : true
  await runner.runMany<Key, true | ItemKey[], DeleteManyOptions>(results, {
    name: 'deleteMany',
    items: keyList(keys),
    options,
    keyOf: (key) => key,
    send: (client, batch, remaining) => client.deleteMany(batch, remaining),
    merge: (_, answer) => {
      if (answer !== true) for (const key of answer) found.push(key)
    },
    isAwaited: options?.found === true || runner.isAwaited(METHODS.deleteMany, options),
  })
  return results
}

/** Those of the keys of which there is an item. */
export async function hasMany<V>(
  runner: CallRunner<V>,
  keys: Iterable<Key>,
  options: CommandOptions | undefined,
): Promise<Set<ItemKey>> {
  const found = new Set<ItemKey>()
  await runner.runMany<Key, Set<ItemKey>, CommandOptions>(found, {
    name: 'hasMany',
    items: keyList(keys),
    options,
    keyOf: (key) => key,
    send: (client, batch, remaining) => client.hasMany<Key>(batch, remaining),
    merge: (all, answer) => {
      for (const key of answer) all.add(key)
    },
    isAwaited: true,
  })
  return found
}
