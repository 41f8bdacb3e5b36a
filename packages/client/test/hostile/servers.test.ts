import { once } from 'node:events'
import { MemcacheError } from '@mc/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import type { Client, ClientOptions } from '../../src/index.ts'
import { echo, hit, type Link, type Script, startedClients } from '../scripted-server.ts'

const { start, cleanUp } = startedClients()
afterEach(cleanUp)

const MEGABYTE = 1024 * 1024

/** Writes as fast as the client reads, until it has had enough. */
async function forEver(link: Link, chunk: (round: number) => string): Promise<void> {
  for (let round = 0; !link.socket.destroyed; round++) {
    if (!link.socket.write(chunk(round), 'latin1')) {
      await Promise.race([once(link.socket, 'drain'), once(link.socket, 'close')]).catch(() => {})
    } else await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Bytes of buffers that the process holds beyond `before`, while `work` goes on. */
async function mostMemory(work: Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }, 1)
  await work
  clearInterval(watch)
  return most
}

/** The first connection meets the mischief, all later ones an honest server. */
async function meet(mischief: Script, options: ClientOptions = {}) {
  return start({ timeout: 10_000, ...options }, mischief, echo)
}

async function expectFreshSocket(client: Client, links: readonly Link[]): Promise<void> {
  await expect
    .poll(() => client.get('next').catch(() => 'not yet'), { timeout: 10_000 })
    .toBe('value of next')
  expect(links.length).toBe(2)
  await expect.poll(() => links[0]?.socket.destroyed).toBe(true)
}

/** A server that answers the first request with these bytes. */
function answering(bytes: (line: string) => string): Script {
  return async (link) => {
    await link.greet()
    link.write(bytes((await link.line()) ?? ''))
  }
}

describe('a value whose announced length is', () => {
  const lengths = [
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53,
    2n ** 63n,
    2n ** 64n - 1n,
    2n ** 64n,
  ]
  test.each(lengths)('%d is refused before it comes, and costs no memory', async (length) => {
    const forms: readonly ((line: string) => string)[] = [
      (line) => `VA ${length} f16 ${/O\S+/.exec(line)?.[0]}\r\nabc`,
      () => `VALUE a 16 ${length}\r\nabc`,
      () => `CONFIG a 16 ${length}\r\nabc`,
    ]
    for (const form of forms) {
      const { client, server } = await meet(answering(form))
      const work = Promise.allSettled([client.get('a'), client.set('b', 'v'), client.stats()])
      expect(await mostMemory(work)).toBeLessThan(MEGABYTE)
      for (const outcome of await work) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(MemcacheError) })
      }
      await expectFreshSocket(client, server.links)
    }
  })

  test.each(['-1', '1e3', '0x10', '1.5', ' 5', '+5', '٥', '5\0'])(
    '%j is no length',
    async (size) => {
      for (const line of [
        `VA ${size} f16\r\nhello\r\n`,
        `VALUE a 16 ${size}\r\nhello\r\nEND\r\n`,
      ]) {
        const { client, server } = await meet(answering(() => line))
        await expect(client.get('a')).rejects.toMatchObject({ code: 'MEMCACHE_UNKNOWN' })
        await expectFreshSocket(client, server.links)
      }
    },
  )

  test('a gigabyte, as memcached allows, costs memory only as it comes', async () => {
    const { client } = await meet(
      answering((line) => `VA ${1024 ** 3} f0 ${/O\S+/.exec(line)}\r\nabc`),
      {
        timeout: 100,
      },
    )
    const work = expect(client.get('a')).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
    expect(await mostMemory(work)).toBeLessThan(4 * MEGABYTE)
  })
})

