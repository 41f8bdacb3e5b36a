import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { inspect } from 'node:util'
import { MemcacheError } from '@mc/protocol'
import { afterEach, describe, expect, test } from 'vitest'
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
      const client = create(server.name, { timeout: 10_000 })
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
