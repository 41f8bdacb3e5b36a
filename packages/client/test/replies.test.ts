import { MemcacheError } from '@mc/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import type { Client } from '../src/index.ts'
import { echo, hit, miss, type Script, startedClients } from './scripted-server.ts'

const { start, cleanUp } = startedClients()
afterEach(cleanUp)

describe('a command whose caller gave up', () => {
  test('keeps its place when it timed out: its late reply goes to nobody', async () => {
    let release = (): void => {}
    const { client, server } = await start({ timeout: 5000 }, async (link) => {
      await link.greet()
      const first = await link.line()
      await new Promise<void>((resolve) => {
        release = resolve
      })
      link.write(hit(first, 'late'))
      const second = await link.line()
      link.write(hit(second, 'second'))
    })
    await client.connect()
    await expect(client.get('a', { timeout: 20 })).rejects.toMatchObject({
      code: 'MEMCACHE_TIMEOUT',
      written: true,
    })
    expect(client.inFlight).toBe(1)
    const second = client.get('b')
    release()
    expect(await second).toBe('second')
    expect(client.inFlight).toBe(0)
    expect(server.links).toHaveLength(1)
  })

  test('keeps its place when it was aborted after it was written', async () => {
    const controller = new AbortController()
    const { client } = await start({}, async (link) => {
      await link.greet()
      const first = await link.line()
      controller.abort(new Error('enough'))
      link.write(hit(first, 'first'))
      link.write(hit(await link.line(), 'second'))
    })
    const first = client.get('a', { signal: controller.signal })
    const second = client.get('b')
    await expect(first).rejects.toThrow('enough')
    expect(await second).toBe('second')
  })

  test('is never written when it was aborted before', async () => {
    const { client, server } = await start({}, echo)
    const controller = new AbortController()
    const aborted = client.get('a', { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    expect(await client.get('b')).toBe('value of b')
    expect(server.lines.map((line) => line.split(' ')[1])).toEqual(['b'])
  })

  test('a server that falls silent is given up after the timeout, and a new connection serves', async () => {
    const { client, server } = await start(
      { timeout: 60, connectTimeout: 30_000 },
      async (link) => {
        await link.greet()
        link.write(hit(await link.line(), 'one'))
      },
      echo,
    )
    expect(await client.get('a', { timeout: 30_000 })).toBe('one')
    await expect(client.get('b')).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
    expect(await client.get('c', { timeout: 30_000 })).toBe('value of c')
    expect(server.links).toHaveLength(2)
  })

  test('a server that is slow but alive keeps its connection', async () => {
    const { client, server } = await start({ timeout: 500 }, async (link) => {
      await link.greet()
      const first = await link.line()
      // Bytes of a large value trickle in for longer than the timeout.
      link.write('VA 70 f16 ')
      link.write(`${/O\S+/.exec(first ?? '')?.[0]}\r\n`)
      for (let i = 0; i < 70; i++) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        link.write('x')
      }
      link.write('\r\n')
      link.write(hit(await link.line(), 'after'))
    })
    await expect(client.get('slow')).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
    expect(await client.get('next', { timeout: 20_000 })).toBe('after')
    expect(server.links).toHaveLength(1)
  })
})

describe('a reply that cannot be trusted', () => {
  const lies: readonly (readonly [string, (line: string) => string])[] = [
    ['that fits nothing', () => 'HELLO\r\n'],
    ['to another request', (line) => hit(line.replace(/O\S+/, 'O4000'), 'x')],
    ['a miss to another request', (line) => miss(line.replace(/O\S+/, 'O4000'))],
    ['of another command', () => 'STORED\r\n'],
    ['in another dialect', (line) => `VALUE ${line.split(' ')[1]} 16 1\r\nx\r\nEND\r\n`],
    ['a value that runs over its size', (line) => hit(line, 'x').replace('VA 1', 'VA 0')],
    ['a value too large', () => 'VA 4294967296 f0\r\n'],
    ['a value without its opaque', () => 'VA 1 f16\r\nx\r\n'],
    ['an endless line', () => 'x'.repeat(100_000)],
  ]

  test.each(lies)('%s fails what is in flight and costs the connection', async (_, lie) => {
    const { client, server } = await start(
      {},
      async (link) => {
        await link.greet()
        link.write(lie((await link.line()) ?? ''))
      },
      echo,
    )
    const outcomes = await Promise.allSettled([client.get('a'), client.set('b', 'v')])
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(MemcacheError) })
    }
    expect(outcomes[0]).toMatchObject({ reason: { code: 'MEMCACHE_UNKNOWN', command: 'get' } })
    expect(outcomes[1]).toMatchObject({ reason: { code: 'MEMCACHE_UNEXPECTED_CLOSE' } })
    await expect.poll(() => client.get('c').catch(() => 'not yet')).toBe('value of c')
    expect(server.links).toHaveLength(2)
  })

  test('a surplus reply costs the connection before the next command can take it', async () => {
    const { client, server } = await start(
      {},
      async (link) => {
        await link.greet()
        const line = await link.line()
        link.write(hit(line, 'first') + hit(line, 'surplus'))
      },
      echo,
    )
    expect(await client.get('a')).toBe('first')
    expect(await client.get('b')).toBe('value of b')
    expect(server.links).toHaveLength(2)
  })

  test('a surplus reply to the handshake costs the connection before anybody uses it', async () => {
    const { client, server } = await start(
      {},
      async (link) => {
        await link.line()
        await link.line()
        link.write('VERSION 1.6.18\r\nMN\r\nSTORED\r\n')
      },
      echo,
    )
    await expect(client.get('a')).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
    await expect.poll(() => client.get('b').catch(() => 'not yet')).toBe('value of b')
    expect(server.links).toHaveLength(2)
  })

  test('half a reply that nobody asked for costs the connection too', async () => {
    const { client, server } = await start(
      {},
      async (link) => {
        await link.greet()
        link.write(`${hit(await link.line(), 'first')}VA 5 f`)
      },
      echo,
    )
    expect(await client.get('a')).toBe('first')
    expect(await client.get('b')).toBe('value of b')
    expect(server.links).toHaveLength(2)
  })

  test('in text, a value under another key is refused', async () => {
    const { client } = await start({ dialect: 'text' }, async (link) => {
      await link.line()
      link.write('VALUE other 16 1\r\nx\r\nEND\r\n')
    })
    await expect(client.get('mine')).rejects.toMatchObject({ code: 'MEMCACHE_UNKNOWN' })
  })

  test('a value for a key that getMany did not ask for is refused', async () => {
    const { client } = await start({}, async (link) => {
      await link.greet()
      await link.line()
      link.write('VALUE other 16 1\r\nx\r\nEND\r\n')
    })
    await expect(client.getMany(['a', 'b'])).rejects.toMatchObject({ code: 'MEMCACHE_UNKNOWN' })
  })
})

