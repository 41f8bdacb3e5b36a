import { MAX_LINE } from '../commands/get-line.ts'
import { GetManyCommand } from '../commands/get-many.ts'
import { isIgnorableError, MemcacheError, MemcachePartialError } from '../errors.ts'
import { itemKey, type KeyEncoder, type WireKey } from '../key.ts'
import { keyList } from '../many-keys.ts'
import type { ItemKey, Key } from '../memcache-client.ts'
import type { Serde } from '../serde.ts'

/** Commands of one call that are in flight at once. */
const WINDOW = 1024

/** One command for each line of keys that a server takes; duplicates are asked twice. */
export function linesOfKeys<V>(
  keys: Iterable<Key>,
  encoder: KeyEncoder,
  serde: Serde<V>,
  withCas: boolean,
  results: Map<ItemKey, unknown>,
  failed: Map<ItemKey, Error>,
): GetManyCommand<V>[] {
  const lines: GetManyCommand<V>[] = []
  let wires: WireKey[] = []
  let items: ItemKey[] = []
  let length = 0
  const finishLine = (): void => {
    if (wires.length === 0) return
    lines.push(new GetManyCommand(wires, items, serde, withCas, results, failed))
    wires = []
    items = []
    length = 0
  }
  for (const key of keyList(keys)) {
    const wire = encoder.encode(key)
    if (length + wire.length >= MAX_LINE) finishLine()
    wires.push(wire)
    items.push(itemKey(key))
    length += wire.length + 1
  }
  finishLine()
  return lines
}

/** Sends the lines and waits for all. @throws MemcachePartialError, or the error if all keys have it */
export async function settleLines<V>(
  lines: readonly GetManyCommand<V>[],
  send: (line: GetManyCommand<V>) => Promise<void>,
  results: Map<ItemKey, unknown>,
  failed: Map<ItemKey, Error>,
  ignoreExc: boolean,
): Promise<void> {
  let anyCame = false
  await forEachInFlight(lines, async (line) => {
    try {
      await send(line)
      anyCame ||= line.items.some((key) => !failed.has(key))
    } catch (error) {
      for (const key of line.items) if (!results.has(key)) failed.set(key, error as Error)
    }
  })
  const first = firstError(failed, ignoreExc)
  if (first !== undefined) throwFailures(first, failed, results, anyCame || results.size > 0)
}

/** Sends one command for each key. @throws MemcachePartialError, or the error if all keys have it */
export async function settleMany<C, T>(
  keys: readonly ItemKey[],
  commands: readonly C[],
  send: (command: C, resolve: (result: T) => void, reject: (error: unknown) => void) => void,
  onResult: (key: ItemKey, result: T) => void = () => {},
  results: unknown = true,
): Promise<void> {
  const failed = new Map<ItemKey, Error>()
  let failures = 0
  for (let start = 0; start < commands.length; start += WINDOW) {
    const slice = commands.slice(start, start + WINDOW)
    // One promise for all: that each has its own would be a third of the work.
    await new Promise<void>((done) => {
      let left = slice.length
      for (const [i, command] of slice.entries()) {
        const key = keys[start + i] as ItemKey
        const settle = (): void => {
          if (--left === 0) done()
        }
        send(
          command,
          (result) => {
            onResult(key, result)
            settle()
          },
          (error) => {
            failures++
            failed.set(key, error as Error)
            settle()
          },
        )
      }
    })
  }
  const first = firstError(failed, false)
  if (first !== undefined) throwFailures(first, failed, results, failures < commands.length)
}

function firstError(failed: ReadonlyMap<ItemKey, Error>, ignoreExc: boolean): Error | undefined {
  for (const error of failed.values()) if (!ignoreExc || !isIgnorableError(error)) return error
  return undefined
}

function throwFailures(
  first: Error,
  failed: ReadonlyMap<ItemKey, Error>,
  results: unknown,
  anyCame: boolean,
): never {
  // The reason of an abort, and what went wrong for every key alike, is told as it is.
  if (!anyCame || !(first instanceof MemcacheError)) throw first
  const { server, command } = first
  throw new MemcachePartialError(results, failed, { server, command })
}

async function forEachInFlight<T>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  for (let start = 0; start < items.length; start += WINDOW) {
    const slice = items.slice(start, start + WINDOW)
    await Promise.all(slice.map((item, i) => work(item, start + i)))
  }
}
