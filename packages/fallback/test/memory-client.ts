import { type ClientMethod, type CommandOptions, itemKey, type Key, type Serde } from '@mc/protocol'
import { MockMemcacheClient } from '@mc/testing'

type End = 'quit' | 'close'

const serde: Serde<unknown> = {
  serialize: (value) =>
    typeof value === 'string'
      ? { data: value, flags: 1 }
      : { data: JSON.stringify(value), flags: 0 },
  deserialize: (data, flags) => (flags === 1 ? String(data) : JSON.parse(String(data))),
}

/** A mock on a clock that stands still, whose calls and items are easy to compare. */
export class MemoryClient extends MockMemcacheClient<unknown> {
  readonly #now: number
  readonly #ends: End[] = []
  readonly #endFailures = new Map<End, Error>()

  /** @param firstCas - CAS tokens count from here, so that those of two caches differ */
  constructor(contents: Record<string, unknown> = {}, firstCas = 1) {
    const now = Date.now()
    super({ now: () => now, serde, routingKeys: true })
    this.#now = Math.floor(now / 1000)
    // A mock's server acts at once.
    for (let cas = 1; cas < firstCas; cas++) void this.set('burnt', cas)
    void this.delete('burnt')
    for (const [key, value] of Object.entries(contents)) void this.set(key, value)
    this.clearCalls()
  }

  /** Calls so far, as `command key`. */
  get log(): string[] {
    const calls = this.calls.map(({ method, args }) => `${method} ${keysOf(args[0])}`.trim())
    return [...calls, ...this.#ends]
  }

  /** The items by key; `expire` in seconds from now. */
  get items(): ReadonlyMap<string, { readonly value: unknown; readonly expire: number }> {
    const items = this.snapshot().map(({ key, value, flags, exptime }) => {
      const expire = exptime === 0 ? 0 : exptime - this.#now
      return [key, { value: serde.deserialize(value, flags, key), expire }] as const
    })
    return new Map(items)
  }

  value(key: string): unknown {
    return this.items.get(key)?.value
  }

  /** Options of the last call of a command. */
  optionsOf(method: ClientMethod): CommandOptions | undefined {
    const last = this.calls.findLast((call) => call.method === method)
    return last?.args.at(-1) as CommandOptions | undefined
  }

  /** Fails a command from now on, or all. */
  fail(error: Error, command?: ClientMethod | End): void {
    const isEnd = command === 'quit' || command === 'close'
    for (const end of ['quit', 'close'] as const) {
      if (command === undefined || command === end) this.#endFailures.set(end, error)
    }
    if (!isEnd) this.failNext(error, { method: command, times: Number.MAX_SAFE_INTEGER })
  }

  override quit(): Promise<void> {
    return this.#end('quit')
  }

  override close(): Promise<void> {
    return this.#end('close')
  }

  async #end(end: End): Promise<void> {
    this.#ends.push(end)
    const failure = this.#endFailures.get(end)
    if (failure !== undefined) throw failure
  }
}

function keysOf(subject: unknown): string {
  if (subject === undefined) return ''
  const isOne = typeof subject === 'string' || Buffer.isBuffer(subject)
  const keys = isOne ? [subject] : [...(subject as Iterable<Key>)]
  return keys.map(itemKey).join(' ')
}
