import { MemcacheServerError, MemcacheUnknownError } from '@mc/protocol'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { type Link, startedClients } from './scripted-server.ts'

const clients = startedClients()
afterEach(() => clients.cleanUp())

/** Answers each `get` line with the values of the keys that `values` has, in the order of `shuffle`. */
function servesGets(values: ReadonlyMap<string, string>, shuffle = (keys: string[]) => keys) {
  return async (link: Link): Promise<void> => {
    for (;;) {
      const line = await link.line()
      if (line === undefined) return
      const hits = line
        .split(' ')
        .slice(1)
        .filter((key) => values.has(key))
      link.write(
        `${shuffle(hits)
          .map((key) => block(key, values.get(key)))
          .join('')}END\r\n`,
      )
    }
  }
}

function block(key: string, value = ''): string {
  return `VALUE ${key} 16 ${value.length}\r\n${value}\r\n`
}

describe('gets of one turn in the text dialect', () => {
  test('share a line, and each takes its own value', async () => {
    const values = new Map([
      ['a', '1'],
      ['c', '3'],
    ])
    const { client, server } = await clients.start({ dialect: 'text' }, servesGets(values))
    const results = await Promise.all(['a', 'b', 'c', 'a'].map((key) => client.get(key)))
    expect(results).toEqual(['1', undefined, '3', '1'])
    expect(server.lines).toEqual(['get a b c a'])
    expect(client.inFlight).toBe(0)
  })

  test('leave out those that ask for more, and keep the order with other commands', async () => {
    const { client, server } = await clients.start({ dialect: 'text' }, async (link) => {
      await link.line()
      link.write(`${block('a', '1')}END\r\n`)
      await link.line()
      await link.line()
      link.write('STORED\r\n')
      await link.line()
      link.write('VALUE a 16 1 7\r\n2\r\nEND\r\n')
      await link.line()
      link.write(`${block('a', '2')}END\r\n`)
    })
    const results = await Promise.all([
      client.get('a'),
      client.set('a', '2'),
      client.gets('a'),
      client.get('a'),
    ])
    expect(results).toEqual(['1', true, { value: '2', cas: '7' }, '2'])
    expect(server.lines).toEqual(['get a', 'set a 16 0 1', '2', 'gets a', 'get a'])
  })

  test('take several lines when there are many of them or their keys are long', async () => {
    const { client, server } = await clients.start({ dialect: 'text' }, servesGets(new Map()))
    const keys = Array.from({ length: 300 }, (_, i) => `${i}:`.padEnd(250, 'k'))
    await Promise.all(keys.map((key) => client.get(key)))
    expect(server.lines.length).toBeGreaterThan(1)
    expect(server.lines.map((line) => line.slice(4)).join(' ')).toBe(keys.join(' '))
    expect(Math.max(...server.lines.map(({ length }) => length))).toBeLessThan(16 * 1024)
  })

  test('take their own values in whatever order a proxy joins them', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const { client } = await clients.start({ dialect: 'text' }, async (link) => {
      for (;;) {
        const line = await link.line()
        if (line === undefined) return
        const { hits, order } = plan
        const found = line
          .split(' ')
          .slice(1)
          .filter((name) => hits.includes(name))
        found.sort((x, y) => order.indexOf(x) - order.indexOf(y))
        link.write(`${found.map((name) => block(name, `of ${name}`)).join('')}END\r\n`)
      }
    })
    let plan: { hits: string[]; order: string[] } = { hits: [], order: [] }
    await fc.assert(
      fc.asyncProperty(
        fc.array(key, { minLength: 1, maxLength: 20 }),
        fc.uniqueArray(key),
        fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e'], { minLength: 5 }),
        async (keys, hits, order) => {
          plan = { hits, order }
          const results = await Promise.all(keys.map((name) => client.get(name)))
          expect(results).toEqual(
            keys.map((name) => (hits.includes(name) ? `of ${name}` : undefined)),
          )
        },
      ),
    )
  })

  test('all fail with an error line in place of the reply, and the connection goes on', async () => {
    const { client, server } = await clients.start({ dialect: 'text' }, async (link) => {
      await link.line()
      link.write('SERVER_ERROR out of memory\r\n')
      await servesGets(new Map([['a', '1']]))(link)
    })
    const failed = await Promise.allSettled([client.get('a'), client.get('b')])
    for (const result of failed) {
      expect(result).toMatchObject({ status: 'rejected' })
      expect((result as PromiseRejectedResult).reason).toBeInstanceOf(MemcacheServerError)
    }
    expect(await client.get('a')).toBe('1')
    expect(server.links.length).toBe(1)
  })

  test.each([
    ['a value of a key that nobody asked for', block('x', '0')],
    ['one value twice', block('a', '1') + block('a', '1')],
    ['an error behind the first value', `${block('a', '1')}SERVER_ERROR out of memory\r\n`],
  ])('give the connection up over %s', async (_, reply) => {
    const { client, server } = await clients.start(
      { dialect: 'text' },
      async (link) => {
        await link.line()
        link.write(reply)
      },
      servesGets(new Map([['a', '2']])),
    )
    const [a, b] = await Promise.allSettled([client.get('a'), client.get('b')])
    if (reply.startsWith('VALUE a')) expect(a).toEqual({ status: 'fulfilled', value: '1' })
    else expect((a as PromiseRejectedResult).reason).toBeInstanceOf(MemcacheUnknownError)
    expect(b.status).toBe('rejected')
    await expect.poll(() => client.get('a').catch(() => undefined)).toBe('2')
    expect(server.links.length).toBe(2)
  })

  test('that gave up keep their place: the others get theirs', async () => {
    const aborts = [new AbortController(), new AbortController()]
    const { client, server } = await clients.start({ dialect: 'text' }, async (link) => {
      await link.line()
      for (const abort of aborts) abort.abort()
      link.write(`${block('a', '1')}${block('b', '2')}${block('c', '3')}END\r\n`)
      await servesGets(new Map([['d', '4']]))(link)
    })
    const [a, b, c] = await Promise.allSettled([
      ...['a', 'b'].map((key, i) => client.get(key, { signal: aborts[i]?.signal })),
      client.get('c'),
    ])
    expect([a?.status, b?.status]).toEqual(['rejected', 'rejected'])
    expect(c).toEqual({ status: 'fulfilled', value: '3' })
    expect(await client.get('d')).toBe('4')
    expect(server.lines).toEqual(['get a b c', 'get d'])
    expect(server.links.length).toBe(1)
  })

  test('whose reply never ends do not keep the connection', async () => {
    const { client, server } = await clients.start(
      { dialect: 'text', timeout: 30 },
      async (link) => {
        await link.line()
        link.write(block('a', '1'))
      },
      servesGets(new Map([['a', '2']])),
    )
    const [a, b] = await Promise.allSettled([client.get('a'), client.get('b')])
    expect(a).toEqual({ status: 'fulfilled', value: '1' })
    expect(b.status).toBe('rejected')
    await expect.poll(() => client.get('a').catch(() => undefined)).toBe('2')
    expect(server.links.length).toBe(2)
    await client.close()
  })

  test('whose values have all come do not keep it either', async () => {
    const { client, server } = await clients.start(
      { dialect: 'text', timeout: 30 },
      async (link) => {
        await link.line()
        link.write(block('a', '1'))
      },
    )
    expect(await client.get('a')).toBe('1')
    // Nobody waits any longer, and still the end is due: the connection goes.
    await expect.poll(() => client.inFlight).toBe(0)
    expect(server.links.length).toBe(1)
    await client.close()
  })

  test('that a closed connection left unanswered are asked again, the answered ones are not', async () => {
    const { client, server } = await clients.start(
      { dialect: 'text' },
      async (link) => {
        await link.line()
        link.write('END\r\n')
        await link.line()
        await link.line()
        link.write(`${block('a', '1')}END\r\n`)
        link.end()
      },
      servesGets(new Map([['z', '9']])),
    )
    await client.get('warm-up')
    const first = Promise.all([client.get('a'), client.get('b')])
    const keys = Array.from({ length: 20 }, (_, i) => (i === 19 ? 'z' : `k${i}`))
    const rest = Promise.all(keys.map((key) => client.get(key)))
    expect(await first).toEqual(['1', undefined])
    expect((await rest).at(-1)).toBe('9')
    expect(server.links[1]?.received).not.toContain(' a')
    expect(server.links[1]?.received).toContain(' z')
  })
})
