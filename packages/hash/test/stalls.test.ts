import { memcached } from '@mc/testing'
import { describe, expect, it } from 'vitest'
import { stall, turns } from '../../../test-support/event-loop.ts'
import { HashClient } from '../src/index.ts'

// The servers must be processes of their own, which go on meanwhile.
describe('a process that stands still', { tags: ['memcached'] }, () => {
  it('for longer than the timeout takes no healthy server for dead', async () => {
    const servers = await Promise.all([1, 2, 3].map(() => memcached.start()))
    const timeout = 200
    const client = new HashClient(
      servers.map(({ name }) => name),
      { timeout, connectTimeout: 20_000 },
    )
    const failures: unknown[] = []
    client.on('failing', (...args) => failures.push(args))
    await client.connect()
    const keys = Array.from({ length: 60 }, (_, i) => `key${i}`)
    for (let round = 0; round < 4; round++) {
      const calls = [
        ...keys.map((key) => client.set(key, round)),
        ...keys.map((key) => client.get(key)),
        client.getMany(keys),
      ]
      // Half of the rounds stand still before the calls are written.
      await turns(round % 2)
      stall(3 * timeout)
      const outcomes = await Promise.allSettled(calls)
      expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([])
    }
    expect(failures).toEqual([])
    expect(client.servers.map(({ state }) => state)).toEqual(['healthy', 'healthy', 'healthy'])
    await client.close()
    await Promise.all(servers.map((server) => server.stop()))
  })
})
