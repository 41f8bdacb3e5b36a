import { tracingChannel } from 'node:diagnostics_channel'
import { type EventEmitter, once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { inspect } from 'node:util'
import { type MemcacheClient, MemcacheError, type ServerCommands } from '@mc/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { isTurn } from '../../test-support/amounts.ts'
import { CLIENT_KINDS } from '../src/clients.ts'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

const SECRET = 'Tr0ub4dor-and-3'
const credentials = { username: 'alice', password: SECRET }

const way = TRANSPORTS.find(({ name }) => name === 'authentication') ?? expect.unreachable()

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** All that a log could show of something. */
function shown(thing: unknown): string {
  const everything = { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true } as const
  let text = `${inspect(thing, everything)} ${inspect(thing)} ${String(thing)}`
  try {
    text += JSON.stringify(thing)
  } catch {
    // What has no JSON form shows nothing in it.
  }
  for (let at = thing; at instanceof Error; at = at.cause) text += `${at.message} ${at.stack}`
  return text
}

async function errorsOf(calls: readonly Promise<unknown>[]): Promise<unknown[]> {
  const errors: unknown[] = []
  for (const outcome of await Promise.allSettled(calls)) {
    if (outcome.status === 'rejected') errors.push(outcome.reason)
  }
  return errors
}

/** A server that repeats in its answers what it was told, in all the forms that an answer can have. */
async function startEcho(form: (told: string) => string): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (told) => {
      socket.write(form(told.toString('latin1').replace(/\r\n/g, ' ')))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close())
  return `127.0.0.1:${(server.address() as { port: number }).port}`
}

/** How far a server takes part in the handshake before it repeats what it knows. */
type Echo = 'meta' | 'text' | 'at the last question'

/** A server that takes the login and answers questions of the handshake, and then repeats what it knows. */
async function startLateEcho(from: Echo, line: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      const told = data.toString('latin1')
      if (told.includes(SECRET)) socket.write('STORED\r\n')
      else if (told.startsWith('version\r\nmn')) {
        socket.write(`VERSION 1.6.18\r\n${from === 'meta' ? 'MN' : 'ERROR'}\r\n`)
      } else if (from === 'text' && told === 'get mc-handshake\r\n') {
        socket.write('END\r\n')
      } else {
        // Once for each request; what is stored here has one character.
        const requests = told.split('\r\n').filter((text) => text.length > 1)
        socket.write(`${line}\r\n`.repeat(requests.length))
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close())
  return `127.0.0.1:${(server.address() as { port: number }).port}`
}

type AnyClient = MemcacheClient & Partial<ServerCommands>

const CALLS: readonly ((client: AnyClient) => Promise<unknown> | undefined)[] = [
  (client) => client.get('k'),
  (client) => client.gets('k'),
  (client) => client.gat('k', 9),
  (client) => client.gats('k', 9),
  (client) => client.getMany(['k', 'l']),
  (client) => client.getsMany(['k', 'l']),
  (client) => client.set('k', 1),
  (client) => client.set('k', 1, { noreply: true }),
  (client) => client.setMany({ k: 1, l: 2 }),
  (client) => client.add('k', 1),
  (client) => client.replace('k', 1),
  (client) => client.append('k', 'x'),
  (client) => client.prepend('k', 'x'),
  (client) => client.cas('k', 1, '1'),
  (client) => client.incr('k'),
  (client) => client.decr('k'),
  (client) => client.touch('k'),
  (client) => client.delete('k'),
  (client) => client.deleteMany(['k', 'l']),
  (client) => client.flushAll(),
  (client) => client.stats?.(),
  (client) => client.verbosity?.(1),
  (client) => client.cacheMemlimit?.(64),
  (client) => client.shutdown?.(),
  (client) => client.rawCommand?.('any'),
]

/** Forms of a reply that repeat the password, whole or cut off behind its first half. */
const LATE_ECHOES: readonly string[] = [
  `CLIENT_ERROR ${SECRET}`,
  `SERVER_ERROR failed for alice ${SECRET}`,
  `SERVER_ERROR ${'x'.repeat(243)}${SECRET}`,
  `ERROR ${SECRET}`,
  `BUSY ${SECRET}`,
  SECRET,
  `alice ${SECRET}`,
  SECRET.slice(0, 8),
  `VALUE ${SECRET} 0 1\r\nx`,
  `VALUE ${SECRET}`,
  `VA 1 f0 ${SECRET}\r\nx`,
  `HD O${SECRET}`,
  `EN ${SECRET}`,
  `END ${SECRET}`,
  `STORED ${SECRET}`,
]

const MOMENTS = ['meta', 'text', 'at the last question'] as const

describe.each(CLIENT_KINDS.map(({ name, create }, i) => ({ name, create, i })))(
  '$name shows no password that a server repeats after the login',
  { tags: ['long'] },
  ({ create, i }) => {
    for (const [m, from] of MOMENTS.entries()) {
      // What is no end of an answer is waited behind, and there it is the attempt that ends.
      const connectTimeout = from === 'at the last question' ? 100 : 10_000
      // Quick runs have each form at one moment of one client, or two.
      test.each(LATE_ECHOES.filter((_, e) => isTurn(e + i + 2 * m, 6)))(
        `${from}: %s`,
        async (line) => {
          const seen: unknown[] = []
          const channels = [tracingChannel('mc:command'), tracingChannel('mc:connect')]
          const subscriber = (message: unknown): number => seen.push(message)
          for (const channel of channels) {
            for (const name of ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const) {
              channel[name].subscribe(subscriber)
              ends.push(() => channel[name].unsubscribe(subscriber))
            }
          }
          const client = create(await startLateEcho(from, line), {
            ...credentials,
            timeout: 5000,
            connectTimeout,
          })
          const events = client as unknown as EventEmitter
          for (const event of ['error', 'disconnect', 'failure', 'dead']) {
            events.on?.(event, (...args: unknown[]) => seen.push(args))
          }
          for (const call of CALLS) seen.push(...(await errorsOf([Promise.resolve(call(client))])))
          await new Promise(setImmediate)
          await client.close()
          const errors = seen.filter((it) => it instanceof Error)
          expect(errors.length).toBeGreaterThan(CALLS.length / 2)
          for (const thing of seen) expect(shown(thing)).not.toContain(SECRET.slice(0, 8))
        },
      )
    }
  },
)

