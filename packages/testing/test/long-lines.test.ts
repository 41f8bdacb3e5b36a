import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipOtherVersion } from '../../../test-support/model-version.ts'
import { MemcachedServer, memcached, type TestServer } from '../src/index.ts'
import { ask } from './support/conversation.ts'
import { RawConnection } from './support/raw-connection.ts'

/** Both have to answer each of these alike. */
const KINDS: readonly (readonly [string, string[], () => Promise<TestServer>])[] = [
  ['MemcachedServer', [], () => MemcachedServer.start()],
  ['memcached', ['memcached'], () => memcached.start()],
]
const CLOSED = ''

for (const [name, tags, start] of KINDS) {
  describe(name, { tags, ...(tags.length > 0 && skipOtherVersion) }, () => {
    let server: TestServer
    beforeAll(async () => {
      server = await start()
    })
    afterAll(() => server.stop())

    describe('answers a line of up to 16,384 bytes that comes at once', () => {
      test.each([
        ['gat 0', 'END\r\n'],
        ['gats 0', 'END\r\n'],
        ['  gat 0', 'END\r\n'],
        ['bget', 'END\r\n'],
        ['delete', 'ERROR\r\n'],
        ['nonsense', 'ERROR\r\n'],
        ['stats', 'ERROR\r\n'],
        ['mg k', 'CLIENT_ERROR options flags are too long\r\n'],
      ])('%s', async (head, reply) => {
        expect(await ask(server, line(head, 2049))).toBe(reply)
        expect(await ask(server, line(head, 16_384))).toBe(reply)
        expect(await ask(server, line(head, 16_385))).toBe(CLOSED)
      })
    })

    test('answers a get or gets of any length', async () => {
      for (const head of ['get', 'gets', '   get']) {
        expect(await ask(server, line(head, 40_000))).toBe('END\r\n')
      }
    })

    test('answers long lines behind one another', async () => {
      expect(await ask(server, line('gat 0', 3000).repeat(15))).toBe('END\r\n'.repeat(15))
      const value = `set k 0 0 20000\r\n${'v'.repeat(20_000)}\r\n`
      expect(await ask(server, `${value}${line('gat 0', 10_000)}`)).toBe('STORED\r\nEND\r\n')
    })

    test.each([
      ['gat 0', 2048, 'END\r\n'],
      ['gat 0', 2049, CLOSED],
      ['nonsense', 2048, 'ERROR\r\n'],
      ['nonsense', 2049, CLOSED],
      ['get', 2049, 'END\r\n'],
    ])('has %s of which %i bytes come first', async (head, length, reply) => {
      const whole = line(head, 4000)
      await using connection = await RawConnection.open(server.name)
      // The reply shows that the server has read what came with it.
      connection.write(`mn\r\n${whole.slice(0, length)}`)
      await connection.until('MN\r\n')
      expect(await connection.ask(whole.slice(length))).toBe(reply)
    })
  })
}

/** A line of so many bytes, its end included. */
function line(head: string, length: number): string {
  return `${`${head}${' key12'.repeat(length / 6)}`.slice(0, length - 2)}\r\n`
}
