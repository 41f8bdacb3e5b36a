import { setTimeout as wait } from 'node:timers/promises'
import { Client, type ClientOptions, retrying } from '@mc/client'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import type { MemcacheClient } from '@mc/protocol'
import { testCertificate } from '@mc/testing'
import { History } from '../chaos/history.ts'
import { Load } from '../chaos/load.ts'
import { createClient as createChaosClient } from '../chaos/run.ts'

export const CLIENT_NAMES = ['Client', 'retrying', 'PooledClient', 'HashClient'] as const

/** What a client is, and which servers it has: one, but for a HashClient. */
export interface ClientSpec {
  readonly client: (typeof CLIENT_NAMES)[number]
  readonly tls: boolean
  readonly servers: readonly string[]
}

/** What the only writer of a key saw. */
export interface WriterOutcome {
  readonly violations: readonly string[]
  /** Writes whose outcome the writer does not know. */
  readonly failed: number
  /** Reads of a value after the last write. */
  readonly reads: number
  /** The last read got the last write. */
  readonly isLast: boolean
}

/** What came of a load. */
export interface LoadOutcome {
  readonly violations: readonly string[]
  readonly answered: number
}

/** Milliseconds. */
const TIMEOUT = 300

/** In place of chance: makes values that fit into one packet. */
const SHORT = (): number => 0.05

const TLS: ClientOptions = { tls: { ca: testCertificate().cert, servername: 'localhost' } }

/** Calls that each load makes at once. */
const LANES = 16

const writers: Writer[] = []
const loads: { readonly client: MemcacheClient; readonly load: Load }[] = []

/** What the process in the clients' namespace does by command. Arguments and outcomes travel as JSON. */
export const experiments = {
  /** Makes writers, each with a key of its own and a connection that has worked. */
  async connect(specs: readonly ClientSpec[]): Promise<void> {
    for (const spec of specs)
      writers.push(new Writer(createClient(spec), `writer${writers.length}`))
    await Promise.all(writers.map((writer) => writer.writeUntilConfirmed()))
  },

  /** All writers write until two writes are confirmed, and go on reading for so long, in milliseconds. */
  async overwrite(watchFor: number): Promise<readonly WriterOutcome[]> {
    return Promise.all(writers.splice(0).map((writer) => writer.overwrite(watchFor)))
  },

  /** Makes a client with a load for each of these, whose keys have values. */
  async fill(specs: readonly ClientSpec[]): Promise<void> {
    for (const [seed, spec] of specs.entries()) {
      const settings = { ...spec, dialect: 'auto', failover: 'none', seed, gets: 0.5 } as const
      const client = createChaosClient(settings, spec.servers, TLS)
      loads.push({ client, load: new Load(client, settings) })
    }
    await Promise.all(loads.map(({ load }) => load.fill()))
  },

  /** Runs all loads for so long, in milliseconds. */
  async load(duration: number): Promise<readonly LoadOutcome[]> {
    const end = performance.now() + duration
    return Promise.all(
      loads.splice(0).map(async ({ client, load }) => {
        await load.run(LANES, () => performance.now() > end)
        await client.close()
        return { violations: load.history.violations, answered: load.answered }
      }),
    )
  },
}

class Writer {
  readonly #client: MemcacheClient
  readonly #key: string
  readonly #history = new History()
  #failed = 0
  #last = ''

  constructor(client: MemcacheClient, key: string) {
    this.#client = client
    this.#key = key
    this.#history.addSingleWriterKey(key)
  }

  async writeUntilConfirmed(): Promise<void> {
    for (;;) {
      const write = this.#history.beginWrite(this.#key, SHORT)
      const isStored = await this.#client.set(this.#key, write.value).catch(() => false)
      if (isStored) {
        write.confirm()
        this.#last = write.value
        return
      }
      this.#failed++
      await wait(10)
    }
  }

  async overwrite(watchFor: number): Promise<WriterOutcome> {
    const before = this.#failed
    await this.writeUntilConfirmed()
    await this.writeUntilConfirmed()
    let reads = 0
    let last: unknown
    const end = performance.now() + watchFor
    for (; performance.now() < end || reads === 0; await wait(5)) {
      const check = this.#history.beginRead()
      const value = await this.#client.get(this.#key).catch(() => undefined)
      check(this.#key, value)
      if (value === undefined) continue
      reads++
      last = value
    }
    await this.#client.close()
    const { violations } = this.#history
    return { violations, failed: this.#failed - before, reads, isLast: last === this.#last }
  }
}

function createClient({ client, tls, servers }: ClientSpec): MemcacheClient {
  const options: ClientOptions = {
    timeout: TIMEOUT,
    connectTimeout: TIMEOUT,
    reconnectDelay: { initial: 1, max: 20 },
    ...(tls && TLS),
  }
  const [server = ''] = servers
  switch (client) {
    case 'Client':
      return new Client(server, options)
    case 'retrying':
      return retrying(new Client(server, options), { attempts: 1000, retryDelay: 10 })
    case 'PooledClient':
      return new PooledClient(server, options)
    case 'HashClient':
      // With `rehash`, keys come back to servers that still have older values.
      return new HashClient(servers, {
        ...options,
        failover: 'none',
        retryTimeout: 1,
        deadTimeout: 5,
      })
  }
}
