import { once } from 'node:events'
import { createServer, Socket } from 'node:net'
import { type MemcacheError, MemcacheOverloadError } from '@mc/protocol'
import { MemcachedServer } from '@mc/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Client } from '../src/index.ts'
import { echo, hit, type Link, miss, startedClients } from './scripted-server.ts'

const { start, cleanUp } = startedClients()
afterEach(cleanUp)

/** A loopback port that nothing listens on. */
async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

function events(client: Client): string[] {
  const seen: string[] = []
  for (const name of ['connect', 'reconnect', 'disconnect', 'error'] as const) {
    client.on(name, () => seen.push(name))
  }
  return seen
}

describe('connecting', () => {
  test('happens at the first command, once for all of one turn', async () => {
    const { client, server } = await start({}, echo)
    expect(server.links).toHaveLength(0)
    expect(client.isConnected).toBe(false)
    const values = await Promise.all(Array.from({ length: 100 }, (_, i) => client.get(`k${i}`)))
    expect(values).toEqual(Array.from({ length: 100 }, (_, i) => `value of k${i}`))
    expect(server.links).toHaveLength(1)
    expect(client.isConnected).toBe(true)
  })

  test('happens by connect(), which several callers may await', async () => {
    const { client, server } = await start({}, echo)
    const seen = events(client)
    await Promise.all([client.connect(), client.connect(), client.connect()])
    await client.connect()
    expect(server.links).toHaveLength(1)
    await expect.poll(() => seen).toEqual(['connect'])
  })

  test('commands of one turn leave in one write', async () => {
    let chunks = 0
    const { client } = await start({}, async (link) => {
      await link.greet()
      link.socket.on('data', () => chunks++)
      for (let i = 0; i < 50; i++) link.write(miss(await link.line()))
    })
    await client.connect()
    await Promise.all(Array.from({ length: 50 }, async (_, i) => client.get(`k${i}`)))
    expect(chunks).toBe(1)
  })

  test('a read of many keys leaves at once where the server has nothing else to do', async () => {
    const { client } = await start({}, async (link) => {
      await link.greet()
      for (let i = 0; i < 6; i++) {
        await link.line()
        link.write('END\r\n')
      }
    })
    await client.connect()
    const write = vi.spyOn(Socket.prototype, 'write')
    const keys = (count: number) => Array.from({ length: count }, (_, i) => `k${i}`)
    const requests = () => write.mock.calls.filter(([data]) => String(data).startsWith('get '))
    const writesOf = async (...counts: number[]): Promise<number[]> => {
      write.mockClear()
      const calls = counts.map((count) => client.getMany(keys(count)))
      const atOnce = requests().length
      await Promise.all(calls)
      return [atOnce, requests().length]
    }
    expect(await writesOf(100, 100, 100)).toEqual([1, 2])
    expect(await writesOf(31, 100, 31)).toEqual([0, 1])
    write.mockRestore()
  })

  test('to a refused port rejects everything that waits, and spares the server in between', async () => {
    const client = new Client(['127.0.0.1', await unusedPort()], {
      reconnectDelay: { initial: 60_000, max: 60_000 },
    })
    const refused = { code: 'MEMCACHE_CONNECT', written: false, server: client.server }
    const calls = [client.get('a'), client.set('b', 1), client.getMany(['c', 'd'])]
    for (const call of calls) await expect(call).rejects.toMatchObject(refused)
    const waiting = client.get('e')
    await expect(waiting).rejects.toMatchObject(refused)
    await expect(waiting).rejects.toThrow(/waiting to connect again after: connect ECONNREFUSED/)
    await new Promise((resolve) => setImmediate(resolve))
    const many = Array.from({ length: 100 }, () => client.get('f').catch((error: Error) => error))
    const errors = (await Promise.all(many)) as Error[]
    expect(new Set(errors).size).toBe(100)
    for (const error of errors) expect(error).toMatchObject(refused)
    // A stack takes seven times as long as the rest of an error.
    expect(errors.filter(({ stack }) => stack?.includes('\n    at '))).toHaveLength(16)
    await expect(client.connect()).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
    await client.close()
  })

  test('to a server that accepts and says nothing ends after connectTimeout', async () => {
    const { client } = await start({ connectTimeout: 30, timeout: 5000 }, () => {})
    await expect(client.get('a')).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
    await expect(client.get('a')).rejects.toThrow('no connection within 30 ms')
  })

  test('a command’s own deadline counts while it waits for the connection', async () => {
    const { client } = await start({ connectTimeout: 5000 }, () => {})
    await expect(client.get('a', { timeout: 20 })).rejects.toMatchObject({
      code: 'MEMCACHE_TIMEOUT',
      written: false,
    })
  })

  test('reaches an IPv6 address, bare or in brackets', async () => {
    const server = await MemcachedServer.start({ host: '::1' })
    for (const spec of [`[::1]:${server.port}`, ['::1', server.port] as const, server.name]) {
      const client = new Client(spec)
      expect(await client.set('a', 6)).toBe(true)
      expect(client.server).toBe(`::1:${server.port}`)
      await client.close()
    }
    await server.stop()
  })

  test('tries every address that a name has', async () => {
    const server = createServer((socket) => socket.on('data', () => socket.end()))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    // localhost may be ::1 first, where nothing listens.
    const client = new Client(['localhost', port], { dialect: 'text' })
    await client.connect()
    expect(client.isConnected).toBe(true)
    client.destroy()
    server.close()
  })

  test('says so when a name cannot be looked up', async () => {
    const client = new Client('no-such-host.invalid', { connectTimeout: 10_000, timeout: 10_000 })
    await expect(client.get('a')).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
    await client.close()
  })

  test('a greeting of "too many connections" is a failed connection', async () => {
    const { client } = await start({}, (link) => {
      link.write('ERROR Too many open connections\r\n')
      link.end()
    })
    await expect(client.get('a')).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
    await expect(client.get('a')).rejects.toThrow('Too many open connections')
  })
})

