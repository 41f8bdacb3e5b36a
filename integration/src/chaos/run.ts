import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { Client, type ClientOptions, retrying } from '@mc/client'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import type { MemcacheClient } from '@mc/protocol'
import { FaultProxy } from '@mc/testing'
import { Load, TIMEOUT } from './load.ts'
import type { Schedule } from './schedule.ts'

/** What came of a schedule: nothing is to be in `violations`. */
export interface Outcome {
  readonly violations: readonly string[]
  /** Faults that happened. */
  readonly faults: number
  readonly answered: number
  readonly failed: number
}

/** The servers of a schedule, and what a client must be told to reach them over TLS. */
export interface ChaosServers {
  readonly names: readonly string[]
  readonly tls: ClientOptions
}

const CALLS = 300

const sockets = new Set<Socket>()
subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket }
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
})

function hasOpenSocket(ports: ReadonlySet<number>): boolean {
  return [...sockets].some(({ remotePort = 0 }) => ports.has(remotePort))
}

/** Runs a mixed load while the faults of the schedule happen, and looks whether all promises are kept. */
export async function runSchedule(schedule: Schedule, servers: ChaosServers): Promise<Outcome> {
  const { seed, faults } = schedule
  const proxies = await Promise.all(
    servers.names
      .slice(0, schedule.client === 'HashClient' ? 3 : 1)
      .map((name, i) => FaultProxy.start(name, { seed: seed + i })),
  )
  const names = proxies.map(({ name }) => name)
  const client = createClient(schedule, names, servers.tls)
  const load = new Load(client, schedule)
  await load.fill()
  const injected = proxies.flatMap((proxy) => faults.map((fault) => proxy.inject(fault)))
  const start = performance.now()
  await load.run(schedule.lanes, (calls) => calls >= CALLS || performance.now() - start > 5000)
  for (const proxy of proxies) proxy.clear()
  await load.expectRecovery()
  await client.close()
  const ports = new Set(proxies.map(({ port }) => port))
  await load.expect('all sockets to be closed', () => !hasOpenSocket(ports))
  await Promise.all(proxies.map((proxy) => proxy.stop()))
  const { violations } = load.history
  const count = injected.reduce((sum, fault) => sum + fault.count, 0)
  return { violations, faults: count, answered: load.answered, failed: load.failed }
}

/** A client of a kind, with short deadlines. */
export function createClient(
  { client, dialect, tls, failover }: Pick<Schedule, 'client' | 'dialect' | 'tls' | 'failover'>,
  names: readonly string[],
  tlsOptions: ClientOptions,
): MemcacheClient {
  const options: ClientOptions = {
    ...(tls && tlsOptions),
    dialect,
    timeout: TIMEOUT,
    connectTimeout: 200,
    reconnectDelay: { initial: 1, max: 5 },
  }
  const [name = ''] = names
  switch (client) {
    case 'Client':
      return new Client(name, options)
    case 'PooledClient':
      return new PooledClient(name, { ...options, maxPoolSize: 4, acquireTimeout: TIMEOUT })
    case 'HashClient':
      return new HashClient(names, { ...options, failover, retryTimeout: 1, deadTimeout: 5 })
    case 'retrying':
      return retrying(new Client(name, options), { attempts: 2, retryDelay: 2 })
  }
}