describe('a reply without an end', () => {
  const endless: readonly (readonly [string, (line: string) => string, string, string])[] = [
    ['a line', () => '', 'x'.repeat(1000), 'MEMCACHE_UNKNOWN'],
    ['a line of an error', () => 'SERVER_ERROR ', 'x'.repeat(1000), 'MEMCACHE_UNKNOWN'],
    [
      'a value, which goes on behind its length',
      (line) => `VA ${MEGABYTE} f16 ${/O\S+/.exec(line)?.[0]}\r\n`,
      'x'.repeat(1000),
      'MEMCACHE_UNKNOWN',
    ],
  ]
  test.each(endless)('%s: fails, within the limits of memory', async (_, begin, more, code) => {
    const { client, server } = await meet(
      async (link) => {
        await link.greet()
        link.write(begin((await link.line()) ?? ''))
        await forEver(link, () => more.repeat(60))
      },
      { maxValueLength: MEGABYTE },
    )
    const work = expect(client.get('a')).rejects.toMatchObject({ code })
    expect(await mostMemory(work)).toBeLessThan(6 * MEGABYTE)
    await expectFreshSocket(client, server.links)
  })

  test('values of one key over and over: many keys take no more hits than they are', async () => {
    const { client, server } = await meet(async (link) => {
      await link.greet()
      await link.line()
      await forEver(link, () => 'VALUE a 16 1\r\nx\r\n'.repeat(100))
    })
    await expect(client.getMany(['a', 'b'])).rejects.toMatchObject({
      results: new Map([['a', 'x']]),
      cause: { code: 'MEMCACHE_UNKNOWN' },
    })
    await expectFreshSocket(client, server.links)
  })

  test('statistics: the call times out, nothing more is kept, and the connection is given up', async () => {
    const { client, server } = await meet(
      async (link) => {
        await link.greet()
        await link.line()
        await forEver(link, (round) => `STAT ${round} ${'x'.repeat(1000)}\r\n`)
      },
      { timeout: 50 },
    )
    await expect(client.stats()).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
    await expectFreshSocket(client, server.links)
  })

  test('raw bytes: the connection is given up with the call', async () => {
    const { client, server } = await meet(
      async (link) => {
        await link.greet()
        await link.line()
        await forEver(link, () => 'x'.repeat(1000))
      },
      { timeout: 100 },
    )
    const call = client.rawCommand('lru_crawler metadump all', { endToken: 'END\r\n' })
    await expect(call).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
    await expectFreshSocket(client, server.links)
  })

  test('one byte at a time, for ever: no timeout is restarted by it', async () => {
    const { client, server } = await meet(
      async (link) => {
        link.socket.setNoDelay(true)
        await link.greet()
        // Neither line nor value ever comes to an end or to a limit.
        link.write(
          hit(await link.line(), '')
            .replace('VA 0', `VA ${1024 ** 3}`)
            .slice(0, -2),
        )
        await forEver(link, () => 'x')
      },
      { timeout: 100 },
    )
    await expect(client.get('a')).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
    await expectFreshSocket(client, server.links)
  })
})