describe('the dialect', () => {
  test('is text where the server does not know meta commands', async () => {
    const { client, server } = await start({}, async (link) => {
      await link.line()
      link.write('VERSION 1.4.0\r\n')
      await link.line()
      link.write('ERROR\r\n')
      await link.line()
      link.write('END\r\n')
      expect(await link.line()).toBe('get a')
      link.write('VALUE a 16 1\r\nx\r\nEND\r\n')
    })
    expect(await client.get('a')).toBe('x')
    expect(server.links).toHaveLength(1)
  })

  test('is text before 1.6.10, when meta commands had another form', async () => {
    const { client } = await start({}, async (link) => {
      await link.line()
      link.write('VERSION 1.6.9\r\n')
      await link.line()
      link.write('MN\r\n')
      await link.line()
      link.write('END\r\n')
      expect(await link.line()).toBe('get a')
      link.write('END\r\n')
    })
    expect(await client.get('a')).toBeUndefined()
  })

  test('is text on a new connection where a proxy closes over the question', async () => {
    const text = async (link: Link) => {
      for (let line = await link.line(); line !== undefined; line = await link.line()) {
        if (line.startsWith('get')) link.write('END\r\n')
        else return link.end()
      }
    }
    const { client, server } = await start({}, text)
    expect(await client.get('a')).toBeUndefined()
    expect(server.links).toHaveLength(2)
  })

  test('is not waited for where the server wants a login, whose refusal may be its only reply', async () => {
    const { client } = await start({ connectTimeout: 60_000, timeout: 60_000 }, async (link) => {
      await link.line()
      await link.line()
      link.write('CLIENT_ERROR unauthenticated\r\n')
    })
    await expect(client.get('a')).rejects.toMatchObject({
      code: 'MEMCACHE_CONNECT',
      reason: 'unauthenticated: set the options username and password',
      written: false,
    })
  })

  test('given is not asked for', async () => {
    const { client, server } = await start({ dialect: 'meta' }, async (link) => {
      link.write(miss(await link.line()))
    })
    expect(await client.get('a')).toBeUndefined()
    expect(server.links[0]?.received).toMatch(/^mg a v f O\S+\r\n$/)
  })
})

