import {
  type CommandOptions,
  type Entries,
  type ItemKey,
  itemKey,
  type Key,
  MemcacheError,
  MemcacheIllegalInputError,
  MemcachePartialError,
  MemcacheTimeoutError,
} from '@mc/protocol'
import type { Server, ServerClient } from './server.ts'

/**
 * Batches of one call in flight to one server: enough to hide the way there and back, few enough that
 * a call of any size leaves room for others.
 */
const BATCHES_IN_FLIGHT = 4

/**
 * A command on many keys, spread over servers.
 *
 * @typeParam I - what is sent for one key: the key, or a pair of key and value
 * @typeParam R - what the command answers
 */
export interface ManyKeysCall<V, I, R, O extends CommandOptions = CommandOptions> {
  readonly items: readonly I[]
  readonly options: O | undefined
  keyOf(item: I): Key
  send(client: ServerClient<V>, batch: I[], options: O | undefined): Promise<R>
  merge(results: R, answer: R): void
  /** Whether success shows that the server is well. */
  readonly isProof: boolean
}

/** How many-key calls run. */
export interface ManyKeysRules {
  readonly keysPerBatch: number
  /** Milliseconds on the clock that measures a call's `timeout`. */
  readonly now: () => number
}

/** What came of a many-key call. */
export interface ManyKeysOutcome {
  readonly failed: Map<ItemKey, Error>
  readonly anyCame: boolean
}

/**
 * Runs the call on all servers at once and adds the answers to `results`, server by server in the order
 * of `groups`. A server that fails, fails its own keys only. Settles when all have; does not reject.
 *
 * @param groups - the items by their server; under `undefined` those for which there is none
 */
export async function runManyKeys<V, I, R, O extends CommandOptions>(
  call: ManyKeysCall<V, I, R, O>,
  groups: ReadonlyMap<Server<V> | undefined, readonly I[]>,
  results: R,
  rules: ManyKeysRules,
): Promise<ManyKeysOutcome> {
  const optionsNow = withDeadline(call.options, rules.now)
  const parts: Part<I, R>[] = []
  const servers: Promise<void>[] = []
  for (const [server, items] of groups) {
    const ownParts = cut<I, R>(items, rules.keysPerBatch)
    parts.push(...ownParts)
    const run = (part: Part<I, R>): Promise<void> =>
      settle(part, () => {
        if (server === undefined) throw allServersDown()
        const options = optionsNow()
        return server.run((client) => call.send(client, part.items, options), call.isProof)
      })
    const runAll = (): Promise<void> => runInLanes(ownParts, run)
    servers.push(server === undefined ? runAll() : server.hold(runAll))
  }
  await Promise.all(servers)
  return mergeParts(call, parts, results)
}

/** No server is left to send anything to. */
export function allServersDown(): MemcacheError {
  return new MemcacheError('all servers seem to be down right now', { written: false })
}

/** The pairs of entries in any of their forms. @throws MemcacheIllegalInputError */
export function entryPairs<V>(entries: Entries<V>): (readonly [Key, V])[] {
  if (typeof entries !== 'object' || entries === null) {
    throw new MemcacheIllegalInputError('entries must be a Map, an iterable of pairs or an object')
  }
  return Symbol.iterator in entries
    ? [...(entries as Iterable<readonly [Key, V]>)]
    : Object.entries(entries)
}

/** The keys as an array. @throws MemcacheIllegalInputError */
export function keyList(keys: Iterable<Key>): Key[] {
  if (typeof keys === 'string' || typeof keys?.[Symbol.iterator] !== 'function') {
    throw new MemcacheIllegalInputError('keys must be an iterable of keys, not one key')
  }
  return [...keys]
}

/** A batch for one server, and what came of it. */
interface Part<I, R> {
  readonly items: I[]
  answer?: R
  error?: unknown
}

function cut<I, R>(items: readonly I[], size: number): Part<I, R>[] {
  const parts: Part<I, R>[] = []
  for (let start = 0; start < items.length; start += size) {
    parts.push({ items: items.slice(start, start + size) })
  }
  return parts
}

async function runInLanes<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  const lane = async (): Promise<void> => {
    for (const item of queue) await run(item)
  }
  await Promise.all(Array.from({ length: Math.min(BATCHES_IN_FLIGHT, items.length) }, lane))
}

async function settle<I, R>(part: Part<I, R>, send: () => Promise<R>): Promise<void> {
  try {
    part.answer = await send()
  } catch (error) {
    part.error = error
  }
}

/**
 * The options for a batch that is sent now. The timeout that a caller names is for the whole call, so a
 * batch gets what is left of it.
 */
function withDeadline<O extends CommandOptions>(
  options: O | undefined,
  now: () => number,
): () => O | undefined {
  const timeout = options?.timeout
  if (options === undefined || timeout === undefined) return () => options
  const deadline = now() + timeout
  return () => {
    const left = Math.ceil(deadline - now())
    // Not the server's failure: it was never asked.
    if (left <= 0) throw new MemcacheTimeoutError('the call took too long', { written: false })
    return { ...options, timeout: left }
  }
}

function mergeParts<V, I, R, O extends CommandOptions>(
  call: ManyKeysCall<V, I, R, O>,
  parts: readonly Part<I, R>[],
  results: R,
): ManyKeysOutcome {
  const failed = new Map<ItemKey, Error>()
  let anyCame = false
  for (const { items, answer, error } of parts) {
    if (error === undefined) {
      anyCame = true
      call.merge(results, answer as R)
    } else if (error instanceof MemcachePartialError) {
      anyCame = true
      call.merge(results, error.results as R)
      for (const [key, itsError] of error.failed) failed.set(key, itsError)
    } else {
      for (const item of items) failed.set(itemKey(call.keyOf(item)), error as Error)
    }
  }
  return { failed, anyCame }
}