describe('a server that speaks out of turn', () => {
  test.each([
    'STORED\r\n',
    'VA 1 f16 O1\r\nx\r\n',
    'VALUE a 16 1\r\nx\r\nEND\r\n',
    'x',
    '\0',
    '\r\n',
  ])(
    'with %j before any request loses the connection, and nobody takes it for an answer',
    async (bytes) => {
      const { client, server } = await meet((link) => link.write(bytes), { connectTimeout: 300 })
      await expect(client.get('a')).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
      await expectFreshSocket(client, server.links)
    },
  )

  test.each(['ERROR Too many open connections\r\n', 'SERVER_ERROR out of memory\r\n'])(
    'with %j between two requests loses the connection',
    async (bytes) => {
      const { client, server } = await meet(async (link) => {
        await link.greet()
        link.write(hit(await link.line(), 'first') + bytes)
      })
      expect(await client.get('a')).toBe('first')
      await expectFreshSocket(client, server.links)
    },
  )

  test('that is full says so in place of a reply: typed, and not the reply of the next', async () => {
    const { client, server } = await meet(answering(() => 'ERROR Too many open connections\r\n'))
    const [read, write] = await Promise.allSettled([client.get('a'), client.set('b', 'v')])
    expect(read).toMatchObject({ reason: { code: 'MEMCACHE_CONNECT' } })
    expect(write).toMatchObject({ status: 'rejected', reason: expect.any(MemcacheError) })
    await expectFreshSocket(client, server.links)
  })

  test('that is full has executed nothing', async () => {
    const full = (link: Link) => {
      link.write('ERROR Too many open connections\r\n')
      link.end()
    }
    const { client } = await meet(full, { dialect: 'meta' })
    const outcomes = await Promise.allSettled([
      client.incr('a'),
      client.add('b', 1),
      client.get('c'),
    ])
    expect(outcomes).toMatchObject(Array(3).fill({ reason: { written: false } }))
  })

  test('with replies in another order gives nobody another’s value', async () => {
    for (const order of [
      [1, 0, 2],
      [0, 2, 1],
      [0, 0, 1],
      [2, 1, 0],
    ]) {
      const { client } = await meet(async (link) => {
        await link.greet()
        const lines = [await link.line(), await link.line(), await link.line()]
        for (const i of order) link.write(hit(lines[i], `value of ${'abc'[i]}`))
      })
      const outcomes = await Promise.allSettled([...'abc'].map((key) => client.get(key)))
      expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true)
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome.status === 'fulfilled') expect(outcome.value).toBe(`value of ${'abc'[i]}`)
        else expect(outcome.reason).toBeInstanceOf(MemcacheError)
      }
    }
  })
})

test('an error line is told in part and in printable characters', async () => {
  const line = `SERVER_ERROR \x1b[31mred\x07 ${'x'.repeat(5000)}\r\n`
  const { client } = await meet(answering(() => line))
  const error = await client.get('a').catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'MEMCACHE_SERVER_ERROR' })
  expect(String(error)).toMatch(/^[\x20-\x7e]{200,400}…$/)
})

describe('a server that closes or does not', () => {
  test.each(['OK\r\n', 'ERROR\r\n', 'HELLO\r\n'])('answers quit with %j', async (bytes) => {
    const { client, server } = await meet(answering(() => bytes))
    await client.connect()
    await expect(client.quit()).rejects.toBeInstanceOf(MemcacheError)
    server.links[0]?.end()
    await expectFreshSocket(client, server.links)
  })

  test('over version and stats, which are asked once more', async () => {
    const { client, server } = await start(
      {},
      async (link) => {
        await link.greet()
        link.write(hit(await link.line(), 'first'))
        await link.line()
        link.end()
      },
      async (link) => {
        await link.greet()
        await link.line()
        link.write('VERSION 1.6.18\r\n')
        await link.line()
        link.write('STAT pid 5\r\nEND\r\n')
      },
    )
    expect(await client.get('a')).toBe('first')
    const answers = await Promise.all([client.version(), client.stats()])
    expect(answers).toEqual(['1.6.18', { pid: 5 }])
    expect(server.links.length).toBe(2)
  })
})

describe('flags of a meta reply', () => {
  test.each([' x', ' x1 y2 z3', ' Zfoo Xbar', ' f16 f16', '  ', ' O', ` ${'t'.repeat(2000)}`])(
    '%j that nobody asked for leave the value and its owner as they are, or fail',
    async (flags) => {
      const { client, server } = await meet(
        answering((line) => `VA 1 f16 ${/O\S+/.exec(line)?.[0]}${flags}\r\nx\r\n`),
      )
      const outcome = await client.get('a').catch((error: unknown) => error)
      if (outcome === 'x') expect(server.links.length).toBe(1)
      else {
        expect(outcome).toBeInstanceOf(MemcacheError)
        await expectFreshSocket(client, server.links)
      }
    },
  )
})
