import { errorOfReply } from '../command.ts'
import { MemcacheSerdeError } from '../errors.ts'
import { isPromise } from '../foreign.ts'
import type { ItemKey, ValueWithCas } from '../memcache-client.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { Serde } from '../serde.ts'

/** A value that its serde could not read. */
export class FailedValue {
  readonly error: Error

  constructor(error: Error) {
    this.error = error
  }
}

/** The reply's value; what went wrong with it comes as `FailedValue`, or rejects. */
export function readValue<V>(
  reply: ReplyParser,
  serde: Serde<V>,
  key: ItemKey,
  command: string,
): V | Promise<V> | FailedValue {
  const { flags } = reply
  try {
    const value = deserialize(reply, flags, serde, key)
    if (!isPromise(value)) return value
    return value.then(undefined, (error: unknown) => {
      throw serdeError(error, key, flags, reply.server, command)
    })
  } catch (error) {
    return new FailedValue(serdeError(error, key, flags, reply.server, command))
  }
}

function deserialize<V>(
  reply: ReplyParser,
  flags: number,
  serde: Serde<V>,
  key: ItemKey,
): V | Promise<V> {
  if (serde.keepsData === undefined || serde.keepsData(flags)) {
    return serde.deserialize(reply.data, flags, key)
  }
  if (serde.deserializeSlice === undefined) return serde.deserialize(reply.dataView, flags, key)
  const { dataBuffer, dataStart } = reply
  return serde.deserializeSlice(dataBuffer, dataStart, dataStart + reply.size, flags, key)
}

function serdeError(
  cause: unknown,
  key: ItemKey,
  flags: number,
  server: string | undefined,
  command: string,
): MemcacheSerdeError {
  if (cause instanceof MemcacheSerdeError && cause.server !== undefined) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new MemcacheSerdeError(`the value cannot be read: ${reason}`, {
    key,
    flags,
    server,
    command,
    cause,
  })
}

export function withCas<V>(
  value: V | Promise<V>,
  cas: string,
): ValueWithCas<V> | Promise<ValueWithCas<V>> {
  return isPromise(value) ? value.then((settled) => ({ value: settled, cas })) : { value, cas }
}

/** The CAS token of a reply that has to have one. */
export function casOf(reply: ReplyParser): string {
  const cas = reply.kind === ReplyKind.va ? reply.metaFlag('c') : reply.word(4)
  if (cas === undefined) throw errorOfReply(reply, 'gets')
  return cas
}
