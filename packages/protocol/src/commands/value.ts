import { isPromise as isOwnPromise } from 'node:util/types'
import { errorOfReply } from '../command.ts'
import { isPromise } from '../foreign.ts'
import type { ItemKey, ValueWithCas } from '../memcache-client.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { Serde } from '../serde.ts'
import { unreadableValue } from '../serde-error.ts'
import { givenFlags } from './reserved-flags.ts'

/** A value that its serde could not read. */
export class FailedValue {
  readonly #error: Error

  constructor(error: Error) {
    this.#error = error
  }

  get error(): Error {
    return this.#error
  }

  /** Unlike `instanceof`, it runs no code of the value's, which may be a proxy. */
  static is(value: unknown): value is FailedValue {
    return typeof value === 'object' && value !== null && #error in value
  }
}

/**
 * The reply's value; what went wrong with it comes as `FailedValue`, or rejects. Nothing that a serde does
 * makes it throw: the connection goes on.
 *
 * @param call - what the values of one call have in common
 */
export function readValue<V>(
  reply: ReplyParser,
  serde: Serde<V>,
  key: ItemKey,
  command: string,
  call?: object,
): V | Promise<V> | FailedValue {
  const { server } = reply
  const flags = givenFlags(reply.flags)
  try {
    const value = deserialize(reply, flags, serde, key, call)
    if (!isPromise(value)) return value
    return Promise.resolve(value).then(undefined, (thrown: unknown) => {
      throw unreadableValue(thrown, { key, flags, server, command })
    })
  } catch (thrown) {
    return new FailedValue(unreadableValue(thrown, { key, flags, server, command }))
  }
}

function deserialize<V>(
  reply: ReplyParser,
  flags: number,
  serde: Serde<V>,
  key: ItemKey,
  call: object | undefined,
): V | Promise<V> {
  if (serde.keepsData === undefined || serde.keepsData(flags)) {
    return serde.deserialize(reply.data, flags, key, call)
  }
  if (serde.deserializeSlice === undefined) {
    return serde.deserialize(reply.dataView, flags, key, call)
  }
  const { dataBuffer, dataStart, isAscii } = reply
  const end = dataStart + reply.size
  return serde.deserializeSlice(dataBuffer, dataStart, end, flags, key, call, isAscii)
}

/** True for a promise that `readValue` made. Unlike `isPromise`, it runs no code of the value's. */
export function isPending<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && isOwnPromise(value)
}

export function withCas<V>(
  value: V | Promise<V>,
  cas: string,
): ValueWithCas<V> | Promise<ValueWithCas<V>> {
  return isPending(value) ? value.then((settled) => ({ value: settled, cas })) : { value, cas }
}

/** The CAS token of a reply that has to have one. */
export function casOf(reply: ReplyParser): string {
  const cas = reply.kind === ReplyKind.va ? reply.metaFlag('c') : reply.word(4)
  if (cas === undefined) throw errorOfReply(reply, 'gets')
  return cas
}
