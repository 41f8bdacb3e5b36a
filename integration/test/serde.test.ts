import { Client } from '@mc/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

const [tcp] = TRANSPORTS

for (const kind of KINDS) {
  describe(`values of the default serde on ${kind} memcached`, needsOf(kind), () => {
    let server: RunningServer
    let client: Client
    beforeAll(async () => {
      if (tcp === undefined) throw new Error('no transport')
      server = await startServer(kind, tcp)
      client = new Client(server.name)
    })
    afterAll(async () => {
      await client.close()
      await server.stop()
    })

    test('that are numbers can be counted with, and stay numbers', async () => {
      await client.set('counter', 10)
      expect(await client.incr('counter', 5)).toBe(15)
      expect(await client.get('counter')).toBe(15)
      expect(await client.decr('counter', 6)).toBe(9)
      expect(await client.get('counter')).toBe(9)
      await client.set('large', 2n ** 60n)
      expect(await client.incr('large', 1n)).toBe(2n ** 60n + 1n)
      expect(await client.get('large')).toBe(2n ** 60n + 1n)
    })

    test('that are text or bytes can be extended, and stay what they were', async () => {
      await client.set('text', 'b')
      await client.append('text', 'ü')
      await client.prepend('text', 'a')
      expect(await client.get('text')).toBe('abü')
      await client.set('bytes', Buffer.from([2]))
      await client.append('bytes', Buffer.from([3]))
      await client.prepend('bytes', Buffer.from([1]))
      expect(await client.get('bytes')).toEqual(Buffer.from([1, 2, 3]))
    })

    test('without flags, as other tools write them, are bytes', async () => {
      await client.set('plain', 'text', { flags: 0 })
      expect(await client.get('plain')).toEqual(Buffer.from('text'))
    })
  })
}
