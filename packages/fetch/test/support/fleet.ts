import { Client, type ClientOptions } from '@mc/client'
import type { Key } from '@mc/protocol'
import { MemcachedServer, memcached, type TestServer } from '@mc/testing'
import { onTestFinished } from 'vitest'
import { FetchClient, type FetchDefaults } from '../../src/index.ts'

/** A kind of server, and how it is spoken to. */
export interface ServerKind {
  readonly name: string
  readonly tags: readonly string[]
  /** Whether it answers times to live. */
  readonly isTimed: boolean
  readonly start: (clock: Clock) => Promise<TestServer>
  readonly options: ClientOptions
}

/** The clock of an embedded server. */
export class Clock {
  #now = Date.now()
  readonly now = (): number => this.#now

  pass(seconds: number): void {
    this.#now += seconds * 1000
  }
}

function embedded(name: string, version?: string, options: ClientOptions = {}): ServerKind {
  const start = ({ now }: Clock) => MemcachedServer.start({ now, version })
  return { name, tags: [], isTimed: options.dialect !== 'text', start, options }
}

export const EMBEDDED: readonly ServerKind[] = [
  embedded('embedded memcached'),
  embedded('embedded memcached 1.6.45', '1.6.45'),
  embedded('embedded memcached in text', undefined, { dialect: 'text' }),
]

export const SERVERS: readonly ServerKind[] = [
  ...EMBEDDED,
  {
    name: 'memcached',
    tags: ['memcached'],
    isTimed: true,
    start: () => memcached.start(),
    options: {},
  },
  {
    name: 'memcached in text',
    tags: ['memcached'],
    isTimed: false,
    start: () => memcached.start(),
    options: { dialect: 'text' },
  },
]

/** A server with the clients of as many processes; all end with the test. */
export async function fleet(
  kind: ServerKind,
  count: number,
  defaults: FetchDefaults<never> = {},
  clientOptions: ClientOptions = {},
) {
  const clock = new Clock()
  const server = await kind.start(clock)
  const clients = Array.from({ length: count }, () => {
    const client = new Client(server.name, {
      timeout: 10_000,
      connectTimeout: 10_000,
      ...kind.options,
      ...clientOptions,
    })
    return new FetchClient(client, { expire: 100, ...defaults })
  })
  onTestFinished(async () => {
    for (const { client } of clients) (client as Client).destroy()
    await server.stop()
  })
  return { server, clock, clients, client: clients[0] as FetchClient<unknown> }
}

/** A source of values with a loader that counts, and can be held back. */
export class Source {
  version = 1
  loads = 0
  #held: Promise<void> | undefined
  #release: () => void = () => {}

  /** From now on loads wait until what it answers is called. They read the source when they begin. */
  hold(): () => void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve
    })
    return () => {
      this.#held = undefined
      this.#release()
    }
  }

  readonly load = async (): Promise<string> => {
    this.loads++
    const value = `v${this.version}`
    await this.#held
    return value
  }
}

/** Resolves when the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 1))
}

let keys = 0

/** A key that no other test uses. */
export function newKey(): Key & string {
  return `key-${process.pid}-${keys++}`
}
