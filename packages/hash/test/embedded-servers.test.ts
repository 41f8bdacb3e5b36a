import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, type ClientOptions } from '@mc/client'
import { type ItemKey, MemcacheError } from '@mc/protocol'
import { clientContract, MemcachedServer, MockMemcacheClient } from '@mc/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isTurn } from '../../../test-support/amounts.ts'
import { HashClient, type HashClientOptions, KetamaHash } from '../src/index.ts'

const keys = Array.from({ length: 300 }, (_, i) => `key${i}`)
const entries = new Map(keys.map((key) => [key, `value of ${key}`]))

let servers: MemcachedServer[]
let clients: HashClient[]

beforeEach(async () => {
  servers = await Promise.all([1, 2, 3].map(() => MemcachedServer.start()))
  clients = []
})

afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()))
  await Promise.all(servers.map((server) => server.stop()))
})

function connect(options: HashClientOptions = {}): HashClient {
  const client = new HashClient(
    servers.map(({ name }) => name),
    options,
  )
  clients.push(client)
  return client
}

describe('three servers', () => {
  it('have streams of their items and events, each under its name', async () => {
    const client = connect()
    await client.setMany(entries)
    const found = new Set<unknown>()
    for (const [name, items] of client.metadump()) {
      const own = servers.find((server) => server.name === name)?.snapshot()
      const keysOfServer = new Set<unknown>()
      for await (const { key } of items) keysOfServer.add(key)
      expect(keysOfServer).toEqual(new Set(own?.map(({ key }) => key)))
      for (const key of keysOfServer) found.add(key)
    }
    expect(found).toEqual(new Set(keys))
    const watches = client.watch('fetchers')
    expect([...watches.keys()]).toEqual(servers.map(({ name }) => name))
    const next = watches.get(servers[0]?.name ?? '')?.next()
    await client.close()
    await expect(next).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
  })

  it('have no streams where their clients have none', () => {
    const client = connect({ createClient: () => new MockMemcacheClient() })
    expect(() => client.metadump()).toThrow('the client of this server has no streams')
  })

  it.each<{ name: string; options: HashClientOptions }>([
    { name: 'by rendezvous', options: {} },
    { name: 'by ketama', options: { hasher: new KetamaHash() } },
    { name: 'in the text dialect', options: { dialect: 'text' } },
    { name: 'with a prefix', options: { keyPrefix: 'app:' } },
    { name: 'in small batches', options: { keysPerBatch: 7 } },
  ])('share keys $name', async ({ options }) => {
    const client = connect(options)
    await client.connect()
    expect(await client.setMany(entries)).toEqual([])
    for (const server of servers) expect((await keysOf(server, options)).size).toBeGreaterThan(50)
    expect(await client.getMany(keys)).toEqual(entries)
    expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual([...entries.values()])
    await client.deleteMany(keys.slice(1))
    expect(await client.getMany(keys)).toEqual(new Map([...entries].slice(0, 1)))
  })

  it('each hold what a client of their own finds there', async () => {
    const client = connect()
    await client.setMany(entries)
    let found = 0
    for (const server of servers) {
      const part = await keysOf(server)
      for (const [key, value] of part) expect(value).toBe(entries.get(String(key)))
      found += part.size
    }
    expect(found).toBe(keys.length)
  })

  it('answer 10,000 keys in one call', async () => {
    const client = connect({ timeout: 20_000 })
    const many = new Map(Array.from({ length: 10_000 }, (_, i) => [`item${i}`, i]))
    expect(await client.setMany(many)).toEqual([])
    expect(await client.getMany(many.keys())).toEqual(many)
    expect(await client.deleteMany(many.keys())).toBe(true)
  })

  it('come and go under load without an error or a wrong value', async () => {
    const client = connect()
    const [, , third] = servers
    let isDone = false
    const load = async (lane: number): Promise<number> => {
      let count = 0
      for (let i = lane; !isDone; i += 16) {
        const key = keys[i % keys.length]!
        await client.set(key, entries.get(key) ?? '')
        const value = await client.get(key)
        // A key that moves between the two calls is a miss, never another's value.
        if (value !== undefined) expect(value).toBe(entries.get(key))
        count++
      }
      return count
    }
    const lanes = Array.from({ length: 16 }, (_, lane) => load(lane))
    for (let round = 0; round < 10; round++) {
      await client.removeServer(third!.name)
      await client.getMany(keys)
      client.addServer(third!.name)
      await client.setMany(entries)
    }
    isDone = true
    for (const count of await Promise.all(lanes)) expect(count).toBeGreaterThan(0)
  })
})

