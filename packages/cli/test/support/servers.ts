import { MemcachedServer, memcached, type TestServer } from '@mc/testing'
import { runs } from '../../../../test-support/amounts.ts'

/** The servers that every command is tried on, with room for a million items. */
export const SERVERS: readonly {
  readonly name: string
  readonly tags: string[]
  readonly start: () => Promise<TestServer>
  /** Items of a large fleet. */
  readonly many: number
}[] = [
  {
    name: 'the embedded server',
    tags: [],
    many: runs(300, 50_000),
    start: () => MemcachedServer.start({ memoryLimit: 1024 ** 3 }),
  },
  {
    name: 'memcached',
    tags: ['memcached'],
    many: runs(300, 1_000_000),
    start: () => memcached.start({ args: ['-m', '1024'] }),
  },
]

/** An address where nobody listens. */
export async function deadServer(): Promise<string> {
  const server = await MemcachedServer.start()
  const { name } = server
  await server.stop()
  return name
}
