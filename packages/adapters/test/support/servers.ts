import { Client, type ClientOptions } from '@mc/client'
import { FaultProxy, MemcachedServer, memcached, type TestServer } from '@mc/testing'
import { onTestFinished, vi } from 'vitest'

/** A kind of server, and how it is spoken to. */
export interface ServerKind {
  readonly name: string
  readonly tags: readonly string[]
  readonly start: () => Promise<TestServer>
  readonly options: ClientOptions
  /**
   * How often a test of items of a second or two is repeated: memcached's own clock goes on while a busy machine stands
   * still. That of an embedded server is `Date`, which such tests stop.
   */
  readonly retry: number
}

export const EMBEDDED: ServerKind = {
  name: 'embedded memcached',
  tags: [],
  start: () => MemcachedServer.start(),
  options: {},
  retry: 0,
}

export const SERVERS: readonly ServerKind[] = [
  EMBEDDED,
  { ...EMBEDDED, name: 'embedded memcached in text', options: { dialect: 'text' } },
  {
    ...{ name: 'memcached', tags: ['memcached'], start: () => memcached.start() },
    ...{ options: {}, retry: 5 },
  },
]

/** A server, and clients of it; all end with the test. */
export async function serverWithClients<N extends number>(kind: ServerKind, count: N) {
  const server = await kind.start()
  const clients = Array.from({ length: count }, () => newClient(server.name, kind.options))
  onTestFinished(async () => {
    await server.stop()
  })
  return { server, clients, client: clients[0] as Client }
}

/** A client of a server that `down` makes unreachable, until what it answers is called; all end with the test. */
export async function serverBehindProxy(kind: ServerKind) {
  const { stop, ...server } = await startBehindProxy(kind)
  onTestFinished(stop)
  return server
}

/** As `serverBehindProxy`; all end when the caller stops them. */
export async function startBehindProxy(kind: ServerKind) {
  const server = await kind.start()
  const proxy = await FaultProxy.start(server.name)
  const client = connected(proxy.name, kind.options)
  const down = () => {
    // No request reaches the server, so none takes effect.
    const faults = [
      proxy.inject({ kind: 'refuse' }),
      proxy.inject({ kind: 'reset', direction: 'requests' }),
    ]
    return () => {
      for (const fault of faults) fault.remove()
    }
  }
  const stop = async () => {
    client.destroy()
    await proxy.stop()
    await server.stop()
  }
  return { client, down, stop }
}

/** Stops `Date` until the test ends, and with it the clock of an embedded server. */
export function stopDate(): void {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
}

/** A client that ends with the test. */
export function newClient(server: string, options: ClientOptions = {}): Client {
  const client = connected(server, options)
  onTestFinished(() => client.destroy())
  return client
}

/** A client that ends when its caller destroys it. */
export function connected(server: string, options: ClientOptions = {}): Client {
  return new Client(server, { timeout: 10_000, connectTimeout: 10_000, ...options })
}
