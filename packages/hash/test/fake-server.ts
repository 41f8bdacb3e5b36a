import {
  type Entries,
  type ItemKey,
  itemKey,
  type Key,
  MemcacheConnectError,
  type Stats,
  type StatsOf,
} from '@mc/protocol'
import { type MockCall, MockMemcacheClient } from '@mc/testing'
import type { ServerClient } from '../src/index.ts'

/** A mock as the server of a cluster: a test makes all of its calls fail or wait. */
export class FakeServer extends MockMemcacheClient<unknown> implements ServerClient<unknown> {
  /** Names of the calls so far, `connect` and `quit` included. */
  readonly log: string[] = []
  /** Keys of each many-key call. */
  readonly batches: Key[][] = []
  /** Rejected by every call while set. */
  fault: Error | undefined
  /** Awaited by every call. */
  gate: Promise<unknown> = Promise.resolve()
  isClosed = false
  mostInFlight = 0
  #inFlight = 0

  constructor() {
    super({ serde, allowUnicodeKeys: true, routingKeys: true })
    this.before = (call) => this.#enter(call.method, batchOf(call))
  }

  /** The values by key. */
  get items(): ReadonlyMap<string, unknown> {
    return new Map(this.snapshot().map(({ key, value }) => [key, JSON.parse(String(value))]))
  }

  refuse(): void {
    this.fault = new MemcacheConnectError('connection refused')
  }

  /** Values `not stored` are not stored. */
  override async setMany(entries: Entries<unknown>): Promise<ItemKey[]> {
    await super.setMany(entries)
    const pairs = [...(entries as Iterable<readonly [Key, unknown]>)]
    return pairs.filter(([, value]) => value === 'not stored').map(([key]) => itemKey(key))
  }

  /** Two of the statistics, the second of which says what was asked for. */
  override async stats<const A extends readonly string[]>(...args: A): Promise<StatsOf<A>> {
    const { curr_items } = await super.stats()
    return { curr_items, args: args.join() } as Stats as StatsOf<A>
  }

  override connect(): Promise<void> {
    return this.#enter('connect')
  }

  override quit(): Promise<void> {
    return this.#enter('quit')
  }

  override async close(): Promise<void> {
    this.isClosed = true
  }

  async #enter(name: string, batch?: Key[]): Promise<void> {
    this.log.push(name)
    if (batch !== undefined) this.batches.push(batch)
    this.mostInFlight = Math.max(this.mostInFlight, ++this.#inFlight)
    const { fault } = this
    await this.gate
    this.#inFlight--
    if (fault !== undefined) throw fault
    if (this.isClosed) throw new Error('a call was made on a closed client')
  }
}

const serde = {
  serialize: (value: unknown) => ({ data: JSON.stringify(value), flags: 0 }),
  deserialize: (data: Buffer) => JSON.parse(String(data)) as unknown,
}

function batchOf({ method, args: [items] }: MockCall): Key[] | undefined {
  if (!method.endsWith('Many')) return undefined
  if (method !== 'setMany') return [...(items as Iterable<Key>)]
  return [...(items as Iterable<readonly [Key, unknown]>)].map(([key]) => key)
}
