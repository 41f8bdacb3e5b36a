import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, test } from 'vitest'
import { echo, startedClients } from './scripted-server.ts'

const { start, cleanUp } = startedClients()
afterEach(cleanUp)

test('subscribers of traces see the store of the call', async () => {
  const storage = new AsyncLocalStorage<string>()
  const { client } = await start({}, echo)
  await storage.run('the first, which connects', () => client.get('a'))
  const seen: (string | undefined)[] = []
  const subscribers = {
    start: () => seen.push(storage.getStore()),
    asyncEnd: () => seen.push(storage.getStore()),
  }
  const channel = tracingChannel('mc:command')
  channel.subscribe(subscribers as never)
  try {
    await Promise.all([
      storage.run('one', () => client.get('b')),
      storage.run('two', () => client.get('c')),
    ])
  } finally {
    channel.unsubscribe(subscribers as never)
  }
  expect(seen).toEqual(['one', 'two', 'one', 'two'])
})

test('a connection does not keep the store of the call that opened it', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const storage = new AsyncLocalStorage<object>()
  const { client } = await start({}, echo)
  const store = await (async () => {
    const opened = { user: 'the first' }
    await storage.run(opened, () => client.get('a'))
    return new WeakRef(opened)
  })()
  // Others go on using the connection.
  await expect
    .poll(async () => {
      await client.get('b')
      collect()
      return store.deref()
    })
    .toBeUndefined()
  expect(client.isConnected).toBe(true)
})