describe('servers of other kinds', () => {
  it('on Unix sockets are named by their path and mix with others', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mc-hash-'))
    const path = join(directory, 'memcached.sock')
    servers.push(await MemcachedServer.start({ path }))
    const client = connect()
    expect(client.servers.map(({ name }) => name)).toContain(path)
    await client.setMany(entries)
    expect((await keysOf(servers[3]!)).size).toBeGreaterThan(30)
    expect(await client.getMany(keys)).toEqual(entries)
    await servers[3]!.stop()
    await rm(directory, { recursive: true })
  })

  it('with clients made by the user are used through them', async () => {
    const made: Client[] = []
    const client = connect({
      createClient: (server) => {
        const own = new Client(server, { keyPrefix: 'own:' })
        made.push(own)
        return own
      },
    })
    await client.setMany(entries)
    expect(made).toHaveLength(3)
    for (const server of servers) {
      expect((await keysOf(server, { keyPrefix: 'own:' })).size).toBeGreaterThan(50)
    }
  })
})

it('tells by an event what a write with noreply went wrong with', async () => {
  const client = connect()
  const told = new Promise((resolve) => client.once('error', (...args) => resolve(args)))
  await client.set('key', Buffer.alloc(2 * 1024 ** 2), { noreply: true })
  const [error, server] = (await told) as [Error, string]
  expect(error).toMatchObject({ code: 'MEMCACHE_SERVER_ERROR', server })
  expect(client.servers.map(({ name }) => name)).toContain(server)
})

describe('a client of many servers', { tags: ['long'] }, () => {
  const describeHere = (name: string, body: () => void): void => {
    describe(name, body)
  }
  const runner = { describe: describeHere, test: it }
  const create = (count: number) => () =>
    new HashClient(
      servers.slice(0, count).map(({ name }) => name),
      { timeout: 10_000, connectTimeout: 10_000 },
    )
  if (isTurn(0, 2)) clientContract({ name: 'with 1 server', create: create(1) }, runner)
  if (isTurn(1, 2)) {
    clientContract(
      {
        name: 'with 3 servers',
        create: create(3),
        exceptions: {
          'one illegal key or value fails a many-key call before anything is sent':
            'values are checked by the client of each server, when others may have sent theirs',
        },
      },
      runner,
    )
  }
})

describe('a server that stops', () => {
  it('fails what is in flight, dies, and its keys move while the others serve on', async () => {
    const client = connect({ retryTimeout: 0, retryAttempts: 1 })
    await client.setMany(entries)
    const lost = servers[1]!
    const own = await keysOf(lost)
    const dead = new Promise((resolve) => client.once('dead', resolve))
    await lost.stop()
    for (const key of keys.filter((key) => !own.has(key))) {
      expect(await client.get(key)).toBe(entries.get(key))
    }
    const [key] = own.keys()
    for (let failures = 0; failures < 2; failures++) {
      await expect(client.get(key!)).rejects.toThrow(MemcacheError)
    }
    expect(await dead).toBe(lost.name)
    expect(await client.setMany(entries)).toEqual([])
    expect(await client.getMany(keys)).toEqual(entries)
  })

  it('is noticed with ignoreExc too', async () => {
    const client = connect({ retryAttempts: 0, ignoreExc: true })
    await client.setMany(entries)
    const lost = servers[1]!
    const [key] = (await keysOf(lost)).keys()
    await lost.stop()
    expect(await client.get(key!, { default: 'none' })).toBe('none')
    expect(client.servers[1]?.state).toBe('dead')
    expect(await client.set(key!, 'moved')).toBe(true)
  })

  it('comes back when it listens again', async () => {
    let now = 0
    const client = connect({
      retryAttempts: 0,
      now: () => now,
      reconnectDelay: { initial: 1, max: 1 },
    })
    await client.setMany(entries)
    const lost = servers[1]!
    const [key] = (await keysOf(lost)).keys()
    await lost.stop()
    await expect(client.get(key!)).rejects.toThrow(MemcacheError)
    expect(client.servers[1]?.state).toBe('dead')
    servers[1] = await MemcachedServer.start({ port: lost.port })
    const alive = new Promise((resolve) => client.once('alive', resolve))
    // The client of the server may still be waiting to connect again.
    while (client.servers[1]?.state === 'dead') {
      now += 66_001
      await client.get(key!)
    }
    expect(await alive).toBe(lost.name)
    expect(client.servers[1]?.state).toBe('healthy')
    expect(await client.set(key!, 'back')).toBe(true)
    expect((await keysOf(servers[1])).size).toBe(1)
  })
})

/** What this server holds. */
async function keysOf(
  { name }: MemcachedServer,
  { dialect, keyPrefix }: ClientOptions = {},
): Promise<Map<ItemKey, unknown>> {
  const client = new Client(name, { dialect, keyPrefix })
  const found = await client.getMany(keys)
  await client.close()
  return found
}