describe('an error line', () => {
  const inStep = [
    [
      'incr',
      'CLIENT_ERROR cannot increment or decrement non-numeric value',
      'MEMCACHE_CLIENT_ERROR',
    ],
    ['get', 'SERVER_ERROR out of memory writing get response', 'MEMCACHE_SERVER_ERROR'],
    ['set', 'SERVER_ERROR object too large for cache', 'MEMCACHE_SERVER_ERROR'],
    ['set', 'SERVER_ERROR out of memory storing object', 'MEMCACHE_SERVER_ERROR'],
    ['touch', 'ERROR', 'MEMCACHE_UNKNOWN_COMMAND'],
    ['flushAll', 'CLIENT_ERROR flush_all not allowed', 'MEMCACHE_CLIENT_ERROR'],
  ] as const
  const outOfStep = [
    ['set', 'CLIENT_ERROR bad data chunk', 'MEMCACHE_CLIENT_ERROR'],
    ['set', 'ERROR', 'MEMCACHE_UNKNOWN_COMMAND'],
    ['add', 'CLIENT_ERROR bad command line format', 'MEMCACHE_CLIENT_ERROR'],
    ['get', 'CLIENT_ERROR bad command line format', 'MEMCACHE_CLIENT_ERROR'],
    ['get', 'ERROR Too many open connections', 'MEMCACHE_CONNECT'],
  ] as const

  function call(client: Client, command: (typeof inStep | typeof outOfStep)[number][0]) {
    const calls = {
      get: () => client.get('k'),
      set: () => client.set('k', 'v'),
      add: () => client.add('k', 'v'),
      incr: () => client.incr('k'),
      touch: () => client.touch('k', 1),
      flushAll: () => client.flushAll(),
    }
    return calls[command]()
  }

  function answer(error: string): Script {
    return async (link) => {
      await link.greet()
      const line = await link.line()
      if (/^(set|add|ms)/.test(line ?? '')) await link.line()
      link.write(`${error}\r\n`)
      let next = await link.line()
      // Asked by clients for the limit of items that are too large.
      if (next === 'stats settings') {
        link.write('END\r\n')
        next = await link.line()
      }
      link.write(hit(next, 'next'))
    }
  }

  test.each(inStep)('to %s, "%s", keeps the connection', async (command, error, code) => {
    const { client, server } = await start({}, answer(error))
    const said = error.replace(/^(CLIENT|SERVER)_ERROR /, '')
    const isNamed = command !== 'get' && /too large|out of memory/.test(said)
    const reason = isNamed ? `${said}: "k", 1 bytes` : said
    await expect(call(client, command)).rejects.toMatchObject({
      code,
      server: server.name,
      ...(error !== 'ERROR' && { reason }),
    })
    expect(await client.get('x')).toBe('next')
    expect(server.links).toHaveLength(1)
  })

  test.each(outOfStep)('to %s, "%s", costs the connection', async (command, error, code) => {
    const { client, server } = await start({}, answer(error), echo)
    await expect(call(client, command)).rejects.toMatchObject({ code })
    await expect.poll(() => client.get('x').catch(() => 'not yet')).toBe('value of x')
    expect(server.links).toHaveLength(2)
  })

  test('with noreply surfaces as an event, and the next reply is the next command’s', async () => {
    const { client } = await start(
      { defaultNoreply: true },
      answer('SERVER_ERROR object too large for cache'),
    )
    const events: Error[] = []
    client.on('error', (error) => events.push(error))
    expect(await client.set('k', 'v')).toBe(true)
    expect(await client.get('x')).toBe('next')
    await expect.poll(() => events.length).toBe(1)
    expect(events[0]).toMatchObject({ code: 'MEMCACHE_SERVER_ERROR', command: 'set' })
  })
})

