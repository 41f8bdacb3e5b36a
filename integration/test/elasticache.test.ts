import { configurationEndpoint, ElastiCacheHashClient } from '@mc/aws-ec'
import { Client } from '@mc/client'
import { RendezvousHash } from '@mc/hash'
import { ConfigurationEndpointServer, type ListedNode } from '@mc/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isTurn } from '../../test-support/amounts.ts'
import { runPython } from '../src/python.ts'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

const KEYS = Array.from({ length: 1000 }, (_, i) => `key${i}`)
const IN_FLIGHT = 64

let endpoint: ConfigurationEndpointServer
let servers: RunningServer[]
beforeEach(async () => {
  endpoint = await ConfigurationEndpointServer.start()
  servers = []
})
afterEach(async () => {
  await endpoint.stop()
  await Promise.all(servers.map((server) => server.stop()))
})

async function startNodes(
  kind: 'embedded' | 'real',
  hosts: readonly string[],
): Promise<ListedNode[]> {
  const [tcp] = TRANSPORTS
  const started = await Promise.all(hosts.map(() => startServer(kind, tcp!)))
  servers.push(...started)
  return started.map(({ name }, i) => {
    const [ip = '', port] = name.split(':')
    return { host: hosts[i]!, ip, port: Number(port) }
  })
}

/** Where each key lives as long as these are the nodes. */
function homes(nodes: readonly ListedNode[]): Map<string, string | undefined> {
  const hasher = new RendezvousHash({ nodes: nodes.map(({ host, port }) => `${host}:${port}`) })
  return new Map(KEYS.map((key) => [key, hasher.getNode(key)]))
}

/** Where each key is found on the servers themselves, when a client has just stored all of them. */
async function foundHomes(client: ElastiCacheHashClient): Promise<Map<string, string | undefined>> {
  await client.flushAll()
  await client.setMany(KEYS.map((key) => [key, `${key}:0`] as const))
  const found = new Map<string, string>()
  for (const { host, ip, port } of client.nodeList?.nodes ?? []) {
    const alone = new Client([ip ?? host, port])
    for (const key of (await alone.getMany(KEYS)).keys()) found.set(String(key), `${host}:${port}`)
    await alone.close()
  }
  return new Map(KEYS.map((key) => [key, found.get(key)]))
}

for (const [i, kind] of KINDS.entries()) {
  if (!isTurn(i, 2)) continue
  const { tags } = needsOf(kind)
  describe(`a cluster of ${kind} servers`, { tags: [...tags, 'long'] }, () => {
    test('grows from 3 to 5 nodes and shrinks to 2 under load', async () => {
      const five = await startNodes(kind, ['a.test', 'b.test', 'c.test', 'd.test', 'e.test'])
      const [a, b, c, d, e] = five as [ListedNode, ListedNode, ListedNode, ListedNode, ListedNode]
      endpoint.setNodes([a, b, c])
      const client = new ElastiCacheHashClient(configurationEndpoint(endpoint.name), {
        pollInterval: 10,
        timeout: 10_000,
      })
      const seen = { reads: 0, misses: 0, wrong: 0, lost: 0 }

      /** Reads and fills the cache meanwhile; keys that stay where they are must be hits. */
      const change = async (
        from: readonly ListedNode[],
        to: readonly ListedNode[],
      ): Promise<void> => {
        const before = homes(from)
        const after = homes(to)
        expect(await foundHomes(client)).toEqual(before)
        let isOver = false
        const lane = async (start: number): Promise<void> => {
          for (let turn = start; !isOver; turn += IN_FLIGHT) {
            const key = KEYS[turn % KEYS.length]!
            const value = await client.get<string>(key)
            seen.reads++
            if (value === undefined) {
              seen.misses++
              if (before.get(key) === after.get(key)) seen.lost++
              await client.set(key, `${key}:${turn}`)
            } else if (!value.startsWith(`${key}:`)) seen.wrong++
          }
        }
        const lanes = Promise.all(Array.from({ length: IN_FLIGHT }, (_, i) => lane(i)))
        const served = async (): Promise<void> => {
          const until = seen.reads + 3000
          await expect.poll(() => seen.reads).toBeGreaterThan(until)
        }
        await served()
        endpoint.setNodes(to)
        await expect.poll(() => client.servers.length).toBe(to.length)
        await served()
        isOver = true
        await lanes
        // What moved is what had to: to nodes that came, or from nodes that went.
        for (const key of KEYS) {
          const [was, is] = [before.get(key), after.get(key)]
          const must = to.length > from.length ? nameIn(to, from, is) : nameIn(from, to, was)
          expect([key, was !== is]).toEqual([key, must])
        }
        expect(await foundHomes(client)).toEqual(after)
      }

      await client.connect()
      await change([a, b, c], five)
      await change(five, [b, d])
      expect(seen.misses).toBeGreaterThan(100)
      expect([seen.wrong, seen.lost]).toEqual([0, 0])
      await Promise.all([a, c, e].map(({ port }) => stopOn(port)))
      expect((await client.getMany(KEYS)).size).toBe(KEYS.length)
      await client.close()
    })

    test('whose node dies is asked at once, and its successor takes over', async () => {
      const nodes = await startNodes(kind, ['a.test', 'b.test', 'c.test'])
      endpoint.setNodes(nodes)
      const client = new ElastiCacheHashClient(configurationEndpoint(endpoint.name), {
        pollInterval: 3_600_000,
        minPollInterval: 1,
      })
      await client.setMany(KEYS.map((key) => [key, `${key}:0`] as const))
      const { polls } = endpoint
      const [a, b, c] = nodes as [ListedNode, ListedNode, ListedNode]
      await stopOn(b.port)
      const [successor] = await startNodes(kind, ['b.test'])
      endpoint.setNodes([a, successor!, c])
      await client.getMany(KEYS).catch(() => {})
      await expect.poll(() => client.nodeList?.nodes).toContainEqual(successor)
      expect(endpoint.polls).toBeGreaterThan(polls)
      expect(await client.setMany(KEYS.map((key) => [key, `${key}:1`] as const))).toEqual([])
      expect(await foundHomes(client)).toEqual(homes(endpoint.nodes))
      await client.close()
    })
  })
}

test("with nodeName 'ip' keys are where pymemcache has them on nodes named by IP and port", {
  tags: ['memcached', 'pymemcache'],
}, async () => {
  const nodes = await startNodes('real', ['a.test', 'b.test', 'c.test'])
  endpoint.setNodes(nodes)
  await runPython('placement.py', 'write', ...nodes.map(({ ip, port }) => `${ip}:${port}`))
  const source = configurationEndpoint(endpoint.name)
  const keys = Array.from({ length: 1000 }, (_, i) => `placed:${i}`)
  const client = new ElastiCacheHashClient(source, { nodeName: 'ip' })
  const found = await client.getMany(keys)
  for (const key of keys) expect(String(found.get(key))).toBe(`python ${key}`)
  await client.close()
  const byHost = new ElastiCacheHashClient(source)
  expect((await byHost.getMany(keys)).size).toBeLessThan(keys.length)
  await byHost.close()
})

async function stopOn(port: number): Promise<void> {
  await servers.find(({ name }) => name.endsWith(`:${port}`))?.stop()
}

/** Whether a name belongs to a node of the one list that the other does not have. */
function nameIn(one: readonly ListedNode[], other: readonly ListedNode[], name?: string): boolean {
  const own = one.filter((node) => !other.includes(node))
  return own.some(({ host, port }) => `${host}:${port}` === name)
}
