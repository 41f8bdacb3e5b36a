import type { CommandTrace } from '@mc/protocol'
import { expect, test } from 'vitest'
import { recordCalls } from '../../../test-support/recorded-channel.ts'
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