describe('a connection that ends', () => {
  test('while idle is noticed, and the next command opens another', async () => {
    const { client, server } = await start(
      {},
      async (link) => {
        await link.greet()
        link.write(hit(await link.line(), 'one'))
        link.end()
      },
      echo,
    )
    const seen = events(client)
    expect(await client.get('a')).toBe('one')
    await expect.poll(() => client.isConnected).toBe(false)
    expect(await client.get('b')).toBe('value of b')
    expect(server.links).toHaveLength(2)
    await expect.poll(() => seen).toEqual(['connect', 'disconnect', 'reconnect'])
  })

  for (const how of ['end', 'reset'] as const) {
    test(`by ${how} without a byte of reply has its reads sent once more, its writes not`, async () => {
      const { client, server } = await start(
        {},
        async (link) => {
          await link.greet()
          link.write(hit(await link.line(), 'one'))
          await link.line()
          link[how]()
        },
        echo,
      )
      expect(await client.get('a')).toBe('one')
      const read = client.get('b')
      const write = client.set('c', 'v')
      const many = client.getMany(['d'])
      many.catch(() => {})
      await expect(write).rejects.toMatchObject({
        code: 'MEMCACHE_UNEXPECTED_CLOSE',
        command: 'set',
        written: true,
      })
      expect(await read).toBe('value of b')
      expect(server.links).toHaveLength(2)
      expect(server.lines.filter((line) => line.startsWith('ms'))).toHaveLength(1)
    })
  }

  test('again over the same read ends in an error', async () => {
    const once = async (link: Link) => {
      await link.greet()
      link.write(hit(await link.line(), 'one'))
      await link.line()
      link.end()
    }
    const { client, server } = await start({}, once, async (link) => {
      await link.greet()
      await link.line()
      link.end()
    })
    await client.get('a')
    await expect(client.get('b')).rejects.toMatchObject({ code: 'MEMCACHE_UNEXPECTED_CLOSE' })
    expect(server.links).toHaveLength(2)
  })

  test('in the middle of a reply is not sent again', async () => {
    const { client, server } = await start({}, async (link) => {
      await link.greet()
      link.write(hit(await link.line(), 'one'))
      link.write(hit(await link.line(), 'a longer value').slice(0, -5))
      link.end()
    })
    await client.get('a')
    await expect(client.get('b')).rejects.toMatchObject({ code: 'MEMCACHE_UNEXPECTED_CLOSE' })
    expect(server.links).toHaveLength(1)
  })

  test('at once after each start is attempted ever less often', async () => {
    const { client, server } = await start(
      { dialect: 'text', reconnectDelay: { initial: 60_000, max: 60_000 } },
      (link) => link.end(),
    )
    await expect(client.get('a')).rejects.toThrow()
    for (let i = 0; i < 50; i++) {
      await expect(client.get('a')).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
    }
    expect(server.links).toHaveLength(1)
  })
})

