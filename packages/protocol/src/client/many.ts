import { isBinaryKey } from '../binary-key.ts'
import type { Command } from '../command.ts'
import { type BatchCommand, batchesOf, type KeyCommand } from '../commands/batch.ts'
import { MAX_LINE } from '../commands/get-line.ts'
import { GetManyCommand, type KeyResults } from '../commands/get-many.ts'
import {
  MemcacheError,
  MemcacheIllegalInputError,
  MemcachePartialError,
  MemcacheSerdeError,
} from '../errors.ts'
import { itemKey, type KeyEncoder, type WireKey } from '../key.ts'
import { keyList } from '../many-keys.ts'
import type { CommandOptions, ItemKey, Key } from '../memcache-client.ts'
import type { Serde } from '../serde.ts'
import type { Deadline } from './deadline.ts'

/** Commands of one call that are in flight at once. */
const WINDOW = 1024

/** The options of a call of many commands, and the deadline for all of its windows. */
export interface ManyCall<O extends CommandOptions> {
  readonly options: O | undefined
  /** Made at the start of a call that may take more than one step; others need no clock. */
  readonly deadline: Deadline | undefined
}

/** Sends a command of a call of many, without a promise for it. */
type Send<C, O> = (
  command: C,
  options: O | undefined,
  resolve: () => void,
  reject: (error: unknown) => void,
) => void

/** Whether a call of so many commands takes more than one step. */
export function needsDeadline(commands: number): boolean {
  return commands > WINDOW
}

/** A key of a call of many. @throws MemcacheIllegalInputError that says which of how many it was */
export function encodeNth(encoder: KeyEncoder, key: Key, index: number, count: number): WireKey {
  try {
    return encoder.encode(key)
  } catch (error) {
    throw errorOfNth(error, index, count)
  }
}

/** The error of one key of a call of many, which says which of how many it was. */
export function errorOfNth(error: unknown, index: number, count: number): unknown {
  if (count < 2 || !(error instanceof MemcacheError)) return error
  const message = `${error.reason} (key ${index + 1} of ${count})`
  if (error instanceof MemcacheSerdeError) return new MemcacheSerdeError(message, error)
  if (!(error instanceof MemcacheIllegalInputError)) return error
  return new MemcacheIllegalInputError(message, error)
}

/** One command for each line of keys that a server takes; duplicates are asked twice. */
export function linesOfKeys<V>(
  keys: Iterable<Key>,
  encoder: KeyEncoder,
  { serde, withCas }: { readonly serde: Serde<V>; readonly withCas: boolean },
  found: KeyResults,
): GetManyCommand<V>[] {
  const list = keyList(keys)
  // Arrays of the right size at once: those that grow are copied several times.
  const wires = list.slice() as WireKey[]
  const items = list.slice() as ItemKey[]
  const lines: GetManyCommand<V>[] = []
  let start = 0
  let end = 0
  let length = 0
  const finishLine = (): void => {
    if (end === start) return
    const line = [wires.slice(start, end), items.slice(start, end)] as const
    lines.push(new GetManyCommand(...line, serde, withCas, found))
    start = end
    length = 0
  }
  // Without an iterator, which would make an array for each key.
  for (let index = 0; index < list.length; index++) {
    const key = list[index] as Key
    const wire = encodeNth(encoder, key, index, list.length)
    if (isBinaryKey(wire)) {
      // A line of text cannot carry it.
      found.doubtful.push([wire, itemKey(key)])
      continue
    }
    if (length + wire.length >= MAX_LINE) finishLine()
    wires[end] = wire
    items[end++] = itemKey(key)
    length += wire.length + 1
  }
  finishLine()
  return lines
}

/**
 * Sends the lines, then whatever `ask` makes of the keys that they leave in doubt, and waits for all.
 *
 * @throws MemcachePartialError, or the error if all keys have it
 */
