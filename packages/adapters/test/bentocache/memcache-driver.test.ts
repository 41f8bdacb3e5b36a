import { BentoCache, bentostore } from 'bentocache'
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { memcacheDriver } from '../../src/bentocache/index.ts'
import { FRAMEWORK_SERVERS } from '../support/framework-servers.ts'
import { serverBehindProxy, serverWithClients } from '../support/servers.ts'

type AnyClient = Parameters<typeof memcacheDriver>[0]['client']

/** As one process has it: with nothing in its own memory. */
function bentoOf(client: AnyClient, prefix = 'app') {
  const store = bentostore({ prefix }).useL2Layer(memcacheDriver({ client }))
  const bento = new BentoCache({ default: 'main', stores: { main: store } })
  onTestFinished(() => bento.disconnectAll())
  return bento
}

for (const kind of FRAMEWORK_SERVERS) {
  describe(`bentocache on ${kind.name}`, { tags: [...kind.tags] }, () => {
    test('a value of one process is read in another, falsy ones and any key included', async () => {
      const { clients } = await serverWithClients(kind, 2)
      const [here, other] = clients.map((client) => bentoOf(client))
      const values = [0, false, '', null, { a: [1] }]
      const key = (i: number) => `a ü\r\n${i}`.repeat(60)
      for (const [i, value] of values.entries()) await here?.set({ key: key(i), value })
      const read = await Promise.all(values.map((_, i) => other?.get({ key: key(i) })))
      expect(read).toEqual([0, false, '', null, { a: [1] }])
    })

    test('clears one cache, and not another nor the rest of the server', async () => {
      const { client } = await serverWithClients(kind, 1)
      const [a, b] = [bentoOf(client, 'a'), bentoOf(client, 'a:b')]
      await Promise.all([a, b].map((bento) => bento.set({ key: 'k', value: 1 })))
      await client.set('own', 1)
      await a.clear()
      expect(await a.get({ key: 'k' })).toBeUndefined()
      expect([await b.get({ key: 'k' }), await client.get('own')]).toEqual([1, 1])
    })

    test('clears a namespace below one that is cleared, whichever came first', async () => {
      const { client } = await serverWithClients(kind, 1)
      const root = memcacheDriver({ client }).factory({ client })
      const posts = root.namespace('users:posts')
      const users = root.namespace('users')
      await posts.set('1', 'post')
      expect(await users.get('posts:1')).toBe('post')
      await users.set('1', 'user')
      await posts.clear()
      expect([await posts.get('1'), await users.get('1')]).toEqual([undefined, 'user'])
      await posts.set('1', 'post')
      await users.clear()
      expect(await posts.get('1')).toBeUndefined()
    })

    test('a value that several pull at once is given to one', async () => {
      const { client } = await serverWithClients(kind, 1)
      const driver = memcacheDriver({ client }).factory({ client })
      await driver.set('k', 'v')
      const pulled = await Promise.all([1, 2, 3].map(() => driver.pull('k')))
      expect(pulled.filter((value) => value !== undefined)).toEqual(['v'])
    })

    test('keeps a value of a month and of a century', async () => {
      const { client } = await serverWithClients(kind, 1)
      const bento = bentoOf(client)
      for (const ttl of ['31d', '36500d']) await bento.set({ key: ttl, value: ttl, ttl })
      expect(await bento.get({ key: '31d' })).toBe('31d')
      expect(await bento.get({ key: '36500d' })).toBe('36500d')
    })

    test('loads while memcached is down, and reads it again when it is back', async () => {
      const { client, down } = await serverBehindProxy(kind)
      const bento = bentoOf(client)
      await bento.set({ key: 'k', value: 'stored' })
      const back = down()
      const load = { key: 'k', factory: () => 'loaded', suppressL2Errors: true }
      expect(await bento.getOrSet(load)).toBe('loaded')
      await expect(bento.set({ key: 'k', value: 1, suppressL2Errors: false })).rejects.toThrow()
      back()
      await expect.poll(() => bento.get({ key: 'k' })).toBe('stored')
    })
  })
}

test('its type is that of a second level, and options are checked', () => {
  const client = {} as AnyClient
  expectTypeOf(bentostore().useL2Layer).toBeCallableWith(memcacheDriver({ client }))
  expect(() => memcacheDriver({ client, ttl: 1 } as never)).toThrow(TypeError)
})