describe('limits', () => {
  test('more than maxInFlight commands are refused at once', async () => {
    const { client } = await start({ maxInFlight: 10, timeout: 50 }, (link) => link.greet())
    const calls = Array.from({ length: 12 }, (_, i) => client.get(`k${i}`))
    const outcomes = await Promise.allSettled(calls)
    const codes = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)
    expect(codes.slice(0, 10)).toEqual(Array(10).fill('MEMCACHE_TIMEOUT'))
    expect(codes.slice(10)).toEqual(Array(2).fill('MEMCACHE_OVERLOAD'))
  })

  test('of thousands refused in one turn only the first have a stack, and each is its own error', async () => {
    const { client } = await start({ maxInFlight: 10 }, echo)
    const limit = Error.stackTraceLimit
    const refuse = async (): Promise<MemcacheError[]> => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 110 }, () => client.set('k', 'v')),
      )
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
      return refused.map(({ reason }) => reason)
    }
    for (const errors of [await refuse(), await refuse()]) {
      expect(new Set(errors).size).toBe(100)
      for (const error of errors) {
        expect(error).toBeInstanceOf(MemcacheOverloadError)
        expect(error).toMatchObject({ code: 'MEMCACHE_OVERLOAD', written: false, command: 'set' })
        expect(error.stack).toContain(error.message)
      }
      expect(errors.filter(({ stack }) => stack?.includes('\n    at '))).toHaveLength(16)
    }
    expect(Error.stackTraceLimit).toBe(limit)
  })

  test('those of a later turn have a stack again, also while nothing is sent', async () => {
    const { client } = await start({ maxInFlight: 1, timeout: 60_000 }, (link) => link.greet())
    await client.connect()
    const held = client.get('held').catch(() => {})
    for (let turn = 0; turn < 3; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      const calls = Array.from({ length: 20 }, () => client.get('k').catch((error: Error) => error))
      const errors = (await Promise.all(calls)) as Error[]
      expect(errors.filter(({ stack }) => stack?.includes('\n    at '))).toHaveLength(16)
    }
    client.destroy()
    await held
  })

  test('more than maxInFlightBytes are refused at once, though one large value goes alone', async () => {
    const { client } = await start({ maxInFlightBytes: 1000 }, echo)
    const large = client.set('large', 'x'.repeat(5000))
    await expect(client.set('next', 'x')).rejects.toMatchObject({
      code: 'MEMCACHE_OVERLOAD',
      written: false,
    })
    expect(await large).toBe(true)
    expect(await client.set('next', 'x')).toBe(true)
  })

  test('a server that does not read holds memory back rather than filling it', async () => {
    const { client, server } = await start(
      { timeout: 300, maxInFlightBytes: 64 * 1024 ** 2 },
      async (link) => {
        await link.greet()
        link.socket.pause()
      },
    )
    await client.connect()
    const value = Buffer.alloc(100_000)
    const calls = Array.from({ length: 500 }, (_, i) => client.set(`k${i}`, value))
    const outcomes = await Promise.allSettled(calls)
    const late = outcomes.filter(
      (outcome) => outcome.status === 'rejected' && outcome.reason.written === false,
    )
    expect(outcomes.every((outcome) => outcome.status === 'rejected')).toBe(true)
    expect(late.length).toBeGreaterThan(300)
    expect(server.links).toHaveLength(1)
  })
})

describe('closing', () => {
  test('while connecting lets what waits be served', async () => {
    const { client } = await start({}, echo)
    const value = client.get('a')
    await client.close()
    expect(await value).toBe('value of a')
  })

  test('against a silent server ends by the deadlines of what is under way', async () => {
    const { client } = await start({ timeout: 30 }, (link) => link.greet())
    const value = client.get('a')
    const closing = client.close()
    await expect(value).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
    await closing
  })

  test('destroy rejects what is under way', async () => {
    const { client } = await start({}, (link) => link.greet())
    const value = client.get('a')
    client.destroy()
    await expect(value).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
    await expect(client.connect()).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
  })
})

describe('listeners', () => {
  test('that throw harm no command', async () => {
    const { client } = await start({}, echo)
    const thrown: unknown[] = []
    const catcher = (error: unknown) => thrown.push(error)
    process.prependListener('uncaughtException', catcher)
    const others = process.listeners('uncaughtException').filter((other) => other !== catcher)
    for (const other of others) process.removeListener('uncaughtException', other)
    try {
      client.on('connect', () => {
        throw new Error('in a listener')
      })
      expect(await client.get('a')).toBe('value of a')
      expect(await client.get('b')).toBe('value of b')
      await expect.poll(() => thrown.length).toBe(1)
    } finally {
      process.removeListener('uncaughtException', catcher)
      for (const other of others) process.on('uncaughtException', other)
    }
  })
})
