import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { MemcachedServer, MockMemcacheClient } from '@mc/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { ownCalls, recordEvents } from '../../../test-support/recorded-channel.ts'
import {
  Client,
  type CommandTrace,
  type ConnectTrace,
  type DisconnectEvent,
  MemcacheServerError,
  type RequestTrace,
  retrying,
} from '../src/index.ts'
import { echo, startedClients } from './scripted-server.ts'

const clients = startedClients()
const unsubscribers: (() => void)[] = []
afterEach(async () => {
  for (const unsubscribe of unsubscribers.splice(0)) unsubscribe()
  await clients.cleanUp()
})

/** Notes what a channel publishes: the stage, and the trace as it was then. */
function record<T extends object>(name: string): [stage: string, trace: T][] {
  const events: [string, T][] = []
  const isOwn = ownCalls()
  const note = (stage: string) => (trace: unknown) => {
    if (isOwn()) events.push([stage, { ...(trace as T) }])
  }
  const channel = tracingChannel<unknown, T>(name)
  const handlers = {
    start: note('start'),
    end: note('end'),
    asyncStart: note('asyncStart'),
    asyncEnd: note('asyncEnd'),
    error: note('error'),
  }
  channel.subscribe(handlers)
  unsubscribers.push(() => channel.unsubscribe(handlers))
  return events
}

const stagesOf = (events: readonly [string, unknown][]): string[] => events.map(([stage]) => stage)

