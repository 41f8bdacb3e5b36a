import { Command, type Dialect, errorOfReply, misplaced } from '../command.ts'
import { MemcacheSerdeError } from '../errors.ts'
import type { WireKey } from '../key.ts'
import type { ItemKey, ValueWithCas } from '../memcache-client.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'
import type { Serde } from '../serde.ts'

/**
 * `get`, and with `withCas` `gets`, and with an exptime `gat` and `gats`: one key's value.
 *
 * In the meta dialect the request carries an opaque and its reply must carry the same, in text the reply
 * must name the key: a reply to another request is an error, never a value.
 */
export class GetCommand<V, T, D> extends Command<T | D> {
  readonly #wire: WireKey
  readonly #key: ItemKey
  readonly #serde: Serde<V>
  readonly #withCas: boolean
  readonly #miss: D
  readonly #exptime: number | undefined
  #opaque = -1
  #hit = false

  constructor(
    wire: WireKey,
    key: ItemKey,
    serde: Serde<V>,
    withCas: boolean,
    miss: D,
    exptime?: number,
  ) {
    super()
    this.#wire = wire
    this.#key = key
    this.#serde = serde
    this.#withCas = withCas
    this.#miss = miss
    this.#exptime = exptime
  }

  override get name(): string {
    if (this.#exptime === undefined) return this.#withCas ? 'gets' : 'get'
    return this.#withCas ? 'gats' : 'gat'
  }

  override get isRead(): boolean {
    return true
  }

  override get size(): number {
    return this.#wire.length + 32
  }

  override write(out: RequestWriter, dialect: Dialect): void {
    if (dialect === 'text') {
      this.#opaque = -1
      out.ascii(this.name)
      if (this.#exptime !== undefined) out.ascii(` ${this.#exptime}`)
      out.ascii(' ').ascii(this.#wire).crlf()
      return
    }
    this.#opaque = out.nextOpaque()
    out
      .ascii('mg ')
      .ascii(this.#wire)
      .ascii(this.#withCas ? ' v f c O' : ' v f O')
    out.uint(this.#opaque)
    if (this.#exptime !== undefined) out.ascii(` T${this.#exptime}`)
    out.crlf()
  }

  override read(reply: ReplyParser): boolean {
    switch (reply.kind) {
      case ReplyKind.va:
        if (reply.opaque !== this.#opaque) throw misplaced(reply, this.name)
        // An empty item with a win or a loss flag is the placeholder of somebody's lease, not a value.
        if (reply.size === 0 && (reply.metaFlag('W') ?? reply.metaFlag('Z')) !== undefined) {
          this.resolve(this.#miss)
        } else this.#take(reply)
        return true
      case ReplyKind.en:
        // Before 1.6.18 a miss does not repeat the opaque.
        if (this.#opaque < 0 || (reply.opaque >= 0 && reply.opaque !== this.#opaque)) {
          throw misplaced(reply, this.name)
        }
        this.resolve(this.#miss)
        return true
      case ReplyKind.value:
        if (this.#opaque >= 0 || this.#hit || !reply.hasKey(this.#wire))
          throw misplaced(reply, this.name)
        this.#hit = true
        this.#take(reply)
        return false
      case ReplyKind.end:
        if (this.#opaque >= 0) throw misplaced(reply, this.name)
        if (!this.#hit) this.resolve(this.#miss)
        return true
      default:
        if (this.#hit) throw errorOfReply(reply, this.name)
        return this.refuse(reply)
    }
  }

  #take(reply: ReplyParser): void {
    if (this.abandoned) return
    const value = readValue<V>(reply, this.#serde, this.#key, this.name)
    if (value instanceof FailedValue) this.reject(value.error)
    else this.resolve((this.#withCas ? withCas(value, casOf(reply)) : value) as T | PromiseLike<T>)
  }
}

/**
 * `get` or `gets` of many keys in one line. The hits go into a map shared by all lines of a call,
 * under the keys as the caller gave them; values that cannot be read go into `failed`.
 */
export class GetManyCommand<V> extends Command<void> {
  readonly #wires: readonly WireKey[]
  readonly #keys: readonly ItemKey[]
  readonly #serde: Serde<V>
  readonly #withCas: boolean
  readonly #results: Map<ItemKey, unknown>
  readonly #failed: Map<ItemKey, Error>
  #next = 0
  #started = false
  #slow: SlowResult[] | undefined

  constructor(
    wires: readonly WireKey[],
    keys: readonly ItemKey[],
    serde: Serde<V>,
    withCas: boolean,
    results: Map<ItemKey, unknown>,
    failed: Map<ItemKey, Error>,
  ) {
    super()
    this.#wires = wires
    this.#keys = keys
    this.#serde = serde
    this.#withCas = withCas
    this.#results = results
    this.#failed = failed
  }

  /** The keys of this line, as the caller gave them. */
  get keys(): readonly ItemKey[] {
    return this.#keys
  }

  override get name(): string {
    return this.#withCas ? 'gets' : 'get'
  }

  override get isRead(): boolean {
    return true
  }

  override get size(): number {
    let size = 8
    for (const wire of this.#wires) size += wire.length + 1
    return size
  }

  override write(out: RequestWriter): void {
    // Text in both dialects: one line of many keys has the higher ceiling on every server.
    out.ascii(this.name)
    for (const wire of this.#wires) out.ascii(' ').ascii(wire)
    out.crlf()
  }

  override read(reply: ReplyParser): boolean {
    switch (reply.kind) {
      case ReplyKind.value:
        this.#started = true
        if (!this.abandoned) this.#take(reply)
        return false
      case ReplyKind.end:
        this.resolve(this.#slow === undefined ? undefined : this.#takeSlow(this.#slow))
        return true
      default:
        if (this.#started) throw errorOfReply(reply, this.name)
        return this.refuse(reply)
    }
  }

  #take(reply: ReplyParser): void {
    const index = this.#indexOf(reply)
    const key = this.#keys[index] as ItemKey
    const value = readValue<V>(reply, this.#serde, key, this.name)
    if (value instanceof FailedValue) {
      this.#failed.set(key, value.error)
      return
    }
    const result = this.#withCas ? withCas(value, casOf(reply)) : value
    if (!isPromise(result)) {
      this.#results.set(key, result)
      return
    }
    // Awaited when the reply is whole; if it never is, nobody is interested in how it ends.
    result.then(undefined, () => {})
    this.#slow ??= []
    this.#slow.push({ key, result })
  }

  async #takeSlow(slow: readonly SlowResult[]): Promise<void> {
    for (const { key, result } of slow) {
      try {
        this.#results.set(key, await result)
      } catch (error) {
        this.#failed.set(key, error as Error)
      }
    }
  }

  /** Servers answer in the order of the request; a proxy that joins several may not. */
  #indexOf(reply: ReplyParser): number {
    const wires = this.#wires
    for (let i = this.#next; i < wires.length; i++) {
      if (reply.hasKey(wires[i] as WireKey)) {
        this.#next = i + 1
        return i
      }
    }
    for (let i = 0; i < this.#next; i++) if (reply.hasKey(wires[i] as WireKey)) return i
    throw misplaced(reply, this.name)
  }
}

/** A value that its serde is still reading. */
interface SlowResult {
  readonly key: ItemKey
  readonly result: Promise<unknown>
}

/** A value that its serde could not read. */
class FailedValue {
  readonly error: Error

  constructor(error: Error) {
    this.error = error
  }
}

function readValue<V>(
  reply: ReplyParser,
  serde: Serde<V>,
  key: ItemKey,
  command: string,
): V | Promise<V> | FailedValue {
  try {
    const { flags } = reply
    const value = serde.deserialize(serde.copiesData ? reply.dataView : reply.data, flags, key)
    if (!isPromise(value)) return value
    return value.then(undefined, (error: unknown) => {
      throw serdeError(error, key, flags, reply.server, command)
    })
  } catch (error) {
    return new FailedValue(serdeError(error, key, reply.flags, reply.server, command))
  }
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

function withCas<V>(
  value: V | Promise<V>,
  cas: string,
): ValueWithCas<V> | Promise<ValueWithCas<V>> {
  return isPromise(value) ? value.then((settled) => ({ value: settled, cas })) : { value, cas }
}

function casOf(reply: ReplyParser): string {
  const cas = reply.kind === ReplyKind.va ? reply.metaFlag('c') : reply.word(4)
  if (cas === undefined) throw errorOfReply(reply, 'gets')
  return cas
}

/** True for a promise of any make. */
function isPromise<T>(value: T | PromiseLike<T>): value is Promise<T> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