test('bad input writes nothing, on a connection that is open', async () => {
  const { client, server } = await start({}, echo)
  await client.get('a')
  const before = server.links[0]?.received
  const wrong = <T>(value: unknown) => value as T
  const calls = [
    client.get('a b'),
    client.set('k\r\nflush_all', 1),
    client.getMany(['a', '']),
    client.setMany([
      ['a', 1],
      ['b', wrong(undefined)],
    ]),
    client.set('k', wrong(Symbol('s'))),
    client.set('k', 1, { expire: 1.5 }),
    client.set('k', 1, { flags: wrong('0 0 1\r\nx') }),
    client.incr('k', -1),
    client.cas('k', 1, wrong('1 noreply')),
    client.touch('k', wrong('1')),
    client.flushAll({ delay: -1 }),
    client.stats('a b'),
    client.verbosity(-1),
    client.cacheMemlimit(0),
    client.get('k', { timeout: 0 }),
  ]
  for (const call of calls) {
    await expect(call).rejects.toMatchObject({ code: 'MEMCACHE_ILLEGAL_INPUT' })
  }
  expect(await client.get('z')).toBe('value of z')
  expect(server.links[0]?.received).toMatch(/mg z v f O\S+\r\n$/)
  expect(server.links[0]?.received.length).toBe((before?.length ?? 0) + 'mg z v f O2\r\n'.length)
})

describe('replies split at every byte', () => {
  test('give every caller its own', async () => {
    const { client } = await start({ timeout: 20_000 }, async (link) => {
      await link.greet()
      const lines = [await link.line(), await link.line(), await link.line()]
      const bytes = hit(lines[0], 'a\r\nEND\r\n') + miss(lines[1]) + hit(lines[2], '')
      for (const byte of bytes) {
        link.write(byte)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    const values = await Promise.all([client.get('a'), client.get('b'), client.get('c')])
    expect(values).toEqual(['a\r\nEND\r\n', undefined, ''])
  })
})
