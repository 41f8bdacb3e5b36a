import { Client } from '@mc/client'
import { memcached } from '@mc/testing'
import { expect, test } from 'vitest'
import { RealModelServer } from './model-server.ts'

test('items of a real server outlive a schedule, which does not see it', {
  tags: ['memcached'],
}, async () => {
  await using real = await memcached.start()
  using server = await RealModelServer.connect(real.port)
  const ask = async (request: string): Promise<string> =>
    String(await server.exchange(Buffer.from(request, 'latin1')))
  const client = new Client(real.name)
  for (const request of ['ms k0 1 T1\r\nx\r\n', 'set k0 0 1 1\r\nx\r\n', 'mg k0 N1\r\n']) {
    await ask('md k0\r\n')
    await ask(request)
    expect((await client.inspect('k0'))?.ttl).toBeGreaterThan(900)
    expect(await ask('mg k0 t\r\n')).toMatch(/^HD t[01]( W| Z)?\r\n$/)
  }
  await ask('ms k0 1 T0\r\nx\r\n')
  expect(await ask('mg k0 t v\r\n')).toBe('VA 1 t-1\r\nx\r\n')
  // Not due for another load: it has longer to live than that.
  await ask('ms k0 1 T9\r\nx\r\n')
  expect(await ask('mg k0 t R3\r\n')).toMatch(/^HD t[89]\r\n$/)
  expect(await ask('mg k0 t R30\r\n')).toMatch(/^HD t[89] W\r\n$/)
  await client.close()
})
