import { type ItemKey, MemcacheConnectError, MemcachePartialError } from '@mc/protocol'
import { describe, expect, it } from 'vitest'
import type { HashClient, HashClientOptions } from '../src/index.ts'
import { FakeCluster } from './fake-cluster.ts'

const calls: readonly [name: string, call: (client: HashClient) => Promise<unknown>][] = [
  ['get', (client) => client.get('mine')],
  ['gets', (client) => client.gets('mine')],
  ['gat', (client) => client.gat('mine', 9)],
  ['gats', (client) => client.gats('mine', 9)],
  ['set', (client) => client.set('mine', 1)],
  ['add', (client) => client.add('mine', 1)],
  ['replace', (client) => client.replace('mine', 1)],
  ['append', (client) => client.append('mine', 1)],
  ['prepend', (client) => client.prepend('mine', 1)],
  ['cas', (client) => client.cas('mine', 1, '1')],
  ['incr', (client) => client.incr('mine')],
  ['decr', (client) => client.decr('mine', 2n)],
  ['touch', (client) => client.touch('mine', 9)],
  ['delete', (client) => client.delete('mine')],
  ['getMany', (client) => client.getMany(['mine', 'mine too'.replace(' ', '-')])],
  ['getsMany', (client) => client.getsMany(['mine'])],
  ['setMany', (client) => client.setMany({ mine: 1, more: 2 })],
  ['deleteMany', (client) => client.deleteMany(['mine', 'more'])],
  ['flushAll', (client) => client.flushAll()],
  ['stats', (client) => client.stats()],
  ['version', (client) => client.version()],
  ['connect', (client) => client.connect()],
]

const lost = new MemcacheConnectError('connection lost', {
  server: 'a:1',
  command: 'set',
  written: true,
})
const theirs = new Map<ItemKey, unknown>([['theirs', 'a secret']])

/** A server on which a many-key call of somebody else has just failed in part. */
async function afterPartialFailure(options: HashClientOptions = {}): Promise<FakeCluster> {
  const cluster = new FakeCluster(['a:1'], options)
  const server = cluster.server('a:1')
  server.getMany = (): Promise<never> =>
    Promise.reject(new MemcachePartialError(theirs, new Map([['lost', lost]])))
  await cluster.client.getMany(['theirs', 'lost']).catch(() => {})
  server.log.length = 0
  return cluster
}

describe('a call that is not sent', () => {
  it.each(calls)('%s rejects with an error of its own', async (name, call) => {
    const { client, server } = await prepared()
    const [one, other] = [await errorOf(call(client)), await errorOf(call(client))]
    for (const error of [one, other]) {
      expect(error).toMatchObject({
        code: 'MEMCACHE_CONNECT',
        server: 'a:1',
        command: name,
        written: false,
        cause: lost,
      })
      expect(error).not.toHaveProperty('results')
    }
    expect(one).not.toBe(other)
    expect(server.log).toEqual([])
  })

  async function prepared() {
    const cluster = await afterPartialFailure()
    return { client: cluster.client, server: cluster.server('a:1') }
  }

  it.each(calls)('%s has none of the values of others, wherever one looks', async (_, call) => {
    const { client } = await afterPartialFailure()
    expect(valuesIn(await errorOf(call(client)))).not.toContain('a secret')
  })

  it('answers no value of another call with ignoreExc', async () => {
    const { client } = await afterPartialFailure({ ignoreExc: true })
    expect(await client.getMany(['theirs', 'mine'])).toEqual(new Map())
    expect((await client.setMany({ p: 1, q: 2 })).toSorted()).toEqual(['p', 'q'])
  })

  it('shows no value in the status and the events of its server', async () => {
    const cluster = new FakeCluster(['a:1'])
    const heard: unknown[] = []
    cluster.client.on('failing', (...args) => heard.push(args))
    cluster.server('a:1').getMany = (): Promise<never> =>
      Promise.reject(new MemcachePartialError(theirs, new Map([['lost', lost]])))
    await cluster.client.getMany(['theirs', 'lost']).catch(() => {})
    await new Promise(setImmediate)
    expect(heard).toEqual([['a:1', lost]])
    expect(cluster.statusOf('a:1').lastError).toBe(lost)
  })

  it('names its own failure when the server lost but some keys', async () => {
    const cluster = new FakeCluster(['a:1'])
    const unread = new Error('cannot be read')
    const failed = new Map<ItemKey, Error>([
      ['unread', unread],
      ['lost', lost],
    ])
    cluster.server('a:1').getMany = (): Promise<never> =>
      Promise.reject(new MemcachePartialError(theirs, failed))
    await cluster.client.getMany(['theirs', 'unread', 'lost']).catch(() => {})
    expect(cluster.statusOf('a:1')).toMatchObject({ state: 'failing', lastError: lost })
  })
})

it.each(calls)('%s without a server rejects with an error of its own', async (name, call) => {
  const { client } = new FakeCluster(['a:1'], { retryAttempts: 0, maxDeadServers: 1 })
  await client.removeServer('a:1')
  if (['flushAll', 'stats', 'version', 'connect'].includes(name)) return
  const [one, other] = [await errorOf(call(client)), await errorOf(call(client))]
  expect(one).toBeInstanceOf(MemcacheConnectError)
  expect(one).toMatchObject({
    reason: expect.stringContaining('there are no servers'),
    written: false,
    command: name,
  })
  expect(one).not.toBe(other)
})

function errorOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
}

/** All strings that can be reached from a value, as an inspector or a logger would. */
function valuesIn(value: unknown, seen = new Set<unknown>()): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null || seen.has(value)) return []
  seen.add(value)
  const inner = value instanceof Map ? [...value.keys(), ...value.values()] : []
  const own = Reflect.ownKeys(value).map((key) => Reflect.get(value, key))
  return [...inner, ...own].flatMap((each) => valuesIn(each, seen))
}
