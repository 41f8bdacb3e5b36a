import { type CommandTrace, MemcacheServerError } from '@mc/protocol'
import { MockMemcacheClient } from '@mc/testing'
import { expect, test } from 'vitest'
import { recordCalls } from '../../../test-support/recorded-channel.ts'
import { FallbackClient } from '../src/index.ts'

const ended = () => recordCalls<CommandTrace>('tracing:mc:command:asyncEnd')

test('a read of all caches and its copy in the background are one call', async () => {
  const [first, older] = [new MockMemcacheClient(), new MockMemcacheClient()]
  await older.set('k', 'v')
  const client = new FallbackClient([first, older], { warm: { expire: 60 } })
  const events = ended()
  expect(await client.get('k')).toBe('v')
  await client.close()
  expect(first.calls.map(({ method }) => method)).toEqual(['get', 'add'])
  expect(events).toMatchObject([{ command: 'get', hits: 1, misses: 0, isIgnored: false }])
})

test('a call on one of its clients is a call of its own', async () => {
  const first = new MockMemcacheClient()
  const client = new FallbackClient([first])
  const events = ended()
  await Promise.all([client.set('a', 1), first.set('b', 2)])
  expect(events.map(({ command }) => command)).toEqual(['set', 'set'])
  await client.close()
})

test('an error that the first cache covers is in the event of a call that an older one answers', async () => {
  const [first, older] = [new MockMemcacheClient({ ignoreExc: true }), new MockMemcacheClient()]
  await older.set('k', 'v')
  const client = new FallbackClient([first, older])
  first.failNext(new MemcacheServerError('busy'), { times: 2 })
  const events = ended()
  expect(await client.get('k')).toBe('v')
  expect(await client.get('none')).toBeUndefined()
  const covered = { isIgnored: true, error: { code: 'MEMCACHE_SERVER_ERROR' } }
  expect(events).toMatchObject([{ ...covered, hits: 1, misses: 0 }, covered])
  expect(events[1]?.misses).toBeUndefined()
  await client.close()
})
