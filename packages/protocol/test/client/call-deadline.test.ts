import { describe, expect, test } from 'vitest'
import { isTurn } from '../../../../test-support/amounts.ts'
import {
  type Command,
  MemcachePartialError,
  MemcacheTimeoutError,
  RequestWriter,
} from '../../src/index.ts'
import { plainSerde, reply, ScriptedClient } from '../support/scripted-client.ts'

const never = new Promise<never>(() => {})
/** More than two windows of commands. */
const KEYS = Array.from({ length: 2500 }, (_, i) => `k${i}`)
/** As many lines, each of which holds some fifty. */
const LONG_KEYS = Array.from({ length: 131_000 }, (_, i) => `k${i}`.padEnd(240, '_'))

/** The requests of a client that writes text. */
function requestOf(command: Command): string {
  const out = new RequestWriter()
  command.write(out, 'text')
  return Buffer.concat(out.take().pieces).toString('latin1')
}

/** Answers a text request as a server that holds nothing does. */
function answer(command: Command): void {
  const [verb] = requestOf(command).split(' ')
  const line = verb === 'set' ? 'STORED\r\n' : verb === 'delete' ? 'DELETED\r\n' : 'END\r\n'
  reply(command, line.repeat(command.count))
}

describe('a call of many keys has one deadline', { tags: ['long'] }, () => {
  const all: readonly (readonly [string, number, (client: ScriptedClient) => Promise<unknown>])[] =
    [
      ['setMany', KEYS.length, (client) => client.setMany(KEYS.map((key) => [key, 1] as const))],
      ['deleteMany', KEYS.length, (client) => client.deleteMany(KEYS)],
      ['getMany', LONG_KEYS.length, (client) => client.getMany(LONG_KEYS)],
      ['getsMany', LONG_KEYS.length, (client) => client.getsMany(LONG_KEYS)],
    ]
  const calls = all.filter((_, i) => isTurn(i, 2))

  test.each(calls)('%s gives each window what is left', async (_, __, call) => {
    const wait = 20
    const client = new ScriptedClient((command) => setTimeout(answer, wait, command), {
      timeout: 30_000,
    })
    await call(client)
    const given = [...new Set(client.timeouts)]
    expect(given).toHaveLength(3)
    expect(given[0]).toBeLessThanOrEqual(30_000)
    // Timers may be early by a millisecond.
    expect(given[1]).toBeLessThanOrEqual((given[0] ?? 0) - wait + 1)
    expect(given[2]).toBeLessThanOrEqual((given[1] ?? 0) - wait + 1)
  })

  test.each(calls)('%s fails once what could not be sent in time', async (_, count, call) => {
    // A busy machine takes a while to make the commands, which is part of the call's time.
    const timeout = 300
    let sent = 0
    const client = new ScriptedClient(
      (command) => {
        sent += command.keys ?? 1
        setTimeout(answer, timeout + 10, command)
      },
      { timeout },
    )
    const error = await call(client).then(
      () => expect.unreachable(),
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(MemcachePartialError)
    const { failed } = error as MemcachePartialError
    expect(sent + failed.size).toBe(count)
    for (const failure of new Set(failed.values())) {
      expect(failure).toBeInstanceOf(MemcacheTimeoutError)
      expect(failure).toMatchObject({ written: false, server: 'scripted' })
    }
  })

  test('its signal ends what is not sent yet', async () => {
    const controller = new AbortController()
    let sent = 0
    const client = new ScriptedClient((command) => {
      sent += command.count
      setTimeout(() => {
        answer(command)
        controller.abort(new Error('enough'))
      })
    })
    const call = client.deleteMany(KEYS, { signal: controller.signal })
    await expect(call).rejects.toThrow('enough')
    expect(sent).toBe(1024)
  })
})

describe('an asynchronous serde is within the deadline of its call', () => {
  const writing = { ...plainSerde, serialize: () => never }
  const calls: Record<string, (client: ScriptedClient, signal?: AbortSignal) => Promise<unknown>> =
    {
      set: (client, signal) => client.set('a', 1, { signal }),
      add: (client, signal) => client.add('a', 1, { signal }),
      append: (client, signal) => client.append('a', 1, { signal }),
      cas: (client, signal) => client.cas('a', 1, '1', { signal }),
      setMany: (client, signal) => client.setMany({ a: 1, b: 2 }, { signal }),
    }

  test.each(Object.entries(calls))('%s: a value that is never written', async (_, call) => {
    const client = new ScriptedClient(answer, { serde: writing, timeout: 10 })
    const error = await call(client).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(MemcacheTimeoutError)
    expect(error).toMatchObject({ written: false, server: 'scripted' })
    expect(client.timeouts).toEqual([])
  })

  test.each(Object.entries(calls))('%s: abort while the value is written', async (_, call) => {
    const client = new ScriptedClient(answer, { serde: writing, timeout: 30_000 })
    const controller = new AbortController()
    const answered = call(client, controller.signal)
    controller.abort(new Error('enough'))
    await expect(answered).rejects.toThrow('enough')
    await expect(call(client, controller.signal)).rejects.toThrow('enough')
    expect(client.timeouts).toEqual([])
  })

  test('a command is sent with the time that its serde left', async () => {
    let shortest = Number.POSITIVE_INFINITY
    const serde = {
      ...plainSerde,
      serialize: async () => {
        // Behind the turn in which the deadline of the call begins.
        await undefined
        const start = performance.now()
        await new Promise((done) => setTimeout(done, 20))
        shortest = Math.min(shortest, performance.now() - start)
        return { data: 'x', flags: 0 }
      },
    }
    const client = new ScriptedClient(answer, { serde, timeout: 30_000 })
    await client.set('a', 1)
    await client.setMany({ a: 1, b: 2 })
    expect(client.timeouts).toHaveLength(2)
    expect(shortest).toBeGreaterThan(10)
    for (const timeout of client.timeouts) {
      expect(timeout).toBeLessThanOrEqual(30_000 - shortest)
    }
  })

  const reading = {
    ...plainSerde,
    deserialize: (data: Buffer) => (data[0] === 0x21 ? never : 'ok'),
  }
  const replies: Record<
    string,
    readonly [string, (client: ScriptedClient, signal?: AbortSignal) => Promise<unknown>]
  > = {
    get: ['VALUE a 0 1\r\n!\r\nEND\r\n', (client, signal) => client.get('a', { signal })],
    gets: ['VALUE a 0 1 7\r\n!\r\nEND\r\n', (client, signal) => client.gets('a', { signal })],
    gat: ['VALUE a 0 1\r\n!\r\nEND\r\n', (client, signal) => client.gat('a', 10, { signal })],
    'getMany of one': [
      'VALUE a 0 1\r\n!\r\nEND\r\n',
      (client, signal) => client.getMany(['a'], { signal }),
    ],
  }

  test.each(Object.entries(replies))('%s: a value that is never read', async (_, [bytes, call]) => {
    const client = new ScriptedClient(
      (command) => {
        requestOf(command)
        reply(command, bytes)
      },
      { serde: reading, timeout: 10 },
    )
    const error = await call(client).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(MemcacheTimeoutError)
    expect(error).toMatchObject({ server: 'scripted', cause: { code: 'MEMCACHE_SERDE', key: 'a' } })
  })

  test.each(Object.entries(replies))(
    '%s: abort while the value is read',
    async (_, [bytes, call]) => {
      const controller = new AbortController()
      const client = new ScriptedClient(
        (command) => {
          requestOf(command)
          reply(command, bytes)
          controller.abort(new Error('enough'))
        },
        { serde: reading, timeout: 30_000 },
      )
      await expect(call(client, controller.signal)).rejects.toThrow('enough')
    },
  )

  test('each value of many that is never read fails its own key', async () => {
    const client = new ScriptedClient(
      (command) => {
        requestOf(command)
        reply(command, 'VALUE a 0 1\r\n!\r\nVALUE b 0 1\r\nx\r\nVALUE c 0 1\r\n!\r\nEND\r\n')
      },
      { serde: reading, timeout: 10 },
    )
    const error = await client.getMany(['a', 'b', 'c', 'd']).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(MemcachePartialError)
    const { results, failed } = error as MemcachePartialError
    expect(results).toEqual(new Map([['b', 'ok']]))
    expect([...failed.keys()]).toEqual(['a', 'c'])
    for (const failure of failed.values()) expect(failure).toBeInstanceOf(MemcacheTimeoutError)
    expect(new Set(failed.values()).size).toBe(2)
  })

  test('a value that comes too late changes no result that was given', async () => {
    const readers: ((value: unknown) => void)[] = []
    const serde = {
      ...plainSerde,
      deserialize: () => new Promise<unknown>((resolve) => readers.push(resolve)),
    }
    const client = new ScriptedClient(
      (command) => {
        requestOf(command)
        reply(command, 'VALUE a 0 1\r\nx\r\nVALUE b 0 1\r\nx\r\nEND\r\n')
        readers[0]?.('in time')
      },
      { serde, timeout: 20 },
    )
    const error = await client.getMany(['a', 'b']).catch((thrown: unknown) => thrown)
    readers[1]?.('late')
    await new Promise(setImmediate)
    const { results, failed } = error as MemcachePartialError
    expect(results).toEqual(new Map([['a', 'in time']]))
    expect([...failed.keys()]).toEqual(['b'])
  })
})