describe.each(CLIENT_KINDS)('$name shows no password', ({ create }) => {
  for (const kind of KINDS) {
    test(`when ${kind} memcached refuses it`, needsOf(kind), async () => {
      const server: RunningServer = await startServer(kind, way)
      ends.push(() => server.stop())
      const client = create(server.name, credentials)
      const errors = await errorsOf([
        client.get('a'),
        client.set('b', 1),
        client.getMany(['c', 'd']),
      ])
      expect(errors).toHaveLength(3)
      for (const error of errors) {
        expect(error).toMatchObject({ code: 'MEMCACHE_CONNECT' })
        expect(shown(error)).not.toContain(SECRET)
      }
      expect(shown(client)).not.toContain(SECRET)
      await client.close()
      expect(shown(client)).not.toContain(SECRET)
    })

    test(`that is in the URL of its server, of ${kind} memcached`, needsOf(kind), async () => {
      const server: RunningServer = await startServer(kind, way)
      ends.push(() => server.stop())
      const client = create(`memcached://bob:battery%3Astaple@${server.name}`, { timeout: 10_000 })
      await client.set('a', 1)
      expect(await client.get('a')).toBe(1)
      const wrong = create(`memcached://bob:${SECRET}@${server.name}`)
      const errors = await errorsOf([wrong.get('a'), wrong.getMany(['b'])])
      expect(errors).toHaveLength(2)
      for (const thing of [client, wrong, ...errors]) {
        expect(shown(thing)).toContain(server.name)
        expect(shown(thing)).not.toMatch(new RegExp(`staple|${SECRET}`))
      }
      await Promise.all([client.close(), wrong.close()])
    })
  }

  const echoes: readonly (readonly [string, (told: string) => string])[] = [
    ['an error of the client', (told) => `CLIENT_ERROR ${told}\r\n`],
    ['an error of the server', (told) => `SERVER_ERROR ${told}\r\n`],
    ['an unknown command', (told) => `ERROR ${told}\r\n`],
    ['nothing known', (told) => `${told}\r\n`],
    ['a password alone', () => `${SECRET}\r\n`],
    ['a value', (told) => `VALUE ${told}\r\n`],
  ]
  test.each(echoes)('when a server repeats it in %s', async (_, form) => {
    const client = create(await startEcho(form), credentials)
    const errors = await errorsOf([client.get('a'), client.set('b', 1)])
    expect(errors).toHaveLength(2)
    for (const error of errors) {
      expect(error).toBeInstanceOf(MemcacheError)
      expect(shown(error)).not.toContain(SECRET)
      // Nor a part of it.
      expect(shown(error)).not.toContain(SECRET.slice(0, 8))
    }
    await client.close()
  })

  test('when the options are wrong', () => {
    for (const wrong of [{ password: SECRET }, { ...credentials, password: `${SECRET} ` }]) {
      const thrown = errorOf(() => create('localhost', wrong).get('a'))
      expect(thrown).toBeInstanceOf(TypeError)
      expect(shown(thrown)).not.toContain(SECRET)
    }
    const address = errorOf(() => create(`http://alice:${SECRET}@localhost`))
    expect(address).toBeInstanceOf(MemcacheError)
    expect(shown(address)).not.toContain(SECRET)
  })
})

describe.each(CLIENT_KINDS)('$name shows no value', ({ create }) => {
  for (const kind of KINDS) {
    test(`in what goes wrong on ${kind} memcached`, needsOf(kind), async () => {
      const [tcp] = TRANSPORTS
      const server = await startServer(kind, tcp ?? expect.unreachable())
      ends.push(() => server.stop())
      const client = create(server.name, { timeout: 10_000, connectTimeout: 10_000 })
      await client.set('text', SECRET)
      await client.set('json', `{"a": ${SECRET}`, { flags: 32 })
      await client.set('number', SECRET, { flags: 2 })
      await client.set('pickle', SECRET, { flags: 1 })
      await client.set('bytes', Buffer.from(`\xff${SECRET}`, 'latin1'), { flags: 16 })
      const self: Record<string, unknown> = { secret: SECRET }
      self.self = self
      const errors = await errorsOf([
        client.set('large', SECRET.repeat(200_000)),
        client.incr('text'),
        ...['number', 'pickle', 'bytes'].map((key) => client.get(key)),
        client.getMany(['number', 'pickle', 'bytes', 'text']),
        client.set('self', self),
        client.set('map', new Map([[SECRET, SECRET]])),
        client.setMany({ text: SECRET, self }),
        client.cas('text', SECRET, 'x'),
        client.set('text', SECRET, { expire: 0.5 }),
      ])
      expect(errors).toHaveLength(11)
      for (const error of errors) {
        expect(error).toBeInstanceOf(MemcacheError)
        const { message, stack, cause } = error as MemcacheError
        expect(`${message} ${stack} ${inspect(cause)}`).not.toContain(SECRET)
      }
      await client.close()
    })
  }
})

function errorOf(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}
