import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { Client, type CommandTrace, type ConnectTrace } from '../src/index.ts'
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
  const note = (stage: string) => (trace: unknown) => events.push([stage, { ...(trace as T) }])
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
    expect(events[0]?.[1]).toEqual({ command: 'get', server: server.name })
    expect(events[3]?.[1]).toEqual({ command: 'get', server: server.name, hits: 1 })
    await client.set('secret-key', 'secret-value')
    expect(events[7]?.[1]).toEqual({ command: 'set', server: server.name })
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
    expect(events.at(-1)?.[1]).toEqual({ command: 'get', server: server.name, keys: 3, hits: 2 })
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
  expect(events[0]?.[1]).toEqual({ server: server.name })
  const nobody = new Client('127.0.0.1:1')
  await expect(nobody.connect()).rejects.toThrow('ECONNREFUSED')
  expect(stagesOf(events.slice(4))).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
  await nobody.close()
})

test('inspect shows server and state', async () => {
  const { client, server } = await clients.start({}, echo)
  expect(inspect(client)).toBe(`Client { server: '${server.name}', state: 'idle', inFlight: 0 }`)
  const call = client.get('a')
  await client.connect()
  expect(client.state).toBe('connected')
  await call
  const nobody = new Client('127.0.0.1:1', { password: 'secret', username: 'me' })
  await nobody.connect().catch(() => {})
  expect(inspect(nobody)).toBe("Client { server: '127.0.0.1:1', state: 'waiting', inFlight: 0 }")
  await nobody.close()
  expect(nobody.state).toBe('closed')
})
