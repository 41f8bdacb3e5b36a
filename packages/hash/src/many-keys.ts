import {
  type CommandOptions,
  type ItemKey,
  itemKey,
  type Key,
  MemcachePartialError,
} from '@mc/protocol'
import type { CallTime } from './call-time.ts'
import type { WhenReady } from './probes.ts'
import type { Server, ServerCall, ServerClient } from './server.ts'

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
  readonly name: string
  readonly items: readonly I[]
  readonly options: O | undefined
  keyOf(item: I): Key
  send(client: ServerClient<V>, batch: I[], options: O | undefined): Promise<R>
  merge(results: R, answer: R): void
  /** Takes a key that was given twice, and failed once, from either the results or what failed. */
  decide?(results: R, failed: Map<ItemKey, Error>): void
  readonly isAwaited: boolean
}

/** How many-key calls run. */
export interface ManyKeysRules<V> {
  readonly keysPerBatch: number
  readonly time: CallTime
  /** The failure of keys that no server is left for. */
  readonly noServer: () => Error
  readonly whenReady: WhenReady<V>
}

/** What came of a many-key call. */
export interface ManyKeysOutcome {
  readonly failed: Map<ItemKey, Error>
  readonly anyCame: boolean
}

/**
 * Runs the call on all servers at once and adds the answers to `results`, server by server. A server that
 * fails, fails its own keys only. Resolves when all have answered or failed.
 *
 * @param serverFor - `undefined` for a key for which no server is left
 */
export async function runManyKeys<V, I, R, O extends CommandOptions>(
  call: ManyKeysCall<V, I, R, O>,
  serverFor: (key: Key) => Server<V> | undefined,
  results: R,
  rules: ManyKeysRules<V>,
): Promise<ManyKeysOutcome> {
  const steps = rules.time.stepsOf(call.options)
  const groups = groupBy(call.items, (item) => serverFor(call.keyOf(item)))
  const parts = Array.from(groups, async ([server, items]): Promise<Part<I, R>[]> => {
    const send = async (batch: I[], isFirst: boolean): Promise<R> => {
      if (server === undefined) throw rules.noServer()
      const { name, isAwaited } = call
      const command: ServerCall<V, R, O | undefined> = {
        name,
        send: (client, options) => call.send(client, batch, options),
        isAwaited,
        isShort: !isFirst,
      }
      return steps.bound(server.run(command, steps.next()))
    }
    const sendAll = (): Promise<Part<I, R>[]> => sendInLanes(cut(items, rules.keysPerBatch), send)
    if (server === undefined) return sendAll()
    try {
      return await server.hold(() => rules.whenReady(server, call.options, sendAll))
    } catch (reason) {
      return [{ items, outcome: { status: 'rejected', reason } }]
    }
  })
  return mergeParts(call, (await Promise.all(parts)).flat(), results)
}

/** What came of a call that found no server in time. */
export function allFailed<V, I, R, O extends CommandOptions>(
  { items, keyOf }: ManyKeysCall<V, I, R, O>,
  error: Error,
): ManyKeysOutcome {
  return { failed: new Map(items.map((item) => [itemKey(keyOf(item)), error])), anyCame: false }
}

/** The hits in the order of the keys, as if one server had answered. */
export function inOrderOf<T>(
  keys: readonly Key[],
  found: ReadonlyMap<ItemKey, T>,
): Map<ItemKey, T> {
  const hits = new Map<ItemKey, T>()
  for (const key of keys) {
    const item = itemKey(key)
    const value = found.get(item)
    if (value !== undefined || found.has(item)) hits.set(item, value as T)
  }
  return hits
}

/** A batch for one server, and what came of it. */
interface Part<I, R> {
  readonly items: readonly I[]
  readonly outcome: PromiseSettledResult<R>
}

function groupBy<T, G>(items: readonly T[], groupOf: (item: T) => G): Map<G, T[]> {
  const groups = new Map<G, T[]>()
  for (const item of items) {
    const group = groupOf(item)
    const known = groups.get(group)
    if (known === undefined) groups.set(group, [item])
    else known.push(item)
  }
  return groups
}

function cut<T>(items: readonly T[], size: number): T[][] {
  const batches: T[][] = []
  for (let start = 0; start < items.length; start += size) {
    batches.push(items.slice(start, start + size))
  }
  return batches
}

async function sendInLanes<I, R>(
  batches: readonly I[][],
  send: (batch: I[], isFirst: boolean) => Promise<R>,
): Promise<Part<I, R>[]> {
  const parts: Part<I, R>[] = []
  const queue = batches.entries()
  const lane = async (): Promise<void> => {
    for (const [i, items] of queue) {
      const [outcome] = await Promise.allSettled([send(items, i < BATCHES_IN_FLIGHT)])
      parts[i] = { items, outcome }
    }
  }
  await Promise.all(Array.from({ length: BATCHES_IN_FLIGHT }, lane))
  return parts
}

function mergeParts<V, I, R, O extends CommandOptions>(
  call: ManyKeysCall<V, I, R, O>,
  parts: readonly Part<I, R>[],
  results: R,
): ManyKeysOutcome {
  const failed = new Map<ItemKey, Error>()
  let anyCame = false
  for (const { items, outcome } of parts) {
    if (outcome.status === 'fulfilled') {
      anyCame = true
      call.merge(results, outcome.value)
      continue
    }
    const error: unknown = outcome.reason
    if (error instanceof MemcachePartialError) {
      anyCame = true
      call.merge(results, error.results as R)
      for (const [key, itsError] of error.failed) failed.set(key, itsError)
    } else {
      for (const item of items) failed.set(itemKey(call.keyOf(item)), error as Error)
    }
  }
  if (failed.size > 0) call.decide?.(results, failed)
  return { failed, anyCame }
}
