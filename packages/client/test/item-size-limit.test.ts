import { MemcachedServer, memcached } from '@mc/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { Client, type ClientOptions, type MemcacheError } from '../src/index.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function clientOf(server: string, options: ClientOptions = {}): Client {
  const client = new Client(server, { timeout: 10_000, ...options })
  ends.push(() => client.destroy())
  return client
}

const LARGE = Buffer.alloc(3000)
const WHAT = 'object too large for cache: "k", 3000 bytes'

const kinds = [
  ['the embedded server', [], MemcachedServer],
  ['memcached', ['memcached'], memcached],
] as const
describe.each(kinds)('an item that is too large, on %s', (_, tags, { start }) => {
  test('is an error with its size and the limit of the server', { tags: [...tags] }, async () => {
    const server = await start()
    ends.push(() => server.stop())
    const client = clientOf(server.name)
    const large = Buffer.alloc(1_100_000)
    const message =
      'object too large for cache: "k", 1100000 bytes; the server\'s item_size_max is 1048576 bytes'
    const outcomes = await Promise.allSettled([
      client.set('k', large),
      client.add('k', large),
      client.metaSet('k', large),
      client.set('other', 'x'),
    ])
    for (const outcome of outcomes.slice(0, 3)) {
      const error = (outcome as PromiseRejectedResult).reason as MemcacheError
      expect(error).toMatchObject({ code: 'MEMCACHE_SERVER_ERROR', reason: message })
      expect(error.server).toBe(client.server)
    }
    expect(outcomes[3]).toMatchObject({ value: true })
  })
})

describe('the limit', () => {
  async function start(): Promise<MemcachedServer> {
    const server = await MemcachedServer.start({ itemSizeMax: 2048 })
    ends.push(() => server.stop())
    return server
  }

  test('is asked for after the first error, once for each connection, and never before', async () => {
    const server = await start()
    const client = clientOf(server.name)
    await client.set('k', 'x')
    expect(server.commandCount('stats')).toBe(0)
    const calls = [1, 2, 3].map(() => client.set('k', LARGE))
    for (const call of calls) await expect(call).rejects.toThrow('item_size_max is 2048')
    await expect(client.setMany({ k: LARGE })).rejects.toThrow('item_size_max is 2048')
    expect(server.commandCount('stats')).toBe(1)
    await client.quit()
    await expect(client.set('k', LARGE)).rejects.toThrow('item_size_max is 2048')
    expect(server.commandCount('stats')).toBe(2)
  })

  test('is left out, and not asked for again, where the server refuses to say it', async () => {
    const server = await start()
    const client = clientOf(server.name)
    server.inject({ kind: 'error', line: 'ERROR', command: 'stats' })
    for (let i = 0; i < 2; i++) {
      await expect(client.set('k', LARGE)).rejects.toMatchObject({ reason: WHAT })
    }
    expect(server.commandCount('stats')).toBe(1)
  })

  test('is left out when it does not come within the time of the call', async () => {
    const server = await start()
    const client = clientOf(server.name)
    server.inject({ kind: 'hang', command: 'stats', times: 1 })
    const call = client.set('k', LARGE, { timeout: 30 })
    await expect(call).rejects.toMatchObject({ reason: WHAT })
  })

  test('is left out for a call that has less time than the question', async () => {
    const server = await start()
    const client = clientOf(server.name)
    server.inject({ kind: 'hang', command: 'stats', times: 1 })
    const first = client.set('k', LARGE, { timeout: 200 })
    const second = client.set('k', LARGE, { timeout: 100 })
    await expect(second).rejects.toMatchObject({ reason: WHAT })
    await expect(first).rejects.toMatchObject({ reason: WHAT })
    expect(server.commandCount('stats')).toBe(1)
  })

  test('is not asked for in the text dialect, as some proxies close the connection over stats', async () => {
    const server = await start()
    const client = clientOf(server.name, { dialect: 'text' })
    await expect(client.set('k', LARGE)).rejects.toMatchObject({ reason: WHAT })
    expect(server.commandCount('stats')).toBe(0)
  })

  test('comes with noreply as well, in the event', async () => {
    const server = await start()
    const client = clientOf(server.name)
    const failed = new Promise<Error>((resolve) => client.on('error', resolve))
    await client.set('k', LARGE, { noreply: true })
    expect((await failed).message).toContain('item_size_max is 2048')
  })

  test('is not waited for when the client is closed meanwhile', async () => {
    const server = await start()
    const client = clientOf(server.name)
    server.inject({ kind: 'hang', command: 'stats', times: 1 })
    const call = client.set('k', LARGE)
    const refused = expect(call).rejects.toMatchObject({ reason: WHAT })
    await server.waitFor(1, 'stats')
    client.destroy()
    await refused
  })
})