export async function settleLines<V>(
  lines: readonly GetManyCommand<V>[],
  call: ManyCall<CommandOptions>,
  send: Send<GetManyCommand<V>, CommandOptions>,
  ask: (wire: WireKey, key: ItemKey) => Promise<void>,
  { results, failed, doubtful }: KeyResults,
): Promise<void> {
  let anyCame = false
  const fail = (line: GetManyCommand<V>, error: unknown): void => {
    for (const key of line.items) if (!results.has(key)) failed.set(key, error as Error)
  }
  await inWindows(lines, call, fail, (window, options) =>
    settleEach(window, (line, settle) => {
      const take = (): void => {
        anyCame ||= line.items.some((key) => !failed.has(key))
        settle()
      }
      send(line, options, take, (error) => {
        fail(line, error)
        settle()
      })
    }),
  )
  if (doubtful.length > 0) {
    await Promise.all(
      doubtful.map(([wire, key]) =>
        ask(wire, key).catch((error: unknown) => failed.set(key, error as Error)),
      ),
    )
  }
  // A key that was asked for twice may have failed once.
  for (const key of failed.keys()) if (results.has(key)) failed.delete(key)
  const first = firstError(failed)
  if (first !== undefined) throwPartial(first, failed, results, anyCame || results.size > 0)
}

/** What became of the commands of a call. */
export interface ManyOutcome {
  readonly failed: ReadonlyMap<ItemKey, Error>
  readonly anyCame: boolean
}

/** Sends the commands in batches and waits for all. */
export async function settleMany<T, O extends CommandOptions>(
  commands: readonly KeyCommand<Command<T>>[],
  call: ManyCall<O>,
  send: Send<BatchCommand<T>, O>,
  onResult: (key: ItemKey, result: T) => void,
): Promise<ManyOutcome> {
  const failed = new Map<ItemKey, Error>()
  let failures = 0
  const onFailure = (key: ItemKey, error: unknown): void => {
    failures++
    failed.set(key, error as Error)
  }
  const fail = ({ key }: KeyCommand<unknown>, error: unknown): void => onFailure(key, error)
  await inWindows(commands, call, fail, (window, options) => {
    const batches = batchesOf(window, { onResult, onFailure })
    return settleEach(batches, (batch, settle) =>
      send(batch, options, settle, (error) => {
        for (const one of batch.unanswered) fail(one, error)
        settle()
      }),
    )
  })
  return { failed, anyCame: failures < commands.length }
}

/** Resolves when all of them, at least one, have settled. */
function settleEach<C>(
  commands: readonly C[],
  send: (command: C, settle: () => void) => void,
): Promise<void> {
  return new Promise((resolve) => {
    let left = commands.length
    const settle = (): void => {
      if (--left === 0) resolve()
    }
    for (const command of commands) send(command, settle)
  })
}

/** @throws MemcachePartialError with the results, or the error if all keys have it */
export function checkOutcome({ failed, anyCame }: ManyOutcome, results: unknown): void {
  const first = firstError(failed)
  if (first !== undefined) throwPartial(first, failed, results, anyCame)
}

/** Sends window after window; what is left when the deadline passes or the signal aborts goes to `fail`. */
async function inWindows<C, O extends CommandOptions>(
  commands: readonly C[],
  { options, deadline }: ManyCall<O>,
  fail: (command: C, error: unknown) => void,
  send: (window: readonly C[], options: O | undefined) => Promise<unknown>,
): Promise<void> {
  for (let start = 0; start < commands.length; start += WINDOW) {
    let step = options
    try {
      step = deadline?.step(options) ?? options
    } catch (error) {
      for (const command of commands.slice(start)) fail(command, error)
      return
    }
    await send(commands.slice(start, start + WINDOW), step)
  }
}

/** The failure that the call rejects with; the reason of an abort before all others. */
function firstError(failed: ReadonlyMap<ItemKey, Error>): Error | undefined {
  let first: Error | undefined
  for (const error of failed.values()) {
    if (!(error instanceof MemcacheError)) return error
    first ??= error
  }
  return first
}

function throwPartial(
  first: Error,
  failed: ReadonlyMap<ItemKey, Error>,
  results: unknown,
  anyCame: boolean,
): never {
  // The reason of an abort, and what went wrong for every key alike, is rethrown unchanged.
  if (!anyCame || !(first instanceof MemcacheError)) throw first
  const { server, command } = first
  throw new MemcachePartialError(results, failed, { server, command })
}
