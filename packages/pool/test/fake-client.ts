import { EventEmitter } from 'node:events'
import type { MemcacheClient, ServerCommands } from '@mc/protocol'

export interface FakeCall {
  readonly command: string
  readonly args: readonly unknown[]
}

/**
 * A client whose every command answers what `answer` says, and that notes when it is used by two calls at
 * once or after its end.
 */
export class FakeClient extends EventEmitter {
  readonly calls: FakeCall[] = []
  readonly faults: string[] = []
  isClosed = false
  isDestroyed = false
  #isBusy = false
  readonly #answer: (call: FakeCall, client: FakeClient) => unknown

  constructor(answer: (call: FakeCall, client: FakeClient) => unknown = () => undefined) {
    super()
    this.#answer = answer
  }

  destroy(): void {
    this.isDestroyed = true
  }

  async close(): Promise<void> {
    if (this.isClosed) this.faults.push('closed twice')
    if (this.#isBusy) this.faults.push('closed during a call')
    this.isClosed = true
  }

  async run(command: string, args: readonly unknown[]): Promise<unknown> {
    if (this.isClosed) this.faults.push('called after it was closed')
    if (this.#isBusy) this.faults.push('called by two at once')
    this.#isBusy = true
    const call = { command, args }
    this.calls.push(call)
    try {
      return await this.#answer(call, this)
    } finally {
      this.#isBusy = false
    }
  }
}

export type Fake = FakeClient & MemcacheClient & ServerCommands

/** Every command of the interface, with arguments for it. */
export const COMMANDS: Readonly<Record<string, readonly unknown[]>> = {
  get: ['key'],
  gets: ['key'],
  gat: ['key', 5],
  gats: ['key', 5],
  getMany: [['key']],
  getsMany: [['key']],
  set: ['key', 'value'],
  setMany: [{ key: 'value' }],
  add: ['key', 'value'],
  replace: ['key', 'value'],
  append: ['key', 'value'],
  prepend: ['key', 'value'],
  cas: ['key', 'value', '1'],
  incr: ['key', 2],
  decr: ['key', 2n],
  touch: ['key', 5],
  delete: ['key'],
  deleteMany: [['key']],
  flushAll: [],
  stats: ['items'],
  version: [],
  verbosity: [1],
  cacheMemlimit: [64],
  shutdown: [],
  rawCommand: ['mn'],
}

for (const command of [...Object.keys(COMMANDS), 'connect']) {
  Object.defineProperty(FakeClient.prototype, command, {
    value(this: FakeClient, ...args: unknown[]) {
      return this.run(command, args)
    },
  })
}

export function fakeClient(answer?: (call: FakeCall, client: FakeClient) => unknown): Fake {
  return new FakeClient(answer) as unknown as Fake
}

/** Calls a command by its name. */
export function call(
  client: object,
  command: string,
  ...args: readonly unknown[]
): Promise<unknown> {
  return (client as Record<string, (...args: readonly unknown[]) => Promise<unknown>>)[command]!(
    ...args,
  )
}
