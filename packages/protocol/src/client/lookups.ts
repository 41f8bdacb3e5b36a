import { MemcachePartialError } from '../errors.ts'
import { itemKey } from '../key.ts'
import type { Leased } from '../lease-methods.ts'
import type { ItemKey, Key } from '../memcache-client.ts'
import type { CommandTrace } from '../telemetry.ts'
import type { TracedMethod } from './call-trace.ts'

/** Given to reads in place of the caller's `default`, which may be what an item has as its value. */
const MISS = Symbol('miss')

interface Found {
  has(key: ItemKey): boolean
}

/** Whether a call finds keys or does not. */
export function isLookup({ name, takes, isRead }: TracedMethod): boolean {
  return (isRead && (takes === 'key' || takes === 'keys')) || name === 'lease'
}

/** Makes a call that looks keys up, and counts what it finds. */
export function runLookup<R>(
  method: TracedMethod,
  args: unknown[],
  trace: CommandTrace,
  call: (args: unknown[]) => Promise<R>,
): Promise<R> {
  return method.takes === 'keys'
    ? lookUpMany(args, trace, call)
    : lookUpOne(method, args, trace, call)
}

async function lookUpOne<R>(
  { name, optionsAt }: TracedMethod,
  args: unknown[],
  trace: CommandTrace,
  call: (args: unknown[]) => Promise<R>,
): Promise<R> {
  const options = optionsAt === undefined ? undefined : (args[optionsAt] as { default?: unknown })
  const instead = options?.default
  if (instead !== undefined) args[optionsAt as number] = { ...options, default: MISS }
  const answer = await call(args)
  const hits = isHit(name, answer) ? 1 : 0
  // Whether there is an item is not known if a covered error is why none was found.
  if (hits === 1 || trace.error === undefined) {
    trace.hits = hits
    trace.misses = 1 - hits
  }
  return (answer as unknown) === MISS ? (instead as R) : answer
}

function isHit(name: string, answer: unknown): boolean {
  if (name === 'has') return answer === true
  if (name === 'lease') {
    const { kind } = answer as Leased<unknown>
    return kind === 'value' || kind === 'nothing'
  }
  return answer !== undefined && answer !== MISS
}

async function lookUpMany<R>(
  args: unknown[],
  trace: CommandTrace,
  call: (args: unknown[]) => Promise<R>,
): Promise<R> {
  const keys = args[0] as Key[]
  try {
    const answer = await call(args)
    // What a covered error says of the keys that are missing is not known here.
    count(
      keys,
      answer as Found,
      trace.isIgnored ? { has: () => true } : { has: () => false },
      trace,
    )
    return answer
  } catch (error) {
    if (error instanceof MemcachePartialError)
      count(keys, error.results as Found, error.failed, trace)
    throw error
  }
}

/** @param failed - the keys of which nothing is known */
function count(keys: readonly Key[], found: Found, failed: Found, trace: CommandTrace): void {
  let hits = 0
  let misses = 0
  for (const key of keys) {
    const item = itemKey(key)
    if (found.has(item)) hits++
    else if (!failed.has(item)) misses++
  }
  trace.hits = hits
  trace.misses = misses
}
