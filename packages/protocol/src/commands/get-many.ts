import { Command, errorOfReply, misplaced } from '../command.ts'
import type { WireKey } from '../key.ts'
import type { ItemKey } from '../memcache-client.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'
import type { Serde } from '../serde.ts'
import { isNoValue } from './item-fields.ts'
import { serdeTimeout, settleInTime } from './late-value.ts'
import { casOf, FailedValue, isPending, readValue, withCas } from './value.ts'

/** Where the lines of a call of many keys put what they find, under the keys as the caller gave them. */
export interface KeyResults {
  readonly results: Map<ItemKey, unknown>
  /** Why values cannot be read. */
  readonly failed: Map<ItemKey, Error>
  /** Those of which a line of text cannot tell whether they are empty values or placeholders. */
  readonly doubtful: (readonly [WireKey, ItemKey])[]
}

/** `get` or `gets` of many keys in one line. */
export class GetManyCommand<V> extends Command<void> {
  readonly #wires: readonly WireKey[]
  readonly #items: readonly ItemKey[]
  readonly #serde: Serde<V>
  readonly #withCas: boolean
  readonly #results: Map<ItemKey, unknown>
  readonly #failed: Map<ItemKey, Error>
  readonly #doubtful: (readonly [WireKey, ItemKey])[]
  #values = 0
  #hits = 0
  readonly #size: number
  #next = 0
  #started = false
  #slow: SlowResult[] | undefined

  constructor(
    wires: readonly WireKey[],
    items: readonly ItemKey[],
    serde: Serde<V>,
    withCas: boolean,
    { results, failed, doubtful }: KeyResults,
  ) {
    super()
    this.#wires = wires
    this.#items = items
    this.#serde = serde
    this.#withCas = withCas
    this.#results = results
    this.#failed = failed
    this.#doubtful = doubtful
    this.#size = wires.reduce((size, wire) => size + wire.length + 1, 8)
  }

  /** The keys of this line, as the caller gave them. */
  get items(): readonly ItemKey[] {
    return this.#items
  }

  override get hits(): number {
    return this.#hits
  }

  override get keys(): number {
    return this.#items.length
  }

  override get name(): string {
    return this.#withCas ? 'gets' : 'get'
  }

  override get isRead(): boolean {
    return true
  }

  override get size(): number {
    return this.#size
  }

  override write(out: RequestWriter): void {
    // Text in both dialects: one line of many keys has the higher ceiling on every server.
    out.ascii(this.name)
    out.keys(this.#wires, this.#size).crlf()
  }

  override read(reply: ReplyParser): boolean {
    switch (reply.kind) {
      case ReplyKind.value:
        this.#started = true
        this.#countValue(reply)
        if (!this.isSettled) this.#take(reply, this.#indexOf(reply))
        this.#readInOrder(reply)
        return false
      case ReplyKind.end:
        if (this.#slow === undefined) this.resolve()
        else this.#awaitSlow(this.#slow, reply.server)
        return true
      default:
        if (this.#started) throw errorOfReply(reply, this.name)
        return this.refuse(reply)
    }
  }

  /** Reads the values that have come and are in the order of the request, as servers send them. */
  #readInOrder(reply: ReplyParser): void {
    const wires = this.#wires
    const count = wires.length
    while (this.#next < count && reply.nextValueOf(wires[this.#next] as WireKey)) {
      this.#countValue(reply)
      if (!this.isSettled) this.#take(reply, this.#next)
      this.#next++
    }
  }

  #countValue(reply: ReplyParser): void {
    if (this.#values === this.#wires.length) throw misplaced(reply, this.name)
    this.#values++
  }

  #take(reply: ReplyParser, index: number): void {
    const key = this.#items[index] as ItemKey
    if (isNoValue(reply)) {
      if (reply.flags === 0) this.#doubtful.push([this.#wires[index] as WireKey, key])
      return
    }
    this.#hits++
    const value = readValue<V>(reply, this.#serde, key, this.name, this.#results)
    if (FailedValue.is(value)) {
      this.#failed.set(key, value.error)
      return
    }
    const result = this.#withCas ? withCas(value, casOf(reply)) : value
    if (!isPending(result)) {
      this.#results.set(key, result)
      return
    }
    // Awaited when the reply is whole; if it never is, its outcome is dropped.
    result.then(undefined, () => {})
    this.#slow ??= []
    this.#slow.push({ key, result })
  }

  /** Resolves when all of them have settled, or the deadline has failed the others. */
  #awaitSlow(slow: readonly SlowResult[], server: string | undefined): void {
    const pending = new Set(slow)
    settleInTime(this, () => {
      for (const { key } of pending) {
        this.#failed.set(key, serdeTimeout('read', { key, server, command: this.name }))
      }
      pending.clear()
      this.resolve()
    })
    // What comes behind the deadline or an abort must not change maps that the caller has.
    const take = <T>(one: SlowResult, map: Map<ItemKey, T>, outcome: T): void => {
      if (this.isSettled || !pending.delete(one)) return
      map.set(one.key, outcome)
      if (pending.size === 0) this.resolve()
    }
    for (const one of slow) {
      one.result.then(
        (value) => take<unknown>(one, this.#results, value),
        (error: Error) => take(one, this.#failed, error),
      )
    }
  }

  /** A proxy that joins the replies of several servers may change the order. */
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
