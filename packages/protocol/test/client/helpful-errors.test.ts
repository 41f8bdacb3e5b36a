import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import {
  MemcacheIllegalInputError,
  MemcachePartialError,
  MemcacheServerError,
  MetaCommand,
  parseAddress,
  RequestWriter,
} from '../../src/index.ts'
import { plainSerde, reply, ScriptedClient } from '../support/scripted-client.ts'

const TOO_LARGE = 'SERVER_ERROR object too large for cache\r\n'

function client(answer = 'STORED\r\n', serde = plainSerde): ScriptedClient {
  return new ScriptedClient(
    (command) => {
      command.write(new RequestWriter(), 'text')
      reply(command, answer)
    },
    { serde },
  )
}

describe('an error names the key', () => {
  test('that is illegal', async () => {
    const wrong = 'a key with blanks, and much longer than what is shown of it'
    for (const call of [
      () => client().get(wrong),
      () => client().set(wrong, 1),
      () => client().delete(wrong),
      () => client().incr(wrong),
      () => client().touch(wrong),
    ]) {
      const error = await call().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(MemcacheIllegalInputError)
      expect((error as Error).message).toContain(
        'whitespace (space) at byte 1: "a key with blanks, and much longer than …"',
      )
    }
  })

  test('and which of many it was', async () => {
    const keys = ['a', 'b', 'c d', 'e']
    const pairs = keys.map((key) => [key, 1] as const)
    for (const call of [
      () => client().getMany(keys),
      () => client().getsMany(keys),
      () => client().deleteMany(keys),
      () => client().setMany(pairs),
    ]) {
      await expect(call()).rejects.toThrow('at byte 1: "c d" (key 3 of 4)')
    }
  })

  test.each([
    [
      'now',
      (): never => {
        throw new Error('no way')
      },
    ],
    ['later', (): Promise<never> => Promise.reject(new Error('no way'))],
  ])('whose value cannot be written, %s', async (_, fail) => {
    const serde = {
      ...plainSerde,
      serialize: (value: unknown) => (value === 2 ? fail() : { data: 'x', flags: 0 }),
    }
    await expect(client('STORED\r\n', serde).set('k', 2)).rejects.toMatchObject({ key: 'k' })
    await expect(client('STORED\r\n', serde).setMany({ a: 1, b: 2, c: 3 })).rejects.toMatchObject({
      code: 'MEMCACHE_SERDE',
      key: 'b',
      reason: expect.stringMatching(/\(key 2 of 3\)$/),
    })
  })

  test('of a value that is too large, and its size in bytes', async () => {
    const message = 'object too large for cache: "big", 60000 bytes'
    await expect(client(TOO_LARGE).set('big', 'é'.repeat(30_000))).rejects.toThrow(message)
    await expect(client(TOO_LARGE).add('big', 'x'.repeat(60_000))).rejects.toThrow(message)
    const command = new MetaCommand({ verb: 'ms', key: 'big', data: 'x'.repeat(60_000) })
    const answer = new Promise((resolve, reject) => {
      command.awaitedBy(resolve, reject)
    })
    reply(command, TOO_LARGE)
    await expect(answer).rejects.toThrow(message)
    await expect(client(TOO_LARGE).setMany({ big: 'x'.repeat(60_000) })).rejects.toThrow(message)
    await expect(client(TOO_LARGE).get('big')).rejects.toEqual(
      new MemcacheServerError('object too large for cache', { server: 'scripted', command: 'get' }),
    )
  })
})

test('logs show no value of a partial error, but what failed', () => {
  const failed = new Map([['bad', new Error('no')]])
  const error = new MemcachePartialError(new Map([['good', 'a secret value']]), failed)
  for (const text of [inspect(error), inspect({ error }), JSON.stringify(error), String(error)]) {
    expect(text).not.toContain('secret')
  }
  expect(inspect(error)).toContain("'bad'")
  expect(error.results.get('good')).toBe('a secret value')
})

describe('a host', () => {
  test.each([
    ...['11211', '0', '127.1', '127.0.1', '2130706433', '0x7f000001', '0X7F.1', '0177.0.0.1'],
    ...['127.0.0.01', '256.0.0.1', '1.2.3.4.5', '127.0.0.1.', '0x', '11211:11211'],
  ])('that is the number %s is refused', (host) => {
    expect(() => parseAddress(host)).toThrow('read as an IP address')
    if (!host.includes(':')) expect(() => parseAddress({ host })).toThrow('read as an IP address')
  })

  test.each(['127.0.0.1', '10.0.255.0', 'cache-1', 'memcached.1.abc', '1cache', '0xcache', 'a.1'])(
    '%s is taken',
    (host) => {
      expect(parseAddress(host)).toEqual({ host, port: 11211 })
    },
  )
})