describe('the channel mc:command', () => {
  test('tells of a command and of what a read found, not of keys and values', async () => {
    const { client, server } = await clients.start({}, echo)
    const events = record<CommandTrace>('mc:command')
    expect(await client.get('secret-key')).toBe('value of secret-key')
    expect(stagesOf(events)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    expect(events[0]?.[1]).toEqual({ command: 'get', server: server.name, isIgnored: false })
    expect(events[3]?.[1]).toMatchObject({
      command: 'get',
      server: server.name,
      hits: 1,
      misses: 0,
    })
    await client.set('secret-key', 'secret-value')
    expect(events[7]?.[1]).toEqual({ command: 'set', server: server.name, isIgnored: false })
    expect(inspect(events, { depth: 9 })).not.toContain('secret')
  })

  test('counts the keys and hits of a read of many', async () => {
    const { client, server } = await clients.start({ dialect: 'text' }, async (link) => {
      await link.line()
      link.write('VALUE a 16 1\r\n1\r\nVALUE c 16 1\r\n3\r\nEND\r\n')
      await link.line()
      link.write('END\r\n')
    })
    const events = record<CommandTrace>('mc:command')
    await client.getMany(['a', 'b', 'c'])
    expect(events.at(-1)?.[1]).toMatchObject({
      ...{ command: 'getMany', server: server.name, keys: 3 },
      ...{ hits: 2, misses: 1 },
    })
    await client.get('a')
    expect(events.at(-1)?.[1].hits).toBe(0)
  })

  test('ends once for an abort, a timeout and a lost connection, with the error', async () => {
    const { client } = await clients.start({ dialect: 'text', timeout: 20 }, async (link) => {
      await link.line()
      abort.abort(new Error('not any more'))
      await link.line()
      link.reset()
    })
    const abort = new AbortController()
    const events = record<CommandTrace>('mc:command')
    await expect(client.get('a', { signal: abort.signal, timeout: 20_000 })).rejects.toThrow(
      'not any more',
    )
    expect(stagesOf(events)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
    expect(events.at(-1)?.[1].error).toMatchObject({ message: 'not any more' })
    await expect(client.set('a', 'b')).rejects.toThrow()
    expect(stagesOf(events.slice(5))).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
  })

  test('ends a write with noreply when it is written', async () => {
    const { client } = await clients.start({}, echo)
    const events = record<CommandTrace>('mc:command')
    await client.set('a', 'b', { noreply: true })
    expect(stagesOf(events)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    await client.get('a')
    expect(events.length).toBe(8)
  })

  test('binds stores to the call', async () => {
    const { client } = await clients.start({}, echo)
    const storage = new AsyncLocalStorage<CommandTrace>()
    const { start } = tracingChannel<unknown, CommandTrace>('mc:command')
    start.bindStore(storage)
    unsubscribers.push(() => start.unbindStore(storage))
    const events = record<CommandTrace>('mc:command')
    await client.get('a')
    expect(storage.getStore()).toBeUndefined()
    expect(events.length).toBe(4)
  })
})

test('the channel mc:connect tells of attempts to connect', async () => {
  const { client, server } = await clients.start({}, echo)
  const events = record<ConnectTrace>('mc:connect')
  await client.get('a')
  expect(stagesOf(events)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
  const place = { server: server.name, address: server.name }
  expect(events[0]?.[1]).toEqual({ ...place, isReconnect: false })
  const nobody = new Client('127.0.0.1:1')
  await expect(nobody.connect()).rejects.toThrow('ECONNREFUSED')
  expect(stagesOf(events.slice(4))).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
  await nobody.close()
})

test('the channel mc:request has each command that is sent, with the server and its address', async () => {
  const server = await MemcachedServer.start()
  const client = new Client(server.name, { serverName: 'cache-1' })
  const calls = record<CommandTrace>('mc:command')
  const events = record<RequestTrace>('mc:request')
  await client.setMany({ a: 1, b: 2 })
  const [ended, requested] = [calls, events].map((them) =>
    them.flatMap(([stage, trace]) => (stage === 'asyncEnd' ? [trace] : [])),
  )
  expect(ended).toMatchObject([{ command: 'setMany', server: 'cache-1', keys: 2 }])
  const request = { command: 'set', server: 'cache-1', address: server.name, keys: 2 }
  expect(requested).toEqual([request])
  await client.close()
  await server.stop()
})

test('a lost connection is a message of mc:disconnect, and the next one a reconnect', async () => {
  const server = await MemcachedServer.start()
  const client = new Client(server.name)
  const lost = recordEvents<DisconnectEvent>('mc:disconnect', (it) => it.server === server.name)
  const connects = record<ConnectTrace>('mc:connect')
  await client.get('a')
  await client.quit()
  await client.get('a')
  const begun = connects.flatMap(([stage, trace]) => (stage === 'start' ? [trace] : []))
  expect(begun.map(({ isReconnect }) => isReconnect)).toEqual([false, true])
  const place = { server: server.name, address: server.name }
  expect(lost).toMatchObject([{ ...place, error: { code: 'MEMCACHE_UNEXPECTED_CLOSE' } }])
  await client.close()
  await server.stop()
})

test('a call that is repeated is one call', async () => {
  const mock = new MockMemcacheClient()
  mock.failNext(new MemcacheServerError('busy'))
  const events = record<CommandTrace>('mc:command')
  await retrying(mock, { attempts: 2 }).get('a')
  expect(mock.calls).toHaveLength(2)
  expect(stagesOf(events)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
  expect(events.at(-1)?.[1]).toMatchObject({ hits: 0, misses: 1 })
})

test('an error that ignoreExc covers is an event, and shows as the last error', async () => {
  const { client, server } = await clients.start(
    { ignoreExc: true, dialect: 'text' },
    async (link) => {
      await link.line()
      link.write('SERVER_ERROR busy\r\n')
    },
  )
  const events = record<CommandTrace>('mc:command')
  expect(await client.get('a', { default: 'none' })).toBe('none')
  expect(stagesOf(events)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
  const covered = { isIgnored: true, error: { code: 'MEMCACHE_SERVER_ERROR' } }
  expect(events.at(-1)?.[1]).toMatchObject({ command: 'get', server: server.name, ...covered })
  expect(client.lastError).toBe(events.at(-1)?.[1].error)
  expect(inspect(client)).toContain('lastError: MemcacheServerError')
})

test('inspect shows server and state', async () => {
  const { client, server } = await clients.start({}, echo)
  expect(inspect(client)).toBe(`Client { server: '${server.name}', state: 'idle', inFlight: 0 }`)
  const call = client.get('a')
  await client.connect()
  expect(client.state).toBe('connected')
  await call
  const nobody = new Client('127.0.0.1:1', {
    password: 'secret',
    username: 'me',
    reconnectDelay: { initial: 60_000, max: 60_000 },
  })
  await nobody.connect().catch(() => {})
  expect(inspect(nobody)).toBe("Client { server: '127.0.0.1:1', state: 'waiting', inFlight: 0 }")
  await nobody.close()
  expect(nobody.state).toBe('closed')
})

test('a call of many keys is refused in the same words, whether or not anybody listens', async () => {
  await using client = new Client('127.0.0.1:1')
  const refusal = () => client.getMany('a' as never, 'b' as never).catch((error) => error.message)
  const quiet = await refusal()
  record('mc:command')
  expect(await refusal()).toBe(quiet)
  expect(quiet).toContain('several keys are an array')
})
