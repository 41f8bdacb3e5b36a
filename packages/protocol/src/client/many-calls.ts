import type { KeyCommand } from '../commands/batch.ts'
import { GetCommand } from '../commands/get.ts'
import type { KeyResults } from '../commands/get-many.ts'
import { HasCommand } from '../commands/has.ts'
import { DeleteCommand } from '../commands/line.ts'
import { StoreCommand } from '../commands/storage.ts'
import { MemcacheIllegalInputError } from '../errors.ts'
import { itemKey } from '../key.ts'
import { entryPairs, keyList } from '../many-keys.ts'
import type {
  CommandOptions,
  DeleteManyOptions,
  Entries,
  ItemKey,
  Key,
  StoreOptions,
} from '../memcache-client.ts'
import type { CommandRunner } from './command-runner.ts'
import {
  checkOutcome,
  encodeNth,
  errorOfNth,
  linesOfKeys,
  needsDeadline,
  settleLines,
  settleMany,
} from './many.ts'

const MISS = Symbol('miss')

/** The hits among the keys, with or without their CAS tokens. @throws MemcachePartialError */
export async function getMany<V, T>(
  runner: CommandRunner<V>,
  keys: Iterable<Key>,
  withCas: boolean,
  options: CommandOptions | undefined,
): Promise<Map<ItemKey, T>> {
  const results = new Map<ItemKey, T>()
  const found: KeyResults = { results, failed: new Map(), doubtful: [] }
  const serde = runner.readingSerde()
  const lines = linesOfKeys(keys, runner.keys, { serde, withCas }, found)
  const deadline = runner.deadline(options, withCas ? 'gets' : 'get')
  await settleLines(
    lines,
    { options, deadline: needsDeadline(lines.length) ? deadline : undefined },
    (line, step, resolve, reject) => runner.runOne(line, step, resolve, reject),
    async (wire, key) => {
      const command = new GetCommand<V, unknown, typeof MISS>(
        ...([wire, key, serde, withCas, MISS, undefined, runner.returnWin] as const),
      )
      const value = await runner.run(command, deadline.step(options))
      if (value !== MISS) results.set(key, value as T)
    },
    found,
  )
  return results
}

/** Stores all pairs; answers the keys that were not stored. @throws MemcachePartialError */
export async function setMany<V>(
  runner: CommandRunner<V>,
  entries: Entries<V>,
  options: StoreOptions | undefined,
): Promise<ItemKey[]> {
  const pairs = entryPairs(entries)
  let deadline = needsDeadline(pairs.length) ? runner.deadline(options, 'set') : undefined
  const commands: KeyCommand<StoreCommand>[] = []
  const unready: Promise<unknown>[] = []
  const count = pairs.length
  // All of them are checked before any is sent. A loop without closures: there may be many keys.
  for (let index = 0; index < count; index++) {
    const [key, value] = pairs[index] as readonly [Key, V]
    try {
      const command = runner.storing('set', key, value, options)
      if (command instanceof StoreCommand) commands[index] = { key: itemKey(key), command }
      else unready.push(keepNth(commands, index, count, itemKey(key), command))
    } catch (error) {
      for (const promise of unready) promise.catch(() => {})
      throw errorOfNth(error, index, count)
    }
  }
  // Not a turn later where it need not be: calls are sent in the order in which they are made.
  if (unready.length > 0) {
    deadline ??= runner.deadline(options, 'set')
    await runner.serialized(Promise.all(unready), deadline, 'set')
  }
  const notStored: ItemKey[] = []
  const outcome = await settleMany(
    commands,
    { options, deadline },
    (batch, step, resolve, reject) => runner.writeOne(batch, step, undefined, resolve, reject),
    (key, isStored) => isStored || notStored.push(key),
  )
  // A key that comes twice may have failed as well.
  const { failed } = outcome
  checkOutcome(outcome, failed.size === 0 ? [] : notStored.filter((key) => !failed.has(key)))
  return notStored
}

async function keepNth(
  commands: KeyCommand<StoreCommand>[],
  index: number,
  count: number,
  key: ItemKey,
  unready: Promise<StoreCommand>,
): Promise<void> {
  try {
    commands[index] = { key, command: await unready }
  } catch (error) {
    throw errorOfNth(error, index, count)
  }
}

/** Deletes all of them; with `found` answers those that were there. @throws MemcachePartialError */
export async function deleteMany<V>(
  runner: CommandRunner<V>,
  keys: Iterable<Key>,
  options: DeleteManyOptions | undefined,
): Promise<true | ItemKey[]> {
  if (options?.found === true && options.noreply === true) {
    throw new MemcacheIllegalInputError('found needs the replies: it cannot be given with noreply')
  }
  const list = keyList(keys)
  const deadline = needsDeadline(list.length) ? runner.deadline(options, 'delete') : undefined
  const commands = list.map((key, index) => ({
    command: new DeleteCommand(encodeNth(runner.keys, key, index, list.length)),
    key: itemKey(key),
  }))
  // Only the reply says whether the item was there.
  const own = options?.found === true ? { ...options, noreply: false } : options
  const found: ItemKey[] = []
  const outcome = await settleMany(
    commands,
    { options: own, deadline },
    (batch, step, resolve, reject) => runner.writeOne(batch, step, undefined, resolve, reject),
    (key, wasThere) => wasThere && found.push(key),
  )
  const results = options?.found === true ? found : true
  checkOutcome(outcome, results)
  return results
}

/** Those of the keys of which there is an item. @throws MemcachePartialError */
export async function hasMany<V>(
  runner: CommandRunner<V>,
  keys: Iterable<Key>,
  options: CommandOptions | undefined,
): Promise<Set<ItemKey>> {
  const list = keyList(keys)
  const deadline = needsDeadline(list.length) ? runner.deadline(options, 'has') : undefined
  const commands = list.map((key, index) => ({
    command: new HasCommand(encodeNth(runner.keys, key, index, list.length), runner.returnWin),
    key: itemKey(key),
  }))
  const found = new Set<ItemKey>()
  const outcome = await settleMany(
    commands,
    { options, deadline },
    (batch, step, resolve, reject) => runner.runOne(batch, step, resolve, reject),
    (key, isThere) => isThere && found.add(key),
  )
  checkOutcome(outcome, found)
  return found
}
