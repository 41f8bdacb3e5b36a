import type { CommandTrace, ConnectTrace, RequestTrace, ServerEvent } from '@mc/protocol'
import { expect, test } from 'vitest'
import { ownCalls, recordCalls, recordEvents } from '../../../test-support/recorded-channel.ts'
import { TestCluster } from './support/cluster.ts'

test('polls of an endpoint are no calls, and a call that waits for the first list is one', async () => {
  await using cluster = await TestCluster.start(3)
  const ended = recordCalls<CommandTrace>('tracing:mc:command:asyncEnd')
  const client = cluster.client()
  const keys = Array.from({ length: 60 }, (_, i) => `key${i}`)
  await client.getMany(keys)
  await client.refresh()
  await client.get('key0')
  expect(cluster.endpoint.polls).toBe(2)
  expect(ended).toMatchObject([
    { command: 'getMany', server: undefined, keys: 60, misses: 60 },
    { command: 'get', server: client.serverFor('key0'), misses: 1 },
  ])
})

test('labels are host:port of the nodes in events, traces, errors and servers, with the address beside them', async () => {
  await using cluster = await TestCluster.start(2)
  const commands = recordCalls<CommandTrace>('tracing:mc:command:asyncEnd')
  const isOwn = ownCalls()
  // The polls of the endpoint have its name.
  const ofNodes = (it: RequestTrace | ConnectTrace): boolean =>
    isOwn() && it.server !== cluster.endpoint.name
  const requests = recordEvents<RequestTrace>('tracing:mc:request:asyncEnd', ofNodes)
  const connects = recordEvents<ConnectTrace>('tracing:mc:connect:asyncEnd', ofNodes)
  const client = cluster.client()
  const servers = recordEvents<ServerEvent>('mc:server', (event) => event.client === client)
  const added: string[] = []
  client.on('added', (name) => added.push(name))
  const keys = Array.from({ length: 60 }, (_, i) => `key${i}`)
  await Promise.all(keys.map((key) => client.get(key)))
  const names = cluster.servers.map(({ port }, i) => `node-${i + 1}.test:${port}`).sort()
  const distinct = (list: readonly { readonly server: string | undefined }[]) =>
    [...new Set(list.map(({ server }) => server))].sort()
  expect(client.servers.map(({ name }) => name).sort()).toEqual(names)
  expect(added.sort()).toEqual(names)
  for (const list of [commands, requests, servers, connects]) {
    expect(distinct(list)).toEqual(names)
  }
  for (const { server, address } of requests) {
    expect(address).toBe(server.replace(/^.*:/, '127.0.0.1:'))
  }
  for (const server of cluster.servers) await server.stop()
  const errors = await Promise.all(keys.map((key) => client.get(key).catch((error) => error)))
  expect(distinct(errors.filter(({ server }) => server !== undefined))).toEqual(names)
})
