import { Client } from '@mc/client'
import { memcached } from '@mc/testing'
import { startRedis } from '../redis-server.ts'
import type { Contender } from './contenders/contender.ts'

/** A server for one run of one contender. */
export interface StoreServer {
  readonly name: string
  readonly pid: number
  stop(): unknown
}

/** Starts an empty one; `undefined` where the program is not installed. */
export async function startStore(store: Contender['store']): Promise<StoreServer | undefined> {
  if (store === 'redis-server') return startRedis()
  if (memcached.find() === undefined) return undefined
  const server = await memcached.start()
  await using client = new Client(server.name)
  const { pid } = await client.stats()
  return { name: server.name, pid: Number(pid), stop: () => server.stop() }
}
